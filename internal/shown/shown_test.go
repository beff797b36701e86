package shown_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/shown"
)

// fixed is a booking.Taken that counts what it is asked.
type fixed struct {
	occupied []booking.Occupied
	counted  []time.Time
	asked    int
}

func (f *fixed) Occupied(_ context.Context, resourceIDs []string, within booking.Interval) ([]booking.Occupied, error) {
	f.asked++
	var list []booking.Occupied
	for _, o := range f.occupied {
		if o.Unit.ResourceID == resourceIDs[0] && o.Blocked.Start.Before(within.End) && within.Start.Before(o.Blocked.End) {
			list = append(list, o)
		}
	}
	return list, nil
}

func (f *fixed) CountByStart(_ context.Context, _ []string, within booking.Interval) ([]time.Time, error) {
	f.asked++
	var list []time.Time
	for _, start := range f.counted {
		if !start.Before(within.Start) && start.Before(within.End) {
			list = append(list, start)
		}
	}
	return list, nil
}

var monday = time.Date(2030, 6, 3, 0, 0, 0, 0, time.UTC)

func newCache(t interface {
	Fatal(args ...any)
	Cleanup(func())
}) *cache.Cache {
	invalidations, err := cache.New(cache.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(invalidations.Close)
	return invalidations
}

// TestSameAsAsked: whatever was asked before, the answer is that of the store.
func TestSameAsAsked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		store := &fixed{}
		minute := rapid.IntRange(-3*1440, 3*1440)
		interval := rapid.Custom(func(t *rapid.T) booking.Interval {
			start := monday.Add(time.Duration(minute.Draw(t, "start")) * time.Minute)
			return booking.Interval{Start: start, End: start.Add(time.Duration(rapid.IntRange(-10, 2000).Draw(t, "length")) * time.Minute)}
		})
		for _, blocked := range rapid.SliceOf(interval).Draw(t, "occupied") {
			if blocked.Start.Before(blocked.End) {
				store.occupied = append(store.occupied, booking.Occupied{Unit: booking.Unit{ResourceID: "a", Number: 1}, Blocked: blocked})
				store.counted = append(store.counted, blocked.Start)
			}
		}
		taken := shown.New(store, newCache(t))
		for _, within := range rapid.SliceOfN(interval, 1, 10).Draw(t, "questions") {
			for _, id := range []string{"a", "b"} {
				got, err := taken.Occupied(context.Background(), []string{id}, within)
				var want []booking.Occupied
				if within.Start.Before(within.End) {
					want, _ = store.Occupied(context.Background(), []string{id}, within)
				}
				if err != nil || len(got) != len(want) || len(want) > 0 && !cmp.Equal(got, want) {
					t.Fatalf("%s in %v: %v, %v; want %v", id, within, got, err, want)
				}
			}
			got, err := taken.CountByStart(context.Background(), nil, within)
			want, _ := store.CountByStart(context.Background(), nil, within)
			if err != nil || len(got) != len(want) || len(want) > 0 && !cmp.Equal(got, want) {
				t.Fatalf("%v: %v, %v; want %v", within, got, err, want)
			}
		}
	})
}

func TestAskedOnceUntilSomethingChanges(t *testing.T) {
	t.Parallel()
	invalidations := newCache(t)
	store := &fixed{occupied: []booking.Occupied{{
		Unit: booking.Unit{ResourceID: "a", Number: 1}, Blocked: booking.Interval{Start: monday.Add(9 * time.Hour), End: monday.Add(10 * time.Hour)},
	}}}
	taken := shown.New(store, invalidations)
	ask := func(second int) int {
		t.Helper()
		within := booking.Interval{Start: monday.Add(time.Duration(second) * time.Second), End: monday.Add(20 * time.Hour)}
		got, err := taken.Occupied(t.Context(), []string{"a"}, within)
		if err != nil {
			t.Fatal(err)
		}
		return len(got)
	}
	begun := time.Now()
	for second := range 10 {
		if got := ask(second); got != 1 {
			t.Fatalf("%d are taken", got)
		}
	}
	if store.asked != 1 && time.Since(begun) < shown.TTL {
		t.Errorf("the store is asked %d times", store.asked)
	}
	store.occupied = nil
	invalidations.InvalidateHere(cache.GroupBookings)
	if got := ask(0); got != 0 {
		t.Error("what was freed is shown as taken after the invalidation")
	}
	asked := store.asked
	for deadline := time.Now().Add(10 * shown.TTL); store.asked == asked; time.Sleep(shown.TTL / 50) {
		if time.Now().After(deadline) {
			t.Fatal("what was read is kept for ever")
		}
		ask(0)
	}
}
