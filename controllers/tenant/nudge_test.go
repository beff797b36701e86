package tenant

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
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
