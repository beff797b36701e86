package booking_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestBook(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Buffers = tenantconfig.Buffers{Before: tenantconfig.Duration(5 * time.Minute), After: tenantconfig.Duration(10 * time.Minute)}
	})
	made := d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) {
		r.Customer = booking.Customer{Name: "  Ann Miller ", Phone: "(020) 7946 0123", Email: " ann@example.com "}
		r.Notes = "First visit\nNervous\t"
		r.Actor.Channel = "voice"
	}))
	want := booking.Booking{
		ServiceID:  "xray",
		Customer:   booking.Customer{Name: "Ann Miller", Phone: "+442079460123", Email: "ann@example.com"},
		Start:      time.Date(2030, 6, 4, 9, 0, 0, 0, time.UTC),
		End:        time.Date(2030, 6, 4, 9, 30, 0, 0, time.UTC),
		Blocked:    booking.Interval{Start: time.Date(2030, 6, 4, 8, 55, 0, 0, time.UTC), End: time.Date(2030, 6, 4, 9, 40, 0, 0, time.UTC)},
		TimeZone:   "Europe/London",
		LocalStart: "2030-06-04T10:00",
		Status:     booking.StatusConfirmed,
		Units:      booking.Assignment{{ResourceID: "dr-khan", Number: 1}},
		GroupSize:  1, Place: 1, Version: 1,
		Notes: "First visit\nNervous", Channel: "voice",
	}
	ignored := cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(booking.Booking{}, "ID", "CreatedAt", "UpdatedAt"),
		cmpopts.IgnoreFields(booking.Customer{}, "ID"),
	}
	if diff := cmp.Diff(want, made, ignored); diff != "" {
		t.Errorf("booking differs (-want +got):\n%s", diff)
	}
	if id, err := uuid.Parse(made.ID); err != nil || id.Version() != 7 {
		t.Errorf("id %q is not a UUID of version 7", made.ID)
	}
	kept, err := d.Get(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made, kept); diff != "" {
		t.Errorf("what is kept differs from what was answered (-answered +kept):\n%s", diff)
	}
	events, err := d.Events(t.Context(), made.ID)
	if err != nil || len(events) != 1 || events[0].Type != booking.EventConfirmed || events[0].Actor != "key:abc123" || events[0].Channel != "voice" {
		t.Errorf("Events = %+v, %v, want that it was confirmed by the key", events, err)
	}
}

func TestManualConfirmationLeavesBookingPending(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) { doc.Policies[0].Confirmation = tenantconfig.ConfirmManual })
	if made := d.mustBook(t, wish("xray", "2030-06-04 10:00")); made.Status != booking.StatusPending {
		t.Errorf("status %s, want pending", made.Status)
	}
	d.refused(t, wish("xray", "2030-06-04 10:00"), booking.CodeSlotTaken)
}

// The common path is one call to the Store: what is free is decided there, not looked up before.
func TestBookNeedsOneStoreCall(t *testing.T) {
	t.Parallel()
	limits := func(doc *tenantconfig.Document) {
		doc.Policies[0].Limits = tenantconfig.Limits{PerDay: 100, PerWeek: 100, OpenPerCustomer: 100}
	}
	tests := []struct {
		name    string
		request booking.Request
		change  func(*tenantconfig.Document)
	}{
		{"one person", wish("xray", "2030-06-04 10:00"), nil},
		{"any staff", wish("checkup", "2030-06-04 10:00"), nil},
		{"one of the staff", wish("checkup", "2030-06-04 10:00", with("dr-lee")), nil},
		{"staff and room", wish("hygiene", "2030-06-04 10:00"), nil},
		{"a group", wish("class", "2030-06-04 10:00"), nil},
		{"limits", wish("checkup", "2030-06-04 10:00"), limits},
		{"an idempotency key", wish("checkup", "2030-06-04 10:00", keyed("k", "")), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			change := tt.change
			if change == nil {
				change = func(*tenantconfig.Document) {}
			}
			d := openDesk(t, change)
			d.mustBook(t, tt.request)
			if books, reads := d.store.calls(); books != 1 || reads != 0 {
				t.Errorf("%d calls to book and %d to read, want 1 and 0", books, reads)
			}
			if tt.request.Idempotency == nil {
				return
			}
			if _, replayed, err := d.Book(t.Context(), tt.request); err != nil || !replayed {
				t.Errorf("the repeated request = replayed %t, %v", replayed, err)
			}
			if books, reads := d.store.calls(); books != 1 || reads != 0 {
				t.Errorf("replay: %d calls to book and %d to read, want 1 and 0", books, reads)
			}
		})
	}
}

