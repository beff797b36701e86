package request_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

func unit(id string, number int) booking.Unit { return booking.Unit{ResourceID: id, Number: number} }

// TestTryOrder keeps the caller's order among resources and shuffles the units of each.
func TestTryOrder(t *testing.T) {
	t.Parallel()
	candidates := []booking.Assignment{
		{unit("b", 1)}, {unit("b", 2)}, {unit("a", 1)}, {unit("b", 3)}, {unit("a", 2)}, {unit("a", 1), unit("c", 1)},
	}
	firsts := map[int]bool{}
	for range 200 {
		got := request.TryOrder(candidates)
		var resources []string
		for _, c := range got {
			resources = append(resources, c[0].ResourceID)
		}
		if diff := cmp.Diff([]string{"b", "b", "b", "a", "a", "a"}, resources); diff != "" {
			t.Fatalf("resources are out of order (-want +got):\n%s", diff)
		}
		if len(got[5]) != 2 {
			t.Fatalf("the pair is not last: %v", got)
		}
		firsts[got[0][0].Number] = true
	}
	if len(firsts) != 3 {
		t.Errorf("in 200 tries only units %v came first", firsts)
	}
}

func TestLocks(t *testing.T) {
	t.Parallel()
	r := booking.NewBooking{
		Booking:    booking.Booking{Customer: booking.Customer{Phone: "+44", Email: "A@b.c"}},
		Candidates: []booking.Assignment{{unit("z", 1), unit("a", 2)}, {unit("a", 1)}},
		Limits: []booking.Limit{
			{Kind: booking.LimitPerDay}, {Kind: booking.LimitPerWeek, Resources: []string{"m", "a"}}, {Kind: booking.LimitOpenPerCustomer},
		},
	}
	want := []string{"customer/+44", "limits", "resource/a", "resource/m", "resource/z"}
	if diff := cmp.Diff(want, request.Locks(r, "+44")); diff != "" {
		t.Errorf("Locks differ (-want +got):\n%s", diff)
	}
	move := booking.Rescheduling{Candidates: r.Candidates, Limits: r.Limits[:1]}
	want = []string{"limits", "resource/a", "resource/from", "resource/z"}
	if diff := cmp.Diff(want, request.MoveLocks(move, booking.Assignment{unit("from", 1)})); diff != "" {
		t.Errorf("MoveLocks differ (-want +got):\n%s", diff)
	}
}

func TestIsSimple(t *testing.T) {
	t.Parallel()
	one := []booking.Assignment{{unit("a", 1)}}
	for name, test := range map[string]struct {
		r    booking.NewBooking
		want bool
	}{
		"one unit":         {booking.NewBooking{Candidates: one}, true},
		"one of two":       {booking.NewBooking{Candidates: slices.Concat(one, one)}, true},
		"two at once":      {booking.NewBooking{Candidates: []booking.Assignment{{unit("a", 1), unit("b", 1)}}}, false},
		"a pair at second": {booking.NewBooking{Candidates: append(slices.Clone(one), booking.Assignment{unit("a", 1), unit("b", 1)})}, false},
		"a limit":          {booking.NewBooking{Candidates: one, Limits: []booking.Limit{{Kind: booking.LimitPerDay}}}, false},
		"a group":          {booking.NewBooking{Candidates: one, Booking: booking.Booking{GroupSize: 2}}, false},
		"a group of one":   {booking.NewBooking{Candidates: one, Booking: booking.Booking{GroupSize: 1}}, true},
	} {
		if got := request.IsSimple(test.r); got != test.want {
			t.Errorf("%s: %v; want %v", name, got, test.want)
		}
	}
}
