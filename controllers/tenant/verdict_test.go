package tenant

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/hostclaim"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// servingScope is a tenant with two pods that serve what is wanted.
func servingScope() *scope {
	bundle := tenantconfig.Bundle{"tenant.yaml": []byte("x")}
	s := &scope{
		tenant: &v1alpha1.Tenant{
			ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "corner", Generation: 3},
			Spec:       v1alpha1.TenantSpec{Database: v1alpha1.Database{Engine: v1alpha1.DatabaseEnginePostgres}},
		},
		bundle: bundle, stored: bundle.Revision(),
		deployment: &appsv1.Deployment{
			ObjectMeta: metav1.ObjectMeta{Generation: 7},
			Spec:       appsv1.DeploymentSpec{Replicas: ptr.To(int32(2))},
			Status:     appsv1.DeploymentStatus{ObservedGeneration: 7, Replicas: 2, UpdatedReplicas: 2},
		},
		items:   []apply.Item{{GroupVersionKind: appsv1.SchemeGroupVersion.WithKind("Deployment"), Observed: true}},
		answers: map[types.UID]probe.Answer{},
	}
	for _, name := range []types.UID{"one", "two"} {
		s.pods = append(s.pods, corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: string(name), UID: name},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, PodIP: "10.0.0.1",
				Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
			},
		})
		s.answers[name] = probe.Answer{Status: tenantconfig.Status{
			Revision: bundle.Revision(), Version: "1.2.3", Database: tenantconfig.DatabaseStatus{Reachable: true},
		}}
	}
	return s
}

func unready(pod *corev1.Pod) { pod.Status.Conditions[0].Status = corev1.ConditionFalse }

var (
	conflict = &apply.ConflictError{Kind: secretKind, Name: "frontdesk-shop-config", Controller: "Certificate tls"}
	going    = &apply.GoingError{Kind: claimKind, Name: "frontdesk-shop-data"}
	refused  = &apply.RefusedError{Kind: secretKind, Name: "x", Err: apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "x", errors.New("quota"))}
)

