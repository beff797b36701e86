package rollout_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// world plays the fleet: tenants that take what they are admitted to, and become healthy or not.
type world struct {
	now     time.Time
	plan    rollout.Plan
	target  rollout.Target
	resume  string
	tenants []*tenant
	state   rollout.State
	again   time.Time
	// reported is false for tenants that have not reported since the last restart.
	reported map[string]bool
	// unheard are tenants that have reported, but whose pods have not been heard of.
	unheard map[string]bool
	// seen are all that were ever admitted, and waves how many to each wave of candidates of the target.
	seen  map[string]bool
	waves map[int]int
	// atOnce is the most members that were in the middle of their update when somebody had just been admitted, and was no
	// victim of an update before.
	atOnce int
}

type tenant struct {
	name string
	// runs is the revision that its pods are made from.
	runs string
	// heals is how long its pods take to be ready; broken are revisions with which they never are.
	heals   time.Duration
	broken  map[string]bool
	rolled  time.Time
	ill     bool // whatever it runs
	asks    string
	busy    bool // when it is ill, it is because it takes up something else
	idle    bool
	windows []rollout.Window
}

var start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func newWorld(plan rollout.Plan, count int) *world {
	w := &world{now: start, plan: plan, reported: map[string]bool{}, seen: map[string]bool{}, waves: map[int]int{}, target: rollout.Target{Revision: "v2", Release: "2.0.0"}}
	for i := range count {
		w.tenants = append(w.tenants, &tenant{name: fmt.Sprintf("ns/t%03d", i), runs: "v1", heals: 30 * time.Second, broken: map[string]bool{}})
		w.reported[w.tenants[i].name] = true
	}
	return w
}

func (w *world) fleet() []rollout.Tenant {
	var all []rollout.Tenant
	for _, t := range w.tenants {
		if !w.reported[t.name] {
			continue
		}
		r := rollout.Tenant{Name: t.name, Pending: t.runs != w.target.Revision, Health: rollout.Healthy, Asked: t.asks}
		if ready := t.rolled.Add(t.heals); !t.rolled.IsZero() {
			r.Since = ready
		}
		switch {
		case t.idle:
			r.Health = rollout.Suspended
		case w.unheard[t.name]:
			r.Health = rollout.Unknown
		case t.ill || t.broken[t.runs] || r.Since.After(w.now):
			r.Health, r.Since, r.Message = rollout.Unhealthy, t.rolled, "1 of 2 pods are ready"
			r.Progressing = t.busy
		}
		if r.Pending {
			r.Opens, r.Closes = rollout.Opening(w.now, t.windows, time.UTC)
		}
		all = append(all, r)
	}
	return all
}

// decide makes one decision, and stores it as the operator does: as text.
func (w *world) decide() {
	before := w.state
	next, again := rollout.Decide(rollout.Input{
		Now: w.now, Plan: w.plan, Target: w.target, Fleet: w.fleet(), Complete: len(w.fleet()) == len(w.tenants), Resume: w.resume,
	}, w.state)
	text, err := next.Encode()
	if err != nil {
		panic(err)
	}
	if w.state, err = rollout.Decode(text); err != nil {
		panic(err)
	}
	w.again = again
	w.count(before)
}

// count notes who has just been admitted.
func (w *world) count(before rollout.State) {
	if before.Target != w.state.Target || before.Wave.Number > w.state.Wave.Number {
		clear(w.waves)
	}
	admitted := 0
	for _, m := range w.state.Wave.Members {
		if !before.Member(m.Tenant) {
			w.seen[m.Tenant] = true
			admitted++
		}
	}
	if w.state.Wave.Pool == rollout.PoolCandidates {
		w.waves[w.state.Wave.Number] += admitted
	}
	if admitted > 0 {
		if w.state.Wave.Pool != rollout.PoolVictims {
			w.atOnce = max(w.atOnce, w.unsettled())
		}
	}
}

// unsettled is how many members are in the middle of their update, for all that they have reported.
func (w *world) unsettled() int {
	n := 0
	for _, t := range w.fleet() {
		if w.state.Member(t.Name) && (t.Pending || t.Health != rollout.Healthy) {
			n++
		}
	}
	return n
}

// take lets admitted tenants take the template.
func (w *world) take() { w.takeSome(len(w.tenants)) }

func (w *world) takeSome(count int) {
	for _, t := range w.tenants {
		if count > 0 && w.takes(t) {
			t.runs, t.rolled = w.target.Revision, w.now
			count--
		}
	}
}

// takes says that the tenant would take the template now.
func (w *world) takes(t *tenant) bool {
	opens, _ := rollout.Opening(w.now, t.windows, time.UTC)
	mayNow := t.idle || slices.Contains(w.state.Rescue, t.name) || !opens.After(w.now)
	return w.reported[t.name] && w.state.Member(t.name) && t.runs != w.target.Revision && mayNow
}

// run decides and lets time pass until nothing is to be expected, or for so many decisions. It reports
// whether it came to rest.
func (w *world) run(decisions int) bool {
	for range decisions {
		w.decide()
		before := len(w.behind())
		w.take()
		next := w.next()
		switch {
		case len(w.behind()) != before:
			w.now = w.now.Add(time.Second)
		case next.IsZero():
			return true
		default:
			w.now = maxTime(next, w.now.Add(time.Second))
		}
	}
	return false
}

// next is when something happens by itself, or zero: a decision that is asked for, or a tenant that becomes healthy and reports it.
func (w *world) next() time.Time {
	next := w.again
	for _, t := range w.tenants {
		if ready := t.rolled.Add(t.heals); !t.rolled.IsZero() && ready.After(w.now) && (next.IsZero() || ready.Before(next)) {
			next = ready
		}
	}
	return next
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// behind lists the tenants that do not run the target.
func (w *world) behind() []string {
	var names []string
	for _, t := range w.tenants {
		if t.runs != w.target.Revision {
			names = append(names, t.name)
		}
	}
	return names
}

// restart forgets what is only in memory; tenants report again one after the other.
func (w *world) restart() { clear(w.reported) }

func (w *world) report(count int) {
	for _, t := range w.tenants {
		if count > 0 && !w.reported[t.name] {
			w.reported[t.name] = true
			count--
		}
	}
}

// silence forgets what the pods have said. They are heard of again one after the other.
func (w *world) silence() {
	w.unheard = map[string]bool{}
	for _, t := range w.tenants {
		w.unheard[t.name] = true
	}
}

func (w *world) hear(count int) {
	for _, t := range w.tenants {
		if count > 0 && w.unheard[t.name] {
			delete(w.unheard, t.name)
			count--
		}
	}
}

func mustSize(text string) rollout.Size {
	size, err := rollout.ParseSize(text)
	if err != nil {
		panic(err)
	}
	return size
}

func plan() rollout.Plan {
	return rollout.Plan{
		Canary: mustSize("1"), Batches: []rollout.Size{mustSize("10%"), mustSize("50%")},
		Soak: 5 * time.Minute, Deadline: 10 * time.Minute,
	}
}
