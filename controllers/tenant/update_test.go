package tenant

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// shaped is a tenant that shapes its pods in every way it may.
func shaped(t *testing.T) *scope {
	t.Helper()
	s := readScope(t, filepath.Join("testdata", "postgres", "input.yaml"))
	spread := func(when corev1.UnsatisfiableConstraintAction) corev1.TopologySpreadConstraint {
		return corev1.TopologySpreadConstraint{MaxSkew: 1, TopologyKey: "zone", WhenUnsatisfiable: when}
	}
	s.tenant.Spec.Server = &v1alpha1.Server{
		Resources: &corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2")}},
		Pod: &v1alpha1.PodSettings{
			Labels:            map[string]v1alpha1.MetadataValue{"team": "front"},
			Annotations:       map[string]v1alpha1.AnnotationValue{"note": "x"},
			NodeSelector:      map[string]v1alpha1.MetadataValue{"disk": "fast"},
			Tolerations:       []corev1.Toleration{{Key: "a"}, {Key: "a", Effect: corev1.TaintEffectNoExecute}},
			PriorityClassName: "high",
			ImagePullSecrets:  []v1alpha1.SecretReference{{Name: "mirror"}},
			// Two constraints on one key, which a plain strategic merge patch would confuse.
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{spread(corev1.DoNotSchedule), spread(corev1.ScheduleAnyway)},
		},
	}
	return s
}

func TestTwoPartsMakeTheWhole(t *testing.T) {
	t.Parallel()
	samples := filepath.Join("..", "..", "config", "samples")
	scopes := map[string]*scope{"shaped": shaped(t)}
	for _, name := range []string{"dentist", "hair-salon", "gym"} {
		scopes[name] = readScope(t, filepath.Join(samples, name+".yaml"))
	}
	for name, s := range scopes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fresh, err := s.freshTemplate("registry.example/frontdesk:1.2.3")
			if err != nil {
				t.Fatal(err)
			}
			whole, err := renderTemplate(fresh)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(asJSON(t, podTemplate(s, "registry.example/frontdesk:1.2.3")), asJSON(t, whole)); diff != "" {
				t.Errorf("the parts make something else (-rendered at once +put together):\n%s", diff)
			}
			if strings.Contains(fresh.Own, "1.2.3") {
				t.Errorf("the image is in the tenant's own part: %s", fresh.Own)
			}
		})
	}
}

// asJSON decodes what a value is as JSON. A null is a field that is not set.
func asJSON(t *testing.T, value any) any {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(data, &decoded); err != nil {
		t.Fatal(err)
	}
	return withoutNulls(decoded)
}

func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(_ string, v any) bool { return v == nil })
		for _, v := range value {
			withoutNulls(v)
		}
	case []any:
		for _, v := range value {
			withoutNulls(v)
		}
	}
	return value
}

func planned(t *testing.T, s *scope) *podUpdate {
	t.Helper()
	if err := s.planUpdate(); err != nil {
		t.Fatal(err)
	}
	return s.update
}