// verdicts are what becomes of a tenant that serves.
var verdicts = []struct {
	name    string
	change  func(*scope)
	state   state
	reason  v1alpha1.ConditionReason
	message string
}{
	{"all is well", func(*scope) {}, current, v1alpha1.ReasonReady, "2 of 2 pods serve"},
	{"being deleted", func(s *scope) { s.tenant.DeletionTimestamp = &metav1.Time{} }, inProgress, v1alpha1.ReasonDeleting, "deleted"},
	{
		"broken edit", func(s *scope) {
			s.bundle, s.faults = nil, []document.Fault{{Reason: v1alpha1.ReasonUnknownTimeZone, Field: "spec.timeZone", Message: "is none"}}
		},
		stalled, v1alpha1.ReasonConfigurationInvalid, "spec.timeZone: is none; the last good configuration keeps serving",
	},
	{
		"too early for its policy", func(s *scope) {
			s.bundle, s.stored, s.faults = nil, "", []document.Fault{{Reason: v1alpha1.ReasonBookingPolicyNotFound, Field: "spec.bookingPolicyRef.name", Message: "is none"}}
		},
		inProgress, v1alpha1.ReasonConfigurationInvalid, "spec.bookingPolicyRef.name: is none",
	},
	{
		"missing Secret", func(s *scope) {
			s.bundle, s.missing = nil, []missingSecret{{secretRef{field: "spec.x", name: "db", key: "url"}, false}}
		},
		inProgress, v1alpha1.ReasonSecretsMissing, `Secret "db" in namespace corner has no entry "url", or an empty one: add it`,
	},
	{"name conflict", func(s *scope) { s.applyErr = errors.Join(going, conflict) }, stalled, v1alpha1.ReasonNameConflict, "controlled by Certificate tls"},
	{"former object still going", func(s *scope) { s.applyErr = errors.Join(going) }, inProgress, v1alpha1.ReasonProvisioning, "waiting until the previous"},
	{"refused by the API server", func(s *scope) { s.applyErr = errors.Join(refused) }, stalled, v1alpha1.ReasonApplyFailed, "quota"},
	{"any other error", func(s *scope) { s.applyErr = errors.Join(errors.New("timeout")) }, inProgress, v1alpha1.ReasonApplyFailed, "timeout"},
	{"no Deployment yet", func(s *scope) { s.deployment, s.pods = nil, nil }, inProgress, v1alpha1.ReasonProvisioning, "Deployment"},
	{"our own write is not in the cache yet", func(s *scope) { s.items[0].Observed = false }, inProgress, v1alpha1.ReasonRollingOut, ""},
	{"template not observed", func(s *scope) { s.deployment.Generation = 8 }, inProgress, v1alpha1.ReasonRollingOut, ""},
	{"old pods are left", func(s *scope) { s.deployment.Status.Replicas = 3 }, inProgress, v1alpha1.ReasonRollingOut, ""},
	{"a pod is not ready", func(s *scope) { unready(&s.pods[0]) }, inProgress, v1alpha1.ReasonPodsUnavailable, "1 of 2 pods are ready"},
	{
		"a pod that cannot start says why", func(s *scope) {
			unready(&s.pods[0])
			s.pods[0].Status.ContainerStatuses = []corev1.ContainerStatus{{State: corev1.ContainerState{
				Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "no such image"},
			}}}
		},
		inProgress, v1alpha1.ReasonPodsUnavailable, "pod one: ImagePullBackOff: no such image",
	},
	{
		"a pod that is not ready says why itself", func(s *scope) {
			unready(&s.pods[0])
			answer := s.answers["one"]
			answer.Database = tenantconfig.DatabaseStatus{Message: "password authentication failed"}
			s.answers["one"] = answer
		},
		inProgress, v1alpha1.ReasonPodsUnavailable, "pod one cannot reach the database: password authentication failed",
	},
	{
		"one pod lags", func(s *scope) { s.answers["two"] = probe.Answer{Status: tenantconfig.Status{Revision: "0123456789"}} },
		inProgress, v1alpha1.ReasonRevisionPending, "pod two serves revision 01234567",
	},
	{"one pod is silent", func(s *scope) { delete(s.answers, "two") }, inProgress, v1alpha1.ReasonRevisionPending, "pod two has not said"},
	{
		"one pod cannot be asked", func(s *scope) { s.answers["two"] = probe.Answer{Err: errors.New("answered 401")} },
		inProgress, v1alpha1.ReasonRevisionPending, "pod two answered 401",
	},
	{
		"one pod refuses", func(s *scope) {
			answer := s.answers["two"]
			answer.Revision, answer.Refused = "old", &tenantconfig.Refusal{Revision: s.desired(), Message: "bad key"}
			s.answers["two"] = answer
		},
		stalled, v1alpha1.ReasonRevisionRefused, "bad key",
	},
	{
		"database away", func(s *scope) {
			answer := s.answers["two"]
			answer.Database = tenantconfig.DatabaseStatus{Message: "connection refused"}
			s.answers["two"] = answer
		},
		inProgress, v1alpha1.ReasonDatabaseNotReady, "connection refused",
	},
	{"suspended with pods left", func(s *scope) { s.tenant.Spec.RunState = v1alpha1.RunStateSuspended }, inProgress, v1alpha1.ReasonRollingOut, "2 pods are still ending"},
	{
		"suspended", func(s *scope) { s.tenant.Spec.RunState, s.pods = v1alpha1.RunStateSuspended, nil },
		current, v1alpha1.ReasonSuspended, "the data is kept",
	},
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range verdicts {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := servingScope()
			test.change(s)
			got := s.verdict(s.workload())
			if got.state != test.state || got.reason != test.reason || !strings.Contains(got.message, test.message) {
				t.Errorf("got %+v, want state %d, reason %s and a message with %q", got, test.state, test.reason, test.message)
			}
			checkConditions(t, s)
		})
	}
}

