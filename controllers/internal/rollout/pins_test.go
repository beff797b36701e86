package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// To offer the former release for a pin is the obvious answer to a halt.
func TestOtherPinsEndNoHalt(t *testing.T) {
	t.Parallel()
	w := haltedWorld(t)
	want, behind := w.state, len(w.behind())
	want.Target.Pins, w.target.Pins = "of v1", "of v1"
	if !w.run(5) || len(w.behind()) != behind {
		t.Fatalf("it does not rest: %+v", w.state)
	}
	if diff := cmp.Diff(want, w.state); diff != "" {
		t.Errorf("more than the target has changed (-want +got):\n%s", diff)
	}
}

// Tenants that are pinned to a release whose image is another one now are rolled in waves like others.
func TestOtherPinsBeginWithACanary(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 20)
	if !w.run(200) || w.state.FinishedAt == nil {
		t.Fatalf("does not finish: %+v", w.state)
	}
	w.target.Pins = "another"
	for _, tenant := range w.tenants[:10] {
		tenant.runs = "v1"
	}
	w.decide()
	if w.state.Wave.Number != 1 || len(w.state.Wave.Members) != 1 || w.state.FinishedAt != nil {
		t.Errorf("does not begin with a canary: %+v", w.state)
	}
	if !w.run(200) || len(w.behind()) > 0 || w.state.FinishedAt == nil {
		t.Errorf("%v are left behind; state %+v", w.behind(), w.state)
	}
}

func TestOtherPinsTakeNobodyOutOfTheWave(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 20)
	w.decide()
	w.take()
	canary := w.state.Wave.Members[0]
	w.now, w.target.Pins = w.now.Add(time.Minute), "another"
	w.decide()
	if diff := cmp.Diff([]rollout.Member{canary}, w.state.Wave.Members); diff != "" || w.state.StartedAt == nil {
		t.Errorf("the wave goes on with others (-want +got):\n%s", diff)
	}
}
