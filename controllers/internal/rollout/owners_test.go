package rollout_test

import (
	"testing"
	"time"
)

// With an edit the owner of one tenant could halt the rollout for all.
func TestOwnersEditIsNoFailureOfTheRollout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		admitted, now string
		halts         bool
	}{
		"edited since":                      {"one", "two", false},
		"not edited":                        {"one", "one", true},
		"admitted by an operator of before": {"", "two", true},
		"not known any more":                {"one", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(plan(), 10)
			for _, tenant := range w.tenants {
				tenant.asks = test.admitted
			}
			w.decide()
			w.take()
			w.now = w.now.Add(time.Minute)
			canary := w.first()
			canary.asks, canary.ill, canary.rolled = test.now, true, w.now
			for w.state.Member(canary.name) {
				w.now = w.now.Add(time.Minute)
				w.decide()
			}
			if halted := w.state.Halted != nil; halted != test.halts {
				t.Fatalf("halted: %v; state %+v", w.state.Halted, w.state)
			}
			if test.halts {
				return
			}
			// The canary has proved nothing, and another one takes its place.
			if w.state.Wave.Number != 1 || len(w.state.Wave.Members) != 1 {
				t.Errorf("the wave goes on as %+v", w.state.Wave)
			}
			if !w.run(200) || len(w.behind()) > 0 || len(w.state.Failed) > 0 {
				t.Errorf("%v are left behind; state %+v", w.behind(), w.state)
			}
		})
	}
}
