package rollout_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

const (
	// disturbances are steps, none of which takes longer than longest while anybody is awaited.
	disturbances = 150
	longest      = 4 * time.Second
)

// drawDisturbed makes a world whose tenants would become healthy in time even if they did nothing for all disturbances.
func drawDisturbed(t *rapid.T) *world {
	p := drawPlan(t)
	heal := p.Deadline
	p.Deadline += disturbances * longest
	w := newWorld(p, rapid.IntRange(1, 60).Draw(t, "tenants"))
	w.drawTenants(t, heal)
	return w
}

// disturb is a step in which the operator may be started anew, at times with another value of rollout.paused, and in which some tenants
// report, are heard of, or take the template. It fails when somebody is admitted who must not be.
func (w *world) disturb(t *rapid.T) {
	if rapid.IntRange(0, 14).Draw(t, "restart") == 0 {
		w.restart()
		w.silence()
		w.plan.Paused = rapid.Bool().Draw(t, "paused")
	}
	some := rapid.IntRange(0, 9)
	w.report(some.Draw(t, "report"))
	w.hear(some.Draw(t, "are heard of"))
	before, behind := w.state, w.behind()
	w.decide()
	w.checkAdmissions(t, before, behind)
	w.takeSome(some.Draw(t, "take the template"))
	w.checkSizes(t)
	if inFlight := w.inFlight(); w.plan.Parallelism > 0 && inFlight > w.plan.Parallelism {
		t.Fatalf("%d tenants are in the middle of their update, at most %d may be", inFlight, w.plan.Parallelism)
	}
	next := w.next()
	if len(w.fleet()) < len(w.tenants) || len(w.unheard) > 0 || slices.ContainsFunc(w.tenants, w.takes) {
		next = w.now.Add(time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "time")))
	}
	w.now = maxTime(next, w.now.Add(time.Second))
}

// checkAdmissions is of one decision. behind are the tenants that did not run the target before.
func (w *world) checkAdmissions(t *rapid.T, before rollout.State, behind []string) {
	members := map[string]bool{}
	for _, m := range w.state.Wave.Members {
		if members[m.Tenant] {
			t.Fatalf("%s is in the wave twice", m.Tenant)
		}
		members[m.Tenant] = true
		switch {
		case before.Member(m.Tenant):
		case w.plan.Paused:
			t.Fatalf("%s was admitted while the rollout is paused", m.Tenant)
		case len(w.fleet()) < len(w.tenants):
			t.Fatalf("%s was admitted before all had reported", m.Tenant)
		case before.Halted != nil:
			t.Fatalf("%s was admitted after the halt", m.Tenant)
		case !slices.Contains(behind, m.Tenant):
			t.Fatalf("%s is to be rolled, and has been", m.Tenant)
		}
	}
}

// inFlight is how many tenants are in the middle of their update in truth, whatever has been heard of them. Who has failed is not.
func (w *world) inFlight() int {
	n := 0
	for _, t := range w.tenants {
		admitted := w.state.Member(t.name) && t.runs != w.target.Revision
		rolling := t.runs == w.target.Revision && !t.idle && (t.broken[t.runs] || t.rolled.Add(t.heals).After(w.now))
		if admitted || (rolling && !w.state.HasFailed(t.name)) {
			n++
		}
	}
	return n
}

// calm ends the disturbances, and reports whether the rollout comes to rest.
func (w *world) calm() bool {
	w.plan.Paused = false
	w.report(len(w.tenants))
	w.hear(len(w.tenants))
	return w.run(2000)
}

func TestDisturbedRolloutsOfHealthyFleetsFinish(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawDisturbed(t)
		for range disturbances {
			w.disturb(t)
		}
		if !w.calm() || len(w.behind()) > 0 || w.state.FinishedAt == nil || len(w.state.Failed) > 0 {
			t.Fatalf("left behind: %v; state %+v", w.behind(), w.state)
		}
		w.checkSizes(t)
	})
}

func TestDisturbedRolloutsHaltPastTheBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawDisturbed(t)
		broken := 0
		for _, tenant := range w.tenants {
			if tenant.broken["v2"] = rapid.IntRange(0, 5).Draw(t, "broken") == 0; tenant.broken["v2"] && !tenant.idle {
				broken++
			}
		}
		for range disturbances {
			w.disturb(t)
		}
		rested := w.calm()
		if halted := w.state.Halted != nil; !rested || halted != (broken > w.plan.FailureBudget) || (!halted && w.state.FinishedAt == nil) {
			t.Fatalf("%d tenants are broken by the target, with a budget of %d; halted: %t; at rest: %t; state %+v",
				broken, w.plan.FailureBudget, halted, rested, w.state)
		}
		w.checkSizes(t)
	})
}