func TestTakenSlotComesWithTheNearestAlternatives(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")))
	refusal := d.refused(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")), booking.CodeSlotTaken)
	if want := "Tuesday 4 June 2030, 10:00 is already taken. Choose another time."; refusal.Message != want || refusal.Field != "start" {
		t.Errorf("field %q, message %q, want %q", refusal.Field, refusal.Message, want)
	}
	// Two before and three after, as near as the appointment of half an hour leaves room.
	if got, want := d.times(refusal.Alternatives), "Tue 09:00, Tue 09:15, Tue 09:30, Tue 10:30, Tue 10:45"; got != want {
		t.Errorf("alternatives %s, want %s", got, want)
	}
	for _, slot := range refusal.Alternatives {
		want := []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}}}
		if diff := cmp.Diff(want, slot.Candidates); diff != "" {
			t.Errorf("the alternative at %s ignores the wish for Dr Khan (-want +got):\n%s", slot.Start, diff)
		}
		if slot.End.Sub(slot.Start) != 30*time.Minute || slot.PlacesLeft != 1 {
			t.Errorf("alternative %+v, want half an hour with one place", slot)
		}
	}
	// Without the wish there is still Dr Lee.
	if made := d.mustBook(t, wish("checkup", "2030-06-04 10:00")); made.Units[0].ResourceID != "dr-lee" {
		t.Errorf("booked with %s, want dr-lee", made.Units[0].ResourceID)
	}
}

func TestAlternativesAreLookedForFurtherAway(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Exceptions = []tenantconfig.Exception{{From: "2030-06-05", To: "2030-07-01", Reason: "Refurbishment"}}
	})
	d.setClock(at("2030-06-05 08:00"))
	refusal := d.refused(t, wish("checkup", "2030-06-14 10:00"), booking.CodeClosed)
	if got, want := d.times(refusal.Alternatives), "Tue 09:00, Tue 09:15, Tue 09:30, Tue 09:45, Tue 10:00"; got != want {
		t.Fatalf("alternatives %s, want %s", got, want)
	}
	if first := refusal.Alternatives[0].Start; !first.Equal(at("2030-07-02 09:00")) {
		t.Errorf("the first alternative is at %s, want the day after the refurbishment", first)
	}
}

func TestAnyStaff(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	load := map[string]int{}
	for minute := 9 * 60; minute < 12*60; minute += 30 { // six half hours, each with two people
		start := fmt.Sprintf("2030-06-04 %02d:%02d", minute/60, minute%60)
		first, second := d.mustBook(t, wish("checkup", start)), d.mustBook(t, wish("checkup", start))
		if first.Units[0] == second.Units[0] {
			t.Fatalf("at %s both are with %v", start, first.Units)
		}
		d.refused(t, wish("checkup", start), booking.CodeSlotTaken)
		load[first.Units[0].ResourceID]++
	}
	// With nobody booked yet, the first choice is not always the same person.
	for day := 7; day < 54; day++ {
		start := at("2030-06-04 10:00").AddDate(0, 0, day)
		if start.Weekday() == time.Saturday || start.Weekday() == time.Sunday {
			continue
		}
		made := d.mustBook(t, wish("checkup", "2030-06-04 10:00", func(r *booking.Request) { r.Start = start }))
		load[made.Units[0].ResourceID]++
	}
	if load["dr-khan"] == 0 || load["dr-lee"] == 0 {
		t.Errorf("the first choice always falls on the same person: %v", load)
	}
}

func TestStaffAndRoom(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	first := d.mustBook(t, wish("hygiene", "2030-06-04 10:00"))
	if len(first.Units) != 2 || first.Units[1].ResourceID != "chairs" {
		t.Fatalf("units %v, want somebody and a chair", first.Units)
	}
	second := d.mustBook(t, wish("hygiene", "2030-06-04 10:00"))
	if first.Units[0] == second.Units[0] || first.Units[1] == second.Units[1] {
		t.Errorf("units %v and %v overlap", first.Units, second.Units)
	}
	d.refused(t, wish("hygiene", "2030-06-04 10:30"), booking.CodeSlotTaken)
	// Both chairs are taken, though nobody is asked for.
	d.refused(t, wish("surgery", "2030-06-04 09:15"), booking.CodeSlotTaken)
	both := d.mustBook(t, wish("surgery", "2030-06-04 09:00"))
	if both.Units[0] == both.Units[1] || len(both.Units) != 2 {
		t.Errorf("units %v, want both chairs", both.Units)
	}
	// One chair may be free, but Surgery needs two.
	d.mustBook(t, wish("hygiene", "2030-06-04 14:00"))
	d.refused(t, wish("surgery", "2030-06-04 14:00"), booking.CodeSlotTaken)
	// Asking for a person narrows that requirement only.
	if made := d.mustBook(t, wish("hygiene", "2030-06-05 10:00", with("dr-lee"))); made.Units[0].ResourceID != "dr-lee" {
		t.Errorf("units %v, want dr-lee", made.Units)
	}
}

