package fleet

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/urgency"
)

// settle is how long reports are gathered before they are decided upon, so that a decision costs the same
// whether one tenant reports or a thousand do.
const settle = 200 * time.Millisecond

// Fleet is where passes over tenants and the rollout meet. It is safe for concurrent use.
type Fleet struct {
	mu      sync.Mutex
	tenants map[types.NamespacedName]rollout.Tenant
	turns   turns

	decide func()
	wake   workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// turns are the rollout as far as tenants have to know.
type turns struct {
	known   bool
	paused  bool
	halted  string
	members map[string]bool // the value: whether it may be rolled outside its window
	failed  map[string]bool
}

// Turn is what the rollout has to say to one tenant.
type Turn struct {
	// Known is false until the state was read after a start.
	Known bool
	// Admitted: it is its turn. AnyTime: even outside its window, because a rollout broke it.
	Admitted, AnyTime bool
	// Failed: it took the template and did not become healthy.
	Failed bool
	// Halted says why the rollout is halted; empty when it is not.
	Halted string
	// Paused by the platform team.
	Paused bool
}

// New returns a Fleet without tenants.
func New() *Fleet { return &Fleet{tenants: map[types.NamespacedName]rollout.Tenant{}} }

// Report notes how a tenant is now. Without a Since it has been so since it was first reported.
func (f *Fleet) Report(name types.NamespacedName, t rollout.Tenant, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, found := f.tenants[name]
	switch {
	case !t.Since.IsZero():
	case found && before.Health == t.Health:
		t.Since = before.Since
	default:
		t.Since = now
	}
	t.Name = name.String()
	t.Since, t.Opens, t.Closes = plain(t.Since), plain(t.Opens), plain(t.Closes)
	if !found || before != t {
		f.tenants[name] = t
		f.changed()
	}
}

// plain times compare with ==.
func plain(t time.Time) time.Time { return t.UTC().Round(0) }

// Unreadable notes that a tenant exists about which nothing can be said now, so that nobody waits for it to report, and
// what it reported before does not pass for how it is.
func (f *Fleet) Unreadable(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, found := f.tenants[name]
	if found && t.Health == rollout.Unknown {
		return
	}
	t.Name, t.Health, t.Message = name.String(), rollout.Unknown, ""
	f.tenants[name] = t
	f.changed()
}

// Forget drops a tenant that is gone.
func (f *Fleet) Forget(name types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, found := f.tenants[name]; found {
		delete(f.tenants, name)
		f.changed()
	}
}

// changed asks for a decision. The caller holds the lock.
func (f *Fleet) changed() {
	if f.decide != nil {
		f.decide()
	}
}

// Turn tells a tenant where it stands.
func (f *Fleet) Turn(name types.NamespacedName) Turn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.turns.of(name.String())
}

func (t turns) of(name string) Turn {
	anyTime, admitted := t.members[name]
	return Turn{Known: t.known, Admitted: admitted, AnyTime: anyTime, Failed: t.failed[name], Halted: t.halted, Paused: t.paused}
}

// snapshot lists the fleet by name. known says whether a tenant has reported.
func (f *Fleet) snapshot() (tenants []rollout.Tenant, known func(types.NamespacedName) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	reported := make(map[types.NamespacedName]bool, len(f.tenants))
	for name, t := range f.tenants {
		tenants = append(tenants, t)
		reported[name] = true
	}
	slices.SortFunc(tenants, func(a, b rollout.Tenant) int { return cmp.Compare(a.Name, b.Name) })
	return tenants, func(name types.NamespacedName) bool { return reported[name] }
}

// publish tells the tenants of a stored state, and wakes those for which it is news.
func (f *Fleet) publish(s rollout.State, paused bool) {
	next := turns{known: true, paused: paused, members: map[string]bool{}, failed: map[string]bool{}}
	if s.Halted != nil {
		next.halted = s.Halted.Message
	}
	rescued := map[string]bool{}
	for _, name := range s.Rescue {
		rescued[name] = true
	}
	for _, m := range s.Wave.Members {
		next.members[m.Tenant] = rescued[m.Tenant]
	}
	for _, failure := range s.Failed {
		next.failed[failure.Tenant] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turn(next)
}

// stop tells the tenants that nobody is admitted, and why, because there is no state that could be read.
func (f *Fleet) stop(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	next := f.turns
	next.known, next.halted, next.members = true, why, nil
	f.turn(next)
}

// turn replaces the turns, and wakes those for whom there is news. The caller holds the lock.
func (f *Fleet) turn(next turns) {
	before := f.turns
	f.turns = next
	for name, t := range f.tenants {
		turn := next.of(t.Name)
		if turn != before.of(t.Name) && (t.Pending || turn.Failed || before.failed[t.Name]) {
			f.wakeUp(name, turn.Admitted)
		}
	}
}

// wakeUp starts a pass over a tenant, which never holds up a user's edit. The caller holds the lock.
func (f *Fleet) wakeUp(name types.NamespacedName, admitted bool) {
	if f.wake == nil {
		return
	}
	level := urgency.Idle // it only gets another message
	if admitted {
		level = urgency.News
	}
	urgency.Add(f.wake, level, reconcile.Request{NamespacedName: name})
}

// Turns is for the controller of tenants: it wakes those for whom the rollout has news.
func (f *Fleet) Turns() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.wake = queue
		return nil
	})
}

// reports asks for a decision when tenants have reported something new.
func (f *Fleet) reports(request reconcile.Request) source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.decide = func() { queue.AddAfter(request, settle) }
		f.decide()
		return nil
	})
}
