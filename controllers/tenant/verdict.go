package tenant

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// state is where a tenant is in the terms of kstatus.
type state int

const (
	current state = iota
	inProgress
	stalled
)

// verdict is what Ready, Reconciling, Stalled and Progressing say together.
type verdict struct {
	state   state
	reason  v1alpha1.ConditionReason
	message string
}

func (v verdict) ready() conditions.Condition {
	if v.state == current {
		return conditions.True(v1alpha1.ConditionReady, v.reason, v.message)
	}
	return conditions.False(v1alpha1.ConditionReady, v.reason, v.message)
}

// verdict asks the questions in the order in which a person would have to solve them. The first
// that is not answered well decides.
func (s *scope) verdict(w workload) verdict {
	return s.ask(w, deletionVerdict, configurationVerdict, secretsVerdict, databaseVerdict, applyVerdict, migrationVerdict,
		suspensionVerdict, rolloutVerdict, revisionVerdict, databaseReachableVerdict, hostVerdict)
}

// operation is the verdict on what runs alone, whatever of the spec cannot be had: a Secret that is missing, a host that is
// another's, a database that is not there yet. The last good configuration serves meanwhile.
func (s *scope) operation(w workload) verdict {
	return s.ask(w, adoptionVerdict, applyVerdict, migrationVerdict, suspensionVerdict, rolloutVerdict, revisionVerdict, databaseReachableVerdict)
}

func (s *scope) ask(w workload, questions ...func(*scope, workload) *verdict) verdict {
	for _, question := range questions {
		if v := question(s, w); v != nil {
			return *v
		}
	}
	return verdict{current, v1alpha1.ReasonReady, fmt.Sprintf("%d of %d pods serve %s", len(w.ready), w.wanted, shortRevision(s.current()))}
}

func deletionVerdict(s *scope, _ workload) *verdict {
	if s.tenant.DeletionTimestamp == nil {
		return nil
	}
	return &verdict{inProgress, v1alpha1.ReasonDeleting, "the tenant is being deleted"}
}

// configurationVerdict: a broken edit is stalled. A tenant that has never had a configuration and waits
// only for its policy is merely early: both are often applied together, in any order.
func configurationVerdict(s *scope, _ workload) *verdict {
	if len(s.faults) == 0 {
		return nil
	}
	v := &verdict{stalled, v1alpha1.ReasonConfigurationInvalid, s.configurationValid().Message}
	if s.stored == "" && onlyMissingPolicies(s.faults) {
		v.state = inProgress
	}
	return v
}

func onlyMissingPolicies(faults []document.Fault) bool {
	for _, fault := range faults {
		if fault.Reason != v1alpha1.ReasonBookingPolicyNotFound {
			return false
		}
	}
	return true
}

func secretsVerdict(s *scope, _ workload) *verdict {
	if len(s.missing) == 0 {
		return nil
	}
	return &verdict{inProgress, v1alpha1.ReasonSecretsMissing, s.secretsReady().Message}
}

// adoptionVerdict: there is data which the tenant may not use, and until it may its pods are left as they are.
func adoptionVerdict(s *scope, w workload) *verdict {
	if !s.adoptionRequired() {
		return nil
	}
	return &verdict{stalled, v1alpha1.ReasonDatabaseNotReady, s.databaseReady(w).Message}
}

func databaseVerdict(s *scope, w workload) *verdict {
	switch {
	case s.adoptionRequired():
		return adoptionVerdict(s, w)
	case s.server == nil || !s.server.blocks():
		switch reason, pending := s.clusterPending(); {
		case reason == v1alpha1.ReasonDatabaseConflict:
			return &verdict{stalled, v1alpha1.ReasonDatabaseNotReady, pending}
		case pending != "":
			return &verdict{inProgress, v1alpha1.ReasonDatabaseNotReady, pending}
		}
		return nil
	case s.server.problem.Stalled():
		return &verdict{stalled, v1alpha1.ReasonDatabaseNotReady, s.server.problem.Message}
	default:
		return &verdict{inProgress, v1alpha1.ReasonDatabaseNotReady, s.server.problem.Message}
	}
}

// applyVerdict: what is stalled comes before what passes.
func applyVerdict(s *scope, _ workload) *verdict {
	var found *verdict
	for _, o := range obstacles(s.applyErr) {
		switch {
		case o.stalled:
			return &verdict{stalled, o.reason, o.message}
		case found == nil:
			found = &verdict{inProgress, o.reason, o.message}
		}
	}
	return found
}

func suspensionVerdict(s *scope, w workload) *verdict {
	if s.tenant.Spec.RunState != v1alpha1.RunStateSuspended {
		return nil
	}
	if suspended := s.suspended(w); w.running > 0 || !s.observed("Deployment") {
		return &verdict{inProgress, v1alpha1.ReasonRollingOut, suspended.Message}
	}
	return &verdict{current, v1alpha1.ReasonSuspended, "suspended as wanted: no pod runs, the data is kept"}
}

func rolloutVerdict(_ *scope, w workload) *verdict {
	switch {
	case !w.exists:
		return &verdict{inProgress, v1alpha1.ReasonProvisioning, "the Deployment was just made"}
	case !w.settled:
		return &verdict{inProgress, v1alpha1.ReasonRollingOut, "pods are rolled to what the spec asks for: " + podsMissing(w)}
	case len(w.ready) < w.wanted:
		return &verdict{inProgress, v1alpha1.ReasonPodsUnavailable, podsMissing(w)}
	}
	return nil
}

func revisionVerdict(s *scope, w workload) *verdict {
	revision := s.current()
	if pod, message := s.refusal(w.ready, revision); pod != "" {
		return &verdict{stalled, v1alpha1.ReasonRevisionRefused,
			fmt.Sprintf("pod %s refuses %s and keeps serving the one before: %s", pod, shortRevision(revision), message)}
	}
	if lines := s.laggards(w.ready, revision); len(lines) > 0 {
		return &verdict{inProgress, v1alpha1.ReasonRevisionPending,
			fmt.Sprintf("waiting until %s is served: %s", shortRevision(revision), strings.Join(lines, "; "))}
	}
	return nil
}

func databaseReachableVerdict(s *scope, w workload) *verdict {
	if condition := s.databaseReady(w); condition.Reason == v1alpha1.ReasonDatabaseUnreachable {
		return &verdict{inProgress, v1alpha1.ReasonDatabaseNotReady, condition.Message}
	}
	return nil
}

// hostVerdict: a host that cannot be had takes an edit. Whether a Gateway takes the route is for RouteAccepted
// alone to say: the Gateway is somebody else's, and the tenant serves without it.
func hostVerdict(s *scope, _ workload) *verdict { return s.hostProblem() }

// older compares release numbers; what is no release number counts as older.
func older(a, b string) bool {
	x, err := version.ParseSemantic(a)
	if err != nil {
		return true
	}
	y, err := version.ParseSemantic(b)
	return err == nil && x.LessThan(y)
}