// Where two requirements list the wanted resource, the one is narrowed that leaves the other a choice.
func TestWantedResourceIsNotTakenForEveryRequirement(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Services[0].Requires = append(anyOf("dr-khan", "dr-lee"), anyOf("dr-khan")...)
	})
	made := d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")))
	want := booking.Assignment{{ResourceID: "dr-lee", Number: 1}, {ResourceID: "dr-khan", Number: 1}}
	if diff := cmp.Diff(want, made.Units); diff != "" {
		t.Errorf("units differ (-want +got):\n%s", diff)
	}
}

// More units than the Store is asked to try: the last free one is found all the same.
func TestEveryUnitOfALargePoolCanBeBooked(t *testing.T) {
	t.Parallel()
	const units = booking.MaxCandidates + 8
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Resources[2].Capacity = units
		doc.Services[0].Requires = anyOf("chairs")
	})
	used := map[int]bool{}
	for range units {
		used[d.mustBook(t, wish("checkup", "2030-06-04 10:00")).Units[0].Number] = true
	}
	if len(used) != units {
		t.Errorf("%d different units are booked, want %d", len(used), units)
	}
	d.refused(t, wish("checkup", "2030-06-04 10:00"), booking.CodeSlotTaken)
}

func TestBuffersKeepBookingsApart(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Buffers = tenantconfig.Buffers{Before: tenantconfig.Duration(5 * time.Minute), After: tenantconfig.Duration(10 * time.Minute)}
	})
	d.mustBook(t, wish("xray", "2030-06-04 10:00")) // blocks 09:55 to 10:40
	refusal := d.refused(t, wish("xray", "2030-06-04 10:30"), booking.CodeSlotTaken)
	if got, want := d.times(refusal.Alternatives), "Tue 09:15, Tue 10:45, Tue 11:00, Tue 11:15, Tue 11:30"; got != want {
		t.Errorf("alternatives %s, want %s", got, want)
	}
	d.mustBook(t, wish("xray", "2030-06-04 10:45"))
	d.mustBook(t, wish("xray", "2030-06-04 09:15"))
}

func TestRacersForOneSlot(t *testing.T) {
	t.Parallel()
	const racers = 64
	d := openDesk(t)
	outcomes := race(racers, func(i int) (booking.Booking, bool, error) {
		return d.Book(t.Context(), wish("xray", "2030-06-04 10:00", func(r *booking.Request) {
			r.Customer.Phone = fmt.Sprintf("+4420794600%02d", i)
		}))
	})
	won := 0
	for _, outcome := range outcomes {
		if outcome.err == nil {
			won++
			continue
		}
		refusal, ok := errors.AsType[*booking.Error](outcome.err)
		if !ok || refusal.Code != booking.CodeSlotTaken || len(refusal.Alternatives) != booking.MaxAlternatives {
			t.Errorf("a loser got %v, want SLOT_TAKEN with %d alternatives", outcome.err, booking.MaxAlternatives)
		}
	}
	if kept := d.all(t); won != 1 || len(kept) != 1 {
		t.Errorf("%d of %d won and %d bookings are kept, want 1 and 1", won, racers, len(kept))
	}
}

func TestRacersForTheWholeStaff(t *testing.T) {
	t.Parallel()
	const racers = 32
	d := openDesk(t)
	outcomes := race(racers, func(int) (booking.Booking, bool, error) {
		return d.Book(t.Context(), wish("hygiene", "2030-06-04 10:00"))
	})
	var units []booking.Unit
	for _, outcome := range outcomes {
		if outcome.err == nil {
			units = append(units, outcome.booking.Units...)
		} else if booking.CodeOf(outcome.err) != booking.CodeSlotTaken {
			t.Errorf("a loser got %v", outcome.err)
		}
	}
	slices.SortFunc(units, func(a, b booking.Unit) int {
		return strings.Compare(fmt.Sprint(a.ResourceID, a.Number), fmt.Sprint(b.ResourceID, b.Number))
	})
	want := []booking.Unit{{ResourceID: "chairs", Number: 1}, {ResourceID: "chairs", Number: 2}, {ResourceID: "dr-khan", Number: 1}, {ResourceID: "dr-lee", Number: 1}}
	if diff := cmp.Diff(want, units); diff != "" {
		t.Errorf("booked units differ (-want +got):\n%s", diff)
	}
}

type outcome struct {
	booking  booking.Booking
	replayed bool
	err      error
}

// race lets n calls start at once and returns what came of them.
func race(n int, call func(i int) (booking.Booking, bool, error)) []outcome {
	outcomes := make([]outcome, n)
	start := make(chan struct{})
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() {
			<-start
			made, replayed, err := call(i)
			outcomes[i] = outcome{made, replayed, err}
		})
	}
	close(start)
	running.Wait()
	return outcomes
}
