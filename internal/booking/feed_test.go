package booking_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// answering is a Store that does nothing but answer so.
type answering struct {
	booking.Store
	replayed bool
	err      error
}

func (o answering) Book(context.Context, booking.NewBooking) (booking.Booking, bool, error) {
	return booking.Booking{ID: "b"}, o.replayed, o.err
}

func (o answering) Cancel(context.Context, booking.Cancellation) (booking.Booking, bool, error) {
	return booking.Booking{ID: "b"}, o.replayed, o.err
}

func (o answering) Transition(context.Context, booking.Transition) (booking.Booking, bool, error) {
	return booking.Booking{ID: "b"}, o.replayed, o.err
}

func (o answering) Reschedule(context.Context, booking.Rescheduling) (booking.Booking, bool, error) {
	return booking.Booking{ID: "b"}, o.replayed, o.err
}

func (o answering) Leave(context.Context, booking.Leaving) (booking.WaitlistEntry, bool, error) {
	return booking.WaitlistEntry{}, o.replayed, o.err
}

func (o answering) HandOn(context.Context, booking.Offering) (int, error) {
	if o.replayed {
		return 0, nil
	}
	return 1, o.err
}

func TestAnnounce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answering
		want int
	}{
		"done":            {answering{}, 1},
		"replayed":        {answering{replayed: true}, 0},
		"taken":           {answering{err: fmt.Errorf("book: %w", booking.ErrOccupied)}, 0},
		"limit":           {answering{err: &booking.LimitError{}}, 0},
		"unknown outcome": {answering{err: booking.ErrUnavailable}, 1},
		"caller gone":     {answering{err: context.Canceled}, 1},
		"anything else":   {answering{err: errors.New("odd")}, 1},
	} {
		for operation, run := range map[string]func(booking.Store) (booking.Booking, bool, error){
			"Book": func(s booking.Store) (booking.Booking, bool, error) { return s.Book(t.Context(), booking.NewBooking{}) },
			"Cancel": func(s booking.Store) (booking.Booking, bool, error) {
				return s.Cancel(t.Context(), booking.Cancellation{})
			},
			"Transition": func(s booking.Store) (booking.Booking, bool, error) {
				return s.Transition(t.Context(), booking.Transition{})
			},
			"Reschedule": func(s booking.Store) (booking.Booking, bool, error) {
				return s.Reschedule(t.Context(), booking.Rescheduling{})
			},
			"Leave": func(s booking.Store) (booking.Booking, bool, error) {
				_, replayed, err := s.Leave(t.Context(), booking.Leaving{})
				return booking.Booking{ID: "b"}, replayed, err
			},
			"HandOn": func(s booking.Store) (booking.Booking, bool, error) {
				offers, err := s.HandOn(t.Context(), booking.Offering{})
				return booking.Booking{ID: "b"}, offers == 0, err
			},
		} {
			announced := 0
			made, replayed, err := run(booking.Announce(tt.answering, func(context.Context) { announced++ }))
			if announced != tt.want {
				t.Errorf("%s, %s: announced %d times; want %d", operation, name, announced, tt.want)
			}
			if made.ID != "b" || replayed != tt.replayed || !errors.Is(err, tt.err) {
				t.Errorf("%s, %s: the outcome was changed: %+v %t %v", operation, name, made, replayed, err)
			}
		}
	}
}

// TestEveryMethodIsJudged fails when a Store learns something new: Announce must then announce it, unless it
// only reads.
func TestEveryMethodIsJudged(t *testing.T) {
	t.Parallel()
	announced := []string{"Book", "Cancel", "Transition", "Reschedule", "BookSeries", "CancelSeries", "Leave", "HandOn"}
	freesNothing := []string{
		"Update", "Replay", "Refuse", "Get", "Series", "List", "Occupied", "CountByStart", "CountByStatus", "Events", "Now", "SchemaVersion", "Ping", "Close",
		"Join", "ReplayEntry", "WaitlistEntry", "Waitlist", "WaitlistEvents",
	}
	store := reflect.TypeFor[booking.Store]()
	for i := range store.NumMethod() {
		name := store.Method(i).Name
		if !slices.Contains(announced, name) && !slices.Contains(freesNothing, name) {
			t.Errorf("Store.%s is new: if it can change what is free, announce it in feed.go; then name it here", name)
		}
	}
}