func TestWhoTakesANewTemplate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC) // a Tuesday
	window := func(day v1alpha1.Weekday) *v1alpha1.Updates {
		return &v1alpha1.Updates{Windows: v1alpha1.WeekSchedule{{Days: []v1alpha1.Weekday{day}, Spans: v1alpha1.Spans{{From: "03:00", To: "23:00"}}}}}
	}
	for _, test := range []struct {
		name   string
		change func(*scope)
		takes  bool
	}{
		{"nobody, without a turn", func(*scope) {}, false},
		{"whose turn it is", func(s *scope) { s.turn.Admitted = true }, true},
		{"whose turn it is, in its window", func(s *scope) { s.turn.Admitted, s.tenant.Spec.Updates = true, window(v1alpha1.Tuesday) }, true},
		{"not outside its window", func(s *scope) { s.turn.Admitted, s.tenant.Spec.Updates = true, window(v1alpha1.Sunday) }, false},
		{"a victim of a rollout at any time", func(s *scope) {
			s.turn, s.tenant.Spec.Updates = fleet.Turn{Admitted: true, AnyTime: true}, window(v1alpha1.Sunday)
		}, true},
		{"a suspended one at any time", func(s *scope) {
			s.turn.Admitted, s.tenant.Spec.Updates, s.tenant.Spec.RunState = true, window(v1alpha1.Sunday), v1alpha1.RunStateSuspended
		}, true},
		{"a suspended one not before its turn", func(s *scope) { s.tenant.Spec.RunState = v1alpha1.RunStateSuspended }, false},
		{"who is asked for, at any time", func(s *scope) {
			s.tenant.Annotations, s.tenant.Spec.Updates = map[string]string{updateAnnotation: "2"}, window(v1alpha1.Sunday)
		}, true},
		{"not by a request that was answered", func(s *scope) {
			s.tenant.Annotations, s.tenant.Status.Template.Request = map[string]string{updateAnnotation: "1"}, "1"
		}, false},
		{"who pins itself to it", func(s *scope) { s.tenant.Spec.Updates = &v1alpha1.Updates{Version: "2.0.0"} }, true},
		{"not who takes its pin away", func(s *scope) { s.tenant.Status.Template.Pin = "1.0.0" }, false},
		{"who pins itself, in its window", func(s *scope) {
			s.tenant.Spec.Updates = window(v1alpha1.Sunday)
			s.tenant.Spec.Updates.Version = "2.0.0"
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := shaped(t)
			s.platform.ServerVersion, s.platform.ServerImage, s.now = "2.0.0", "frontdesk:2.0.0", now
			before, err := s.freshTemplate("frontdesk:1.0.0")
			if err != nil {
				t.Fatal(err)
			}
			s.tenant.Status.Template = before
			test.change(s)
			u := planned(t, s)
			if u.takes != test.takes || u.waits == test.takes {
				t.Errorf("takes it: %v, waits for it: %v", u.takes, u.waits)
			}
			want := map[bool]string{true: "frontdesk:2.0.0", false: "frontdesk:1.0.0"}[test.takes]
			if got := *u.template.Spec.Containers[0].Image; got != want {
				t.Errorf("runs %s, want %s", got, want)
			}
		})
	}
}

// Another release of client-go may write the same template in another order.
func TestAnotherOrderOfFieldsIsNoUpdate(t *testing.T) {
	t.Parallel()
	s := shaped(t)
	before, err := s.freshTemplate(s.platform.ServerImage)
	if err != nil {
		t.Fatal(err)
	}
	sorted, err := json.Marshal(asJSON(t, json.RawMessage(before.Platform)))
	if err != nil {
		t.Fatal(err)
	}
	if string(sorted) == before.Platform {
		t.Fatal("the fields of the template are sorted: this test changes nothing")
	}
	wanted := asJSON(t, planned(t, s).template)
	before.Platform = string(sorted)
	s.tenant.Status.Template = before
	u := planned(t, s)
	if u.waits || u.takes {
		t.Errorf("waits for it: %v, takes it: %v", u.waits, u.takes)
	}
	if diff := cmp.Diff(wanted, asJSON(t, u.template)); diff != "" {
		t.Errorf("the pods are made from something else (-before +after):\n%s", diff)
	}
}

// What a newer operator makes of unchanged settings is a change by the platform, too.
func TestOwnPartIsHeldUntilTheSettingsChange(t *testing.T) {
	t.Parallel()
	s := shaped(t)
	before, err := s.freshTemplate(s.platform.ServerImage)
	if err != nil {
		t.Fatal(err)
	}
	before.Own = `{"metadata":{"labels":{"made-by":"the operator before"}}}`
	s.tenant.Status.Template = before
	u := planned(t, s)
	if got := u.template.Labels["made-by"]; !u.waits || got != "the operator before" {
		t.Errorf("waits: %v, label %q", u.waits, got)
	}
	s.tenant.Spec.Server.Pod.Labels["team"] = "back"
	u = planned(t, s)
	if got := u.template.Labels["team"]; got != "back" {
		t.Errorf("the tenant's own edit is not applied: team %q", got)
	}
}

func TestInterruptedUpdateIsNotTakenBack(t *testing.T) {
	t.Parallel()
	s := shaped(t)
	old, err := s.freshTemplate("frontdesk:old")
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := s.freshTemplate(s.platform.ServerImage)
	if err != nil {
		t.Fatal(err)
	}
	s.tenant.Status.Template = old
	s.deployment = servingScope().deployment
	s.deployment.Annotations = map[string]string{templateAnnotation: templateDigest(fresh)}
	isController := true
	s.deployment.OwnerReferences = []metav1.OwnerReference{{UID: s.tenant.UID, Controller: &isController}}
	if u := planned(t, s); u.waits || u.takes || *u.template.Spec.Containers[0].Image != s.platform.ServerImage {
		t.Errorf("the Deployment has the new template already, and yet: waits %v, takes %v", u.waits, u.takes)
	}
}

