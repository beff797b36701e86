package tenant

import (
	"maps"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// What is wrong is the owner's to mend, and the pods serve what was asked for before.
func TestBrokenEditIsNoIllHealth(t *testing.T) {
	t.Parallel()
	since := metav1.NewTime(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	for name, test := range map[string]struct {
		change func(*scope)
		want   rollout.Health
	}{
		"broken configuration": {func(s *scope) {
			s.bundle, s.faults = nil, []document.Fault{{Reason: v1alpha1.ReasonUnknownTimeZone, Field: "spec.timeZone", Message: "is none"}}
		}, rollout.Healthy},
		"missing Secret": {func(s *scope) {
			s.bundle, s.missing = nil, []missingSecret{{secretRef{field: "spec.x", name: "db", key: "url"}, true}}
		}, rollout.Healthy},
		"host that is not allowed": {func(s *scope) { s.tenant.Spec.Exposure = &v1alpha1.Exposure{Host: "elsewhere.example"} }, rollout.Healthy},
		"and pods that are not ready": {func(s *scope) {
			s.bundle, s.faults = nil, []document.Fault{{Reason: v1alpha1.ReasonUnknownTimeZone, Field: "spec.timeZone", Message: "is none"}}
			unready(&s.pods[0])
		}, rollout.Unhealthy},
		"data that it may not use": {func(s *scope) {
			s.tenant.Spec.Database.Engine = v1alpha1.DatabaseEngineSQLite
			s.claim = &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
				Labels: labels(s.tenant), Annotations: map[string]string{tenantUIDAnnotation: "a former one"},
			}}
		}, rollout.Unhealthy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servingScope()
			s.tenant.Status.Conditions = []metav1.Condition{{Type: string(v1alpha1.ConditionReady), Status: metav1.ConditionFalse, LastTransitionTime: since}}
			test.change(s)
			got := s.report()
			if got.Health != test.want {
				t.Errorf("it counts as %v (%s), want %v", got.Health, got.Message, test.want)
			}
			if got.Since.Equal(since.Time) && name != "data that it may not use" {
				t.Error("it is said to have been so since it is not Ready, which is about something else")
			}
		})
	}
}

func TestWhatIsAskedForChangesWithEveryEdit(t *testing.T) {
	t.Parallel()
	before := shaped(t).asked()
	if again := shaped(t).asked(); again != before {
		t.Errorf("without an edit %s is %s", before, again)
	}
	for name, change := range map[string]func(*scope){
		"spec":        func(s *scope) { s.tenant.Generation++ },
		"policy":      func(s *scope) { first(s.policies).Generation++ },
		"Secret":      func(s *scope) { first(s.secrets).ResourceVersion = "2" },
		"Secret gone": func(s *scope) { clear(s.secrets) },
	} {
		s := shaped(t)
		change(s)
		if s.asked() == before {
			t.Errorf("an edit of the %s changes nothing", name)
		}
	}
}

func first[V any](all map[string]V) V { return all[slices.Sorted(maps.Keys(all))[0]] }
