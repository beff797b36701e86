package rollout_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

func drawPlan(t *rapid.T) rollout.Plan {
	size := rapid.SampledFrom([]string{"1", "2", "5", "10%", "50%", "100%"})
	p := rollout.Plan{
		Canary: mustSize(size.Draw(t, "canary")), Soak: time.Duration(rapid.IntRange(0, 600).Draw(t, "soak")) * time.Second,
		Deadline: time.Duration(rapid.IntRange(60, 1200).Draw(t, "deadline")) * time.Second, FailureBudget: rapid.IntRange(0, 3).Draw(t, "budget"),
		Parallelism: rapid.SampledFrom([]int{0, 1, 2, 7}).Draw(t, "parallelism"),
	}
	for range rapid.IntRange(1, 3).Draw(t, "batches") {
		p.Batches = append(p.Batches, mustSize(size.Draw(t, "batch")))
	}
	return p
}

// drawTenants makes tenants that become healthy before so much time has passed.
func (w *world) drawTenants(t *rapid.T, before time.Duration) {
	for _, tenant := range w.tenants {
		tenant.heals = time.Duration(rapid.IntRange(0, int(before/time.Second)-1).Draw(t, "heals")) * time.Second
		tenant.idle = rapid.IntRange(0, 9).Draw(t, "idle") == 0
		if rapid.IntRange(0, 9).Draw(t, "windowed") == 0 {
			tenant.windows = []rollout.Window{{Day: time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), From: 3 * hour, To: 5 * hour}}
		}
	}
}

// checkSizes fails when more tenants were admitted to a wave, or at once, than the plan says. Both count those that
// were healthy when they were admitted.
func (w *world) checkSizes(t *rapid.T) {
	for number, admitted := range w.waves {
		size := w.plan.Canary
		if number > 1 {
			size = w.plan.Batches[min(number-1, len(w.plan.Batches))-1]
		}
		if limit := sizeOf(size, len(w.tenants)); admitted > limit {
			t.Fatalf("%d tenants were admitted to wave %d, at most %d may be", admitted, number, limit)
		}
	}
	if w.plan.Parallelism > 0 && w.atOnce > w.plan.Parallelism {
		t.Fatalf("%d tenants were rolled at once, at most %d may be", w.atOnce, w.plan.Parallelism)
	}
}

// sizeOf says it in another way than the package does.
func sizeOf(size rollout.Size, fleet int) int {
	for n := 1; ; n++ {
		text := size.String()
		if text[len(text)-1] == '%' {
			if percent := mustAtoi(text[:len(text)-1]); n*100 >= fleet*percent {
				return n
			}
		} else if n == mustAtoi(text) {
			return n
		}
	}
}

func mustAtoi(text string) int {
	n := 0
	for _, digit := range text {
		n = n*10 + int(digit-'0')
	}
	return n
}

func TestHealthyFleetsAlwaysFinish(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		w := newWorld(p, rapid.IntRange(1, 60).Draw(t, "tenants"))
		w.drawTenants(t, p.Deadline)
		if !w.run(2000) || len(w.behind()) > 0 || w.state.FinishedAt == nil {
			t.Fatalf("left behind: %v; state %+v", w.behind(), w.state)
		}
		w.checkSizes(t)
	})
}

func TestNobodyIsAdmittedPastTheBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		w := newWorld(p, rapid.IntRange(1, 60).Draw(t, "tenants"))
		for _, tenant := range w.tenants {
			tenant.broken["v2"] = rapid.IntRange(0, 3).Draw(t, "broken") == 0
		}
		for range 2000 {
			seen, exceeded := len(w.seen), len(w.state.Failed) > p.FailureBudget
			rested := w.run(1)
			if exceeded && len(w.seen) > seen {
				t.Fatalf("%d tenants were admitted with %d failed", len(w.seen)-seen, len(w.state.Failed))
			}
			if (w.state.Halted != nil) != (len(w.state.Failed) > p.FailureBudget) {
				t.Fatalf("halted %v with %d failed of a budget of %d", w.state.Halted, len(w.state.Failed), p.FailureBudget)
			}
			w.checkSizes(t)
			if w.state.Halted != nil && w.state.Wave.Left > 0 {
				t.Fatalf("halted, and %d tenants are left", w.state.Wave.Left)
			}
			if rested {
				return
			}
		}
		t.Fatal("does not come to rest")
	})
}

// A restart at any moment changes nothing of who is rolled, in which wave and with what end.
func TestRestartsDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlan(t)
		count := rapid.IntRange(1, 40).Draw(t, "tenants")
		broken := rapid.SliceOfN(rapid.IntRange(0, 8), count, count).Draw(t, "broken")
		build := func() *world {
			w := newWorld(p, count)
			for i, tenant := range w.tenants {
				tenant.broken["v2"] = broken[i] == 0
			}
			return w
		}
		undisturbed, restarted := build(), build()
		for range 400 {
			if rapid.IntRange(0, 4).Draw(t, "restart") == 0 {
				restarted.restart()
				for len(restarted.fleet()) < count {
					restarted.report(rapid.IntRange(1, count).Draw(t, "reports"))
					restarted.decide()
				}
			}
			rested, restedToo := undisturbed.run(1), restarted.run(1)
			if diff := cmp.Diff(undisturbed.state, restarted.state); diff != "" {
				t.Fatalf("the states differ (-undisturbed +restarted):\n%s", diff)
			}
			if rested && restedToo {
				return
			}
		}
	})
}

// To decide again at once is to decide the same.
func TestDecisionsSettle(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(drawPlan(t), rapid.IntRange(1, 30).Draw(t, "tenants"))
		for _, tenant := range w.tenants {
			tenant.ill = rapid.IntRange(0, 5).Draw(t, "ill") == 0
			tenant.busy = rapid.Bool().Draw(t, "busy")
			tenant.broken["v2"] = rapid.IntRange(0, 5).Draw(t, "broken") == 0
			if rapid.IntRange(0, 3).Draw(t, "windowed") == 0 {
				tenant.windows = []rollout.Window{{Day: time.Monday, From: 8 * hour, To: 9*hour + rapid.IntRange(1, 60).Draw(t, "minutes")}}
			}
		}
		for range rapid.IntRange(0, 40).Draw(t, "decisions") {
			w.run(1)
			if rapid.IntRange(0, 19).Draw(t, "retarget") == 0 {
				w.target = rollout.Target{Revision: "v3", Release: "3.0.0"}
			}
			changed := rapid.SampledFrom(w.tenants).Draw(t, "changed")
			changed.ill = changed.ill != (rapid.IntRange(0, 5).Draw(t, "change") == 0)
		}
		w.decide()
		w.checkSizes(t)
		once, again := w.state, w.again
		w.decide()
		if diff := cmp.Diff(once, w.state); diff != "" || !again.Equal(w.again) {
			t.Fatalf("deciding again at %s (then %s, now %s) changes (-once +twice):\n%s", w.now, again, w.again, diff)
		}
	})
}