func TestUnknownReleaseKeepsWhatRuns(t *testing.T) {
	t.Parallel()
	s := shaped(t)
	before, err := s.freshTemplate("frontdesk:old")
	if err != nil {
		t.Fatal(err)
	}
	s.tenant.Status.Template = before
	s.tenant.Spec.Updates = &v1alpha1.Updates{Version: "0.0.1"}
	if u := planned(t, s); u.waits || *u.template.Spec.Containers[0].Image != "frontdesk:old" {
		t.Errorf("waits: %v, runs %s", u.waits, *u.template.Spec.Containers[0].Image)
	}
	s.tenant.Status.Template, s.update = nil, nil
	if u := planned(t, s); u != nil {
		t.Errorf("pods are rendered from %s for a release that nobody knows", u.record.Platform)
	}
}

func TestTargetIsOfThePlatformAlone(t *testing.T) {
	t.Parallel()
	p := Platform{ServerImage: "frontdesk:1", ServerVersion: "1.0.0", OtherImages: map[string]string{"0.9.0": "frontdesk:0.9"}}
	same := p
	same.OtherImages = map[string]string{"0.9.0": "frontdesk:0.9"}
	if diff := cmp.Diff(Target(p), Target(same)); diff != "" {
		t.Errorf("the same platform makes another target:\n%s", diff)
	}
	for name, test := range map[string]struct {
		other          Platform
		revision, pins bool
	}{
		"image":       {Platform{ServerImage: "frontdesk:2", ServerVersion: "1.0.0", OtherImages: p.OtherImages}, true, false},
		"pull policy": {Platform{ServerImage: "frontdesk:1", ServerVersion: "1.0.0", OtherImages: p.OtherImages, ImagePullPolicy: corev1.PullAlways}, true, false},
		"other image": {Platform{ServerImage: "frontdesk:1", ServerVersion: "1.0.0", OtherImages: map[string]string{"0.9.0": "mirror/frontdesk:0.9"}}, false, true},
		"no other":    {Platform{ServerImage: "frontdesk:1", ServerVersion: "1.0.0"}, false, true},
	} {
		before, after := Target(p), Target(test.other)
		if revision, pins := before.Revision != after.Revision, before.Pins != after.Pins; revision != test.revision || pins != test.pins {
			t.Errorf("another %s makes another revision: %v, and other pins: %v", name, revision, pins)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		object, wanted string
		want           bool
	}{
		{`{"a": 1, "default": "x"}`, `{"a": 1}`, true},
		{`{"a": 1}`, `{"a": 2}`, false},
		{`{}`, `{"a": 1}`, false},
		{`{"l": [{"n": "a", "default": 1}]}`, `{"l": [{"n": "a"}]}`, true},
		{`{"l": [{"n": "a"}, {"n": "b"}]}`, `{"l": [{"n": "a"}]}`, false},
		{`{"a": "text"}`, `{"a": {}}`, false},
	} {
		var object, wanted any
		if err := json.Unmarshal([]byte(test.object), &object); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(test.wanted), &wanted); err != nil {
			t.Fatal(err)
		}
		if got := covers(object, wanted); got != test.want {
			t.Errorf("%s covers %s: %v", test.object, test.wanted, got)
		}
	}
}

func TestTenantThatTakesUpAnEditMayBeRolled(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		said metav1.ConditionStatus // what the status says of the generation before
		want rollout.Health
	}{
		{metav1.ConditionTrue, rollout.Healthy},
		{metav1.ConditionFalse, rollout.Unhealthy},
	} {
		s := servingScope()
		s.bundle = tenantconfig.Bundle{"tenant.yaml": []byte("edited")}
		s.tenant.Status.Conditions = []metav1.Condition{{
			Type: string(v1alpha1.ConditionReady), Status: test.said, ObservedGeneration: s.tenant.Generation - 1,
		}}
		if got := s.report().Health; got != test.want {
			t.Errorf("Ready was %s: it counts as %v, want %v", test.said, got, test.want)
		}
	}
}