// checkConditions holds for every scope: each type once, all about this generation, and kstatus kept.
func checkConditions(t *testing.T, s *scope) {
	t.Helper()
	seen := map[string]metav1.ConditionStatus{}
	for _, condition := range s.status().Conditions {
		if _, twice := seen[condition.Type]; twice {
			t.Errorf("%s is there twice", condition.Type)
		}
		seen[condition.Type] = condition.Status
		if condition.ObservedGeneration != s.tenant.Generation || condition.Message == "" || condition.Reason == "" {
			t.Errorf("incomplete condition %+v", condition)
		}
	}
	_, reconciling := seen[string(v1alpha1.ConditionReconciling)]
	_, stalled := seen[string(v1alpha1.ConditionStalled)]
	if ready := seen[string(v1alpha1.ConditionReady)] == metav1.ConditionTrue; ready == (reconciling || stalled) || (reconciling && stalled) {
		t.Errorf("Ready %v, Reconciling %v, Stalled %v do not go together", ready, reconciling, stalled)
	}
}

func TestUnheardPodsDoNotUnreadyATenant(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.tenant.Status = s.status()
	if s.unheard() {
		t.Error("all pods were heard of")
	}
	answer := s.answers["one"]
	delete(s.answers, "one")
	if !s.unheard() {
		t.Error("the tenant is called unready only because one pod was not asked yet")
	}
	answer.Err = errors.New("gone")
	s.answers["one"] = answer
	if s.unheard() {
		t.Error("a pod that cannot be reached was heard of")
	}
}

// A newer operator may write another document. Until the pods are heard of nothing can be said of the tenant; and when
// they take longer than the status waits for, it is progress: unless they refuse it.
func TestTakingUpAnotherDocumentIsProgress(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.tenant.Status = s.status()
	s.bundle = tenantconfig.Bundle{"tenant.yaml": []byte("of a newer operator")}
	answer := s.answers["one"]
	delete(s.answers, "one")
	if got := s.report(); got.Health != rollout.Unknown {
		t.Errorf("got %+v of a tenant whose pod has not been heard of", got)
	}
	s.answers["one"] = answer
	s.tenant.Status = s.status()
	if got := s.report(); got.Health != rollout.Unhealthy || !got.Progressing {
		t.Errorf("got %+v, want progress", got)
	}
	answer.Refused = &tenantconfig.Refusal{Revision: s.desired(), Message: "unknown field"}
	s.answers["one"] = answer
	if got := s.report(); got.Health != rollout.Unhealthy || got.Progressing {
		t.Errorf("got %+v of a tenant that refuses it", got)
	}
}

func TestOldestVersion(t *testing.T) {
	t.Parallel()
	s := servingScope()
	for pod, version := range map[types.UID]string{"one": "1.10.0", "two": "1.9.0"} {
		answer := s.answers[pod]
		answer.Version = version
		s.answers[pod] = answer
	}
	if got := s.status().Version; got != "1.9.0" {
		t.Errorf("got %s, want the oldest", got)
	}
}

func TestStatusKeepsTimesOfWhatDidNotChange(t *testing.T) {
	t.Parallel()
	s := servingScope()
	first := s.status()
	s.tenant.Status = first
	if second := s.status(); !second.Conditions[0].LastTransitionTime.Equal(&first.Conditions[0].LastTransitionTime) {
		t.Error("a condition that did not change has a new time")
	}
}

func TestATakenHostIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.hostTaken = hostclaim.ErrTaken
	if result, err := s.result(0); err != nil || result.RequeueAfter != time.Minute {
		t.Errorf("it is asked for again after %s, %v", result.RequeueAfter, err)
	}
}
