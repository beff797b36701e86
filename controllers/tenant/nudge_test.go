package tenant

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestNudgesComeOftenAtFirstAndThenRarely(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	n := NewNudges()
	n.clock = func() time.Time { return now }
	tenant := types.NamespacedName{Namespace: "corner", Name: "shop"}
	var waits []time.Duration
	for range nudgeEagers + 3 {
		due, wait := n.due(tenant, "pod", "rev")
		if !due {
			t.Fatal("a nudge that is due is not given")
		}
		if early, left := n.due(tenant, "pod", "rev"); early || left != wait {
			t.Fatalf("asked again at once: due %v, wait %s", early, left)
		}
		waits = append(waits, wait)
		now = now.Add(wait)
	}
	if waits[0] != nudgeFirst || waits[1] != nudgeEvery || waits[len(waits)-1] != nudgeRarely {
		t.Errorf("waits are %v", waits)
	}
	if due, wait := n.due(tenant, "pod", "next"); !due || wait != nudgeFirst {
		t.Errorf("a new revision is nudged for: due %v, wait %s", due, wait)
	}
}

func TestNudgesOfPodsThatAreGoneAreForgotten(t *testing.T) {
	t.Parallel()
	n := NewNudges()
	tenant := types.NamespacedName{Namespace: "corner", Name: "shop"}
	n.due(tenant, "gone", "rev")
	n.due(tenant, "here", "rev")
	n.retain(tenant, []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{UID: "here"}}})
	if due, _ := n.due(tenant, "here", "rev"); due {
		t.Error("a pod that is there was forgotten")
	}
	if len(n.pods[tenant]) != 1 {
		t.Errorf("remembered are %v", n.pods[tenant])
	}
}

func TestStartingPodsAreNotNudged(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer probe.Answer
		want   bool
	}{
		{"listens not yet", probe.Answer{Err: errors.New("cannot be reached")}, true},
		{"has read nothing yet", probe.Answer{}, true},
		{"cannot start with what it has", probe.Answer{Status: tenantconfig.Status{Refused: &tenantconfig.Refusal{Revision: "bad"}}}, false},
		{"serves and lost its database", probe.Answer{Status: tenantconfig.Status{Revision: "old"}}, false},
	} {
		if got := starting(test.answer); got != test.want {
			t.Errorf("%s: starting is %v", test.name, got)
		}
	}
}

func TestAPIKeyShape(t *testing.T) {
	t.Parallel()
	key, err := newAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	if len(key.key) > 72 {
		t.Errorf("the key has %d bytes; bcrypt looks at 72", len(key.key))
	}
	parsed, ok := parseAPIKey(map[string][]byte{"key": []byte(key.key), "hash": []byte(key.hash)})
	if !ok || parsed != key || parsed.id() == "" {
		t.Errorf("the key does not survive its Secret: %+v", parsed)
	}
	if _, ok := parseAPIKey(map[string][]byte{"key": []byte(key.key)}); ok {
		t.Error("a key without a hash was taken")
	}
}
