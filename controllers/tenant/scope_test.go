package tenant

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestUnheardPodsHoldTheDocumentVersion(t *testing.T) {
	t.Parallel()
	s := servingScope()
	if got := s.supportedVersions(); len(got) != 0 {
		t.Errorf("a new tenant is held to %v", got)
	}
	s.tenant.Status.Revision = &v1alpha1.RevisionStatus{DocumentVersion: tenantconfig.Current()}
	s.known = map[types.UID]probe.Answer{"two": {Status: tenantconfig.Status{DocumentVersions: []string{"0.9", "1.0"}}}}
	want := [][]string{{tenantconfig.Current()}, {"0.9", "1.0"}}
	if diff := cmp.Diff(want, s.supportedVersions()); diff != "" {
		t.Errorf("held to (-want +got):\n%s", diff)
	}
	s.pods[0].Status.Phase = corev1.PodFailed
	if diff := cmp.Diff(want[1:], s.supportedVersions()); diff != "" {
		t.Errorf("a pod that has ended counts (-want +got):\n%s", diff)
	}
	s.tenant.Status.Revision.DocumentVersion = "0.1"
	s.pods[0].Status.Phase = corev1.PodRunning
	if diff := cmp.Diff(want[1:], s.supportedVersions()); diff != "" {
		t.Errorf("held to a version that is written no more (-want +got):\n%s", diff)
	}
}

// A server that cannot use Redis needs no password for it, and is not kept waiting for one.
func TestSecretsOfWithheldFieldsAreNotNeeded(t *testing.T) {
	t.Parallel()
	for _, present := range []bool{true, false} {
		for version, wanted := range map[string]bool{"1.0": false, tenantconfig.Current(): true} {
			s := readScope(t, filepath.Join("testdata", "postgres", "input.yaml"))
			if !present {
				delete(s.secrets, "redis")
			}
			s.pods = []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{UID: "one"}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}}
			s.known = map[types.UID]probe.Answer{"one": {Status: tenantconfig.Status{DocumentVersions: []string{version}}}}
			s.compose()
			if missing := len(s.missing) > 0; missing != (wanted && !present) {
				t.Errorf("document %s, Secret there: %v; missing are %v", version, present, s.missing)
			}
			if _, copied := s.bundle[string(document.RedisURLKey)]; copied != (wanted && present) {
				t.Errorf("document %s, Secret there: %v; its value is in the bundle: %v", version, present, copied)
			}
		}
	}
}

func TestRevisionOfALostKeyIsNotReported(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.apiKeyIsNew = true
	if got := s.status().Revision.Desired; got != "" {
		t.Errorf("the key was not stored, and yet revision %s is desired", got)
	}
	s.items = append(s.items, apply.Item{GroupVersionKind: secretKind, Name: "frontdesk-shop-api-key"})
	if got := s.status().Revision.Desired; got != s.desired() {
		t.Errorf("the key was stored, and revision %q is desired", got)
	}
}

func TestWhatIsNotActedOnIsSaid(t *testing.T) {
	t.Parallel()
	s := servingScope()
	if message := s.configurationValid().Message; strings.Contains(message, "does not act on") {
		t.Errorf("nothing was asked for that is not there, and yet: %s", message)
	}
	s.tenant.Spec.BookingPolicyRef.Name = "hours"
	s.policies = map[string]*v1alpha1.BookingPolicy{"hours": {
		ObjectMeta: metav1.ObjectMeta{Name: "hours"},
		Spec:       v1alpha1.BookingPolicySpec{Reminders: []v1alpha1.Reminder{{}}},
	}}
	if message := s.configurationValid().Message; !strings.Contains(message, "reminders of BookingPolicy hours") {
		t.Errorf("the reminders are not said: %s", message)
	}
}

func TestClaimIsUsedOnlyByItsTenant(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		tenant string
		uid    string
		adopt  bool
		want   bool
	}{
		{"its own", "shop", "now", false, true},
		{"a former tenant's", "shop", "before", false, false},
		{"a former tenant's, with leave", "shop", "before", true, true},
		{"another tenant's, with leave", "bank", "now", true, false},
	} {
		tenant := &v1alpha1.Tenant{ObjectMeta: metav1.ObjectMeta{Name: "shop", UID: "now"}}
		tenant.Spec.Database.Adopt = ptr.To(test.adopt)
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Labels:      map[string]string{ManagedByLabel: ManagedBy, TenantLabel: test.tenant},
			Annotations: map[string]string{tenantUIDAnnotation: test.uid},
		}}
		if got := mayUse(tenant, claim); got != test.want {
			t.Errorf("%s: may use is %v", test.name, got)
		}
	}
}

// listing is a cache that lists its pods in a given order. The real one lists them in another each time.
type listing struct {
	client.Client
	pods []corev1.Pod
}

func (l listing) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	list.(*corev1.PodList).Items = slices.Clone(l.pods) //nolint:forcetypeassert // nothing else is listed
	return nil
}

func TestStatusIsTheSameInAnyOrderOfPods(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]func(*scope){
		"pods that lag": func(s *scope) {
			s.answers["one"] = probe.Answer{Status: tenantconfig.Status{Revision: "0123456789"}}
			delete(s.answers, "two")
		},
		"pods that refuse": func(s *scope) {
			for uid, answer := range s.answers {
				answer.Revision, answer.Refused = "old", &tenantconfig.Refusal{Revision: s.desired(), Message: "bad key, says " + string(uid)}
				s.answers[uid] = answer
			}
		},
		"pods whose database is away": func(s *scope) {
			for i := range s.pods {
				unready(&s.pods[i])
				answer := s.answers[s.pods[i].UID]
				answer.Database = tenantconfig.DatabaseStatus{Message: "connection refused, says " + s.pods[i].Name}
				s.answers[s.pods[i].UID] = answer
			}
		},
		"pods that cannot be scheduled": func(s *scope) {
			for i := range s.pods {
				s.pods[i].Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "no room"}}
			}
		},
	} {
		statusOf := func(reversed bool) v1alpha1.TenantStatus {
			s := servingScope()
			trouble(s)
			if reversed {
				slices.Reverse(s.pods)
			}
			var err error
			s.pods, err = (&Reconciler{Client: listing{pods: s.pods}}).podsOf(t.Context(), s.tenant)
			if err != nil {
				t.Fatal(err)
			}
			return s.status()
		}
		if diff := cmp.Diff(statusOf(false), statusOf(true), cmpopts.IgnoreFields(metav1.Condition{}, "LastTransitionTime")); diff != "" {
			t.Errorf("%s: another status for another order:\n%s", name, diff)
		}
	}
}
