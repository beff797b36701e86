package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Input is what a decision is made from, besides the state.
type Input struct {
	Now    time.Time
	Plan   Plan
	Target Target
	Fleet  []Tenant
	// Complete says that every tenant there is has reported.
	Complete bool
	// Resume is the request to resume that stands; any value that was not answered yet counts.
	Resume string
}

// Decide returns the next state, and when to decide again if nothing happens before: zero when nothing
// will change by itself. Deciding again at once changes nothing.
func Decide(in Input, before State) (next State, again time.Time) {
	d := &decision{Input: in, state: before.clone(), fleet: make(map[string]Tenant, len(in.Fleet))}
	pending := false
	for _, t := range in.Fleet {
		d.fleet[t.Name] = t
		pending = pending || t.Pending
	}
	if before.Target == (Target{}) && !pending {
		return before, time.Time{} // there has never been anything to roll
	}
	d.retarget()
	d.resume()
	if in.Complete {
		d.judge()
		d.halt()
		d.admit()
		d.finish(pending)
	}
	return d.state, d.again
}

// decision is one decision in the making.
type decision struct {
	Input
	state State
	fleet map[string]Tenant
	again time.Time
}

func (d *decision) now() time.Time { return d.Now.UTC().Truncate(time.Second) }

// wake asks for another decision at the time, or earlier.
func (d *decision) wake(at time.Time) {
	if d.again.IsZero() || at.Before(d.again) {
		d.again = at
	}
}

// retarget begins anew when there is another target. Whoever the former one left in the middle is to be
// rescued first.
func (d *decision) retarget() {
	if d.state.Target == d.Target {
		return
	}
	if d.state.Target.Revision == d.Target.Revision {
		d.repin()
		return
	}
	victims := d.state.victims()
	for _, m := range d.state.Wave.Members {
		victims = append(victims, m.Tenant)
	}
	d.state = State{Version: stateVersion, Target: d.Target, TargetedAt: d.now(), Rescue: unique(victims), Resumed: d.state.Resumed}
}

// repin takes note of other releases that tenants may be pinned to. For those who are, the waves begin with the canaries. But all
// others have the target that they had: to offer the former release for a pin, while this one is halted, must not roll it out again.
func (d *decision) repin() {
	again := d.state.Target.Pins != d.Target.Pins && d.state.Halted == nil
	d.state.Target = d.Target
	if !again {
		return
	}
	d.state.TargetedAt, d.state.FinishedAt = d.now(), nil
	d.state.Wave.Number, d.state.Wave.Left = 0, 0
	if len(d.state.Wave.Members) == 0 {
		d.state.StartedAt = nil
	}
}

// victims are the tenants that this target or former ones left unhealthy.
func (s State) victims() []string {
	victims := slices.Clone(s.Rescue)
	for _, f := range s.Failed {
		victims = append(victims, f.Tenant)
	}
	return victims
}

// resume answers a request. A halted rollout begins with the canaries again.
func (d *decision) resume() {
	if d.state.Resumed == d.Resume {
		return
	}
	d.state.Resumed = d.Resume
	if d.state.Halted == nil {
		return
	}
	d.state.Rescue = unique(d.state.victims())
	d.state.Halted, d.state.Failed, d.state.Wave.Number = nil, nil, 0
}

// judge lets members go that have passed, and notes those that have failed.
func (d *decision) judge() {
	d.state.Wave.Members = slices.DeleteFunc(d.state.Wave.Members, func(m Member) bool {
		t, found := d.fleet[m.Tenant]
		if !found {
			return true
		}
		leaves, failure := d.fate(m, t)
		if failure != "" && edited(m, t) {
			d.replace()
			return true
		}
		if failure != "" {
			d.state.Failed = append(d.state.Failed, Failure{Tenant: m.Tenant, At: d.now(), Message: failure})
		}
		return leaves || failure != ""
	})
	d.state.Rescue = slices.DeleteFunc(d.state.Rescue, func(name string) bool {
		t, found := d.fleet[name]
		return !found || t.Health == Healthy
	})
}

// fate says whether a member leaves the wave, and why it has failed if it has.
func (d *decision) fate(m Member, t Tenant) (leaves bool, failure string) {
	since := t.Since
	if t.Pending || since.Before(m.AdmittedAt) {
		since = m.AdmittedAt
	}
	healthy := !t.Pending && t.Health == Healthy
	due := since.Add(d.Plan.Deadline)
	switch {
	case d.excused(t):
		return true, ""
	case healthy:
		due = since.Add(d.Plan.Soak)
		if !d.Now.Before(due) {
			return true, ""
		}
	case t.Health != Unknown && !d.Now.Before(due):
		if t.Pending {
			return true, fmt.Sprintf("has not taken the new template within %s", d.Plan.Deadline)
		}
		return true, fmt.Sprintf("was not healthy for %s: %s", d.Plan.Deadline, t.Message)
	}
	limit := m.AdmittedAt.Add(d.Plan.limit())
	if !d.Now.Before(limit) {
		return true, fmt.Sprintf("was not healthy for %s on end within %s", d.Plan.Soak, d.Plan.limit())
	}
	if healthy || t.Health != Unknown {
		d.wake(due)
	}
	d.wake(limit)
	return false, ""
}

// edited: what the owner asks for is not what it was when the tenant was admitted, so that nobody can tell whose fault it is
// that the tenant is unhealthy. Else the owner of one tenant could halt the rollout for all.
func edited(m Member, t Tenant) bool {
	return m.Asked != "" && t.Asked != "" && m.Asked != t.Asked
}

// replace makes room for another candidate in place of a member that has proved nothing.
func (d *decision) replace() {
	if d.state.Halted == nil && d.state.Wave.Pool == PoolCandidates {
		d.state.Wave.Left++
	}
}

// excused: there is nothing to be seen of the tenant, because it runs no pods, or because its window has
// closed before it took the template.
func (d *decision) excused(t Tenant) bool {
	if t.Health == Suspended {
		return !t.Pending
	}
	return t.Pending && !t.open(d.Now) && !slices.Contains(d.state.Rescue, t.Name)
}

// halt stops the rollout when the budget is exceeded. Who is left of the wave does not belong to it any more.
func (d *decision) halt() {
	if d.state.Halted != nil || len(d.state.Failed) <= d.Plan.FailureBudget {
		return
	}
	const named = 3
	var lines []string
	for _, f := range d.state.Failed[:min(named, len(d.state.Failed))] {
		lines = append(lines, f.Tenant+" "+f.Message)
	}
	d.state.Halted = &Halt{At: d.now(), Message: fmt.Sprintf("tenants that failed: %d, with a failure budget of %d: %s",
		len(d.state.Failed), d.Plan.FailureBudget, strings.Join(lines, "; "))}
	d.state.Wave.Left = 0
}

// finish notes when nobody is left to be rolled.
func (d *decision) finish(pending bool) {
	if pending || len(d.state.Wave.Members) > 0 {
		return
	}
	d.state.Wave.Left = 0 // even while the rollout is paused, when nobody is admitted
	if d.state.FinishedAt != nil || d.state.StartedAt == nil {
		return
	}
	now := d.now()
	d.state.FinishedAt = &now
}

// unique sorts, and drops what is there twice.
func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
