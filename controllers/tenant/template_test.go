package tenant

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// A status that breaks its schema is refused as a whole, and would never be written again.
func TestALongRequestFitsIntoTheStatus(t *testing.T) {
	t.Parallel()
	s := shaped(t)
	before, err := s.freshTemplate(s.platform.ServerImage)
	if err != nil {
		t.Fatal(err)
	}
	before.Platform = `{"spec":{"containers":[{"name":"server","image":"frontdesk:1.0.0"}]}}`
	s.tenant.Status.Template = before
	s.tenant.Annotations = map[string]string{updateAnnotation: strings.Repeat("é", maxRequest)}
	if u := planned(t, s); !u.takes || u.record.Request != s.tenant.Annotations[updateAnnotation] {
		t.Errorf("a request that fits is taken: %v, and recorded as %q", u.takes, u.record.Request)
	}
	s.tenant.Annotations[updateAnnotation] += "é"
	u := planned(t, s)
	if !u.takes || len(u.record.Request) > maxRequest {
		t.Errorf("a longer one is taken: %v, and recorded as %q", u.takes, u.record.Request)
	}
	before.Request = u.record.Request
	if u = planned(t, s); u.takes {
		t.Error("it is taken twice")
	}
}

// wordy has an affinity that makes so many bytes of spec.server.pod.
func wordy(t *testing.T, size int) *scope {
	t.Helper()
	s := shaped(t)
	values := &corev1.NodeSelectorRequirement{Key: "host", Operator: corev1.NodeSelectorOpIn, Values: []string{""}}
	s.tenant.Spec.Server.Pod.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{*values}}},
		},
	}}
	terms := s.tenant.Spec.Server.Pod.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms
	terms[0].MatchExpressions[0].Values[0] = strings.Repeat("x", size-podSettingsSize(s.tenant))
	return s
}

func TestPodSettingsThatTheStatusHasNoRoomForAreRefused(t *testing.T) {
	t.Parallel()
	s := wordy(t, maxPodSettings)
	fresh, err := s.freshTemplate(s.platform.ServerImage)
	if err != nil {
		t.Fatal(err)
	}
	const schemaLimit = 262144
	if faults := unsupported(s.tenant, s.platform); len(faults) > 0 || len(fresh.Own) > schemaLimit {
		t.Errorf("what just fits has the faults %v, and makes %d bytes of own part", faults, len(fresh.Own))
	}
	before := *fresh
	s = wordy(t, maxPodSettings+1)
	if faults := unsupported(s.tenant, s.platform); len(faults) != 1 || faults[0].Field != "spec.server.pod" {
		t.Errorf("the faults are %v", faults)
	}
	if u := planned(t, s); u != nil {
		t.Error("it gets pods")
	}
	s.tenant.Status.Template = &before
	if u := planned(t, s); u.record.Own != before.Own {
		t.Errorf("its pods do not stay as they were, but get %d bytes of own part", len(u.record.Own))
	}
}
