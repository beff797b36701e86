package situation

import (
	"fmt"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// adviseFight: the message ends the name of the other one with a colon.
func adviseFight(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionDegraded, v1alpha1.ReasonFightingAnotherController)
	if !failing {
		return nil
	}
	kind, name := objectIn(c.Message)
	_, rest, _ := strings.Cut(c.Message, " again and again by ")
	other, _, _ := strings.Cut(rest, ":")
	return []Step{{
		fmt.Sprintf("Have the %s %s left alone by %s: it undoes what the operator writes. It is a GitOps tool, an admission webhook or another operator that has this object, too; "+
			"take the object out of what it manages. Until then the operator puts it back ever more rarely.", kind, name, firstOf(other, "whoever changes it")),
		[]string{s.command("get %s %s -o yaml --show-managed-fields", strings.ToLower(kind), name) + "    # managedFields name who writes which field"},
	}}
}

// adviseApply tells what takes a change from what passes.
func adviseApply(s *Situation) []Step {
	c, failing := s.failing(v1alpha1.ConditionDegraded, v1alpha1.ReasonApplyFailed)
	if !failing {
		return nil
	}
	message := strings.TrimSuffix(c.Message, ".")
	if _, stalled := s.failing(v1alpha1.ConditionStalled, v1alpha1.ReasonApplyFailed); stalled {
		return []Step{{
			"Mend what keeps the API server from taking an object, mostly a quota or an admission policy, or change what the Tenant asks for: " + message + ".",
			[]string{s.command("get resourcequotas,limitranges"), s.command("describe tenant %s", s.Name)},
		}}
	}
	return []Step{{
		"The operator could not write an object, and tries again with growing pauses: " + message + ". If that lasts, have the platform's team look at the operator.",
		[]string{s.operatorLogs()},
	}}
}

// halted says that the rollout is halted, and that it concerns this tenant: it failed, or waits.
func (s *Situation) halted() bool {
	c, found := s.condition(v1alpha1.ConditionProgressing)
	return found && v1alpha1.ConditionReason(c.Reason) == v1alpha1.ReasonRolloutHalted
}

func adviseRollout(s *Situation) []Step {
	if !s.halted() {
		return nil
	}
	in := "-n " + s.operator.namespace
	return []Step{{
		"The update is halted until the platform's team decides: give the servers another image or go back to the former release, and tenants that failed come first; or resume it, when the cause was elsewhere.",
		[]string{
			fmt.Sprintf("kubectl describe configmap frontdesk-rollout %s    # its events name the tenants that failed, and why", in),
			fmt.Sprintf("helm rollback %s %s    # goes back", s.operator.release, in),
			fmt.Sprintf("kubectl annotate configmap frontdesk-rollout %s --overwrite %s=\"$(date -Is)\"    # resumes", in, resumeAnnotation),
		},
	}}
}

// resumeAnnotation on the rollout's ConfigMap resumes it, by any new value.
const resumeAnnotation = "frontdesk.dev/resume-requested-at"

// objectIn reads the object with which messages of the operator begin: Kind "name" ….
func objectIn(message string) (kind, name string) {
	kind, rest, _ := strings.Cut(message, " ")
	name, _, _ = strings.Cut(rest, " ")
	return kind, strings.Trim(name, `"`)
}
