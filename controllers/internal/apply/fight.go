package apply

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A repair is an apply of what was applied before: somebody has changed the object since. People do so now and
// then. What does it again and again is another controller, and two that undo each other's work at full speed
// are a load on the API server and on every watch, for nothing.
const (
	// fightWindow and peacefulRepairs: so many repairs of one object within so long are no fight yet.
	fightWindow     = 2 * time.Minute
	peacefulRepairs = 5
	// A fight goes on, but with a pause after each repair that doubles from the first to the longest.
	firstPause   = 10 * time.Second
	longestPause = 5 * time.Minute
)

// fight is the history of one object's repairs.
type fight struct {
	repairs []time.Time
	pause   time.Duration
	until   time.Time
}

// wait is how long the object is to be left alone.
func (f *fight) wait(now time.Time) time.Duration { return max(0, f.until.Sub(now)) }

// repaired takes note of a repair.
func (f *fight) repaired(now time.Time) {
	if now.Sub(f.until) > fightWindow {
		f.pause = 0
	}
	f.repairs = slices.DeleteFunc(f.repairs, func(at time.Time) bool { return now.Sub(at) > fightWindow })
	f.repairs = append(f.repairs, now)
	if f.pause > 0 || len(f.repairs) > peacefulRepairs {
		f.pause = min(max(2*f.pause, firstPause), longestPause)
		f.until = now.Add(f.pause)
	}
}

// mayRepair returns a FightError while the object is to be left alone.
func (a *Applier) mayRepair(ctx context.Context, gvk schema.GroupVersionKind, key objectKey) error {
	a.mu.Lock()
	var wait time.Duration
	if f := a.fights[key]; f != nil {
		wait = f.wait(time.Now())
	}
	a.mu.Unlock()
	if wait == 0 {
		return nil
	}
	return &FightError{Kind: gvk, Name: key.name.Name, Managers: a.others(ctx, gvk, key), Wait: wait}
}

func (a *Applier) noteRepair(key objectKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fights == nil {
		a.fights = map[objectKey]*fight{}
	}
	if a.fights[key] == nil {
		a.fights[key] = &fight{}
	}
	a.fights[key].repaired(time.Now())
}

// others names who else writes the object, the last one first. It asks the API server, because the cache does
// not keep this; it happens only in a fight.
func (a *Applier) others(ctx context.Context, gvk schema.GroupVersionKind, key objectKey) string {
	object := metadataOf(gvk)
	if err := a.Live.Get(ctx, key.name, object); err != nil {
		return "" // who it is is said another time; that there is a fight is known
	}
	entries := slices.DeleteFunc(slices.Clone(object.GetManagedFields()), func(e metav1.ManagedFieldsEntry) bool {
		return e.Subresource != "" || strings.HasPrefix(e.Manager, FieldOwner)
	})
	slices.SortStableFunc(entries, func(x, y metav1.ManagedFieldsEntry) int {
		switch {
		case y.Time.Before(x.Time):
			return -1
		case x.Time.Before(y.Time):
			return 1
		}
		return 0
	})
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Manager
	}
	return strings.Join(slices.Compact(names), ", ")
}
