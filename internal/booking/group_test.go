package booking_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestGroup(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	var places []int
	for i := range 3 {
		if got, want := d.placesLeft(t, "2030-06-04 10:00"), 3-i; got != want {
			t.Errorf("%d places are left before booking %d, want %d", got, i+1, want)
		}
		made := d.mustBook(t, wish("class", "2030-06-04 10:00"))
		if made.GroupSize != 3 {
			t.Errorf("group size %d, want 3", made.GroupSize)
		}
		places = append(places, made.Place)
	}
	slices.Sort(places)
	if diff := cmp.Diff([]int{1, 2, 3}, places); diff != "" {
		t.Errorf("places differ (-want +got):\n%s", diff)
	}
	refusal := d.refused(t, wish("class", "2030-06-04 10:00"), booking.CodeSlotTaken)
	if want := "Brushing class at Tuesday 4 June 2030, 10:00 is full. Choose another time."; refusal.Message != want {
		t.Errorf("message %q, want %q", refusal.Message, want)
	}
	if got, want := d.times(refusal.Alternatives), "Tue 09:00, Tue 11:00, Tue 11:15, Tue 11:30, Tue 13:30"; got != want {
		t.Errorf("alternatives %s, want %s", got, want)
	}
	// The room is the session's until it ends.
	d.refused(t, wish("class", "2030-06-04 10:30"), booking.CodeSlotTaken)
}

// placesLeft returns how many places of the class at a time are on offer; 0 when it is not.
func (d *desk) placesLeft(t *testing.T, start string) int {
	t.Helper()
	slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "class", From: at(start), To: at(start).Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if len(slots) == 0 {
		return 0
	}
	return slots[0].PlacesLeft
}

func TestGroupIsNeverOverfilled(t *testing.T) {
	t.Parallel()
	const racers = 24
	d := openDesk(t)
	outcomes := race(racers, func(int) (booking.Booking, bool, error) {
		return d.Book(t.Context(), wish("class", "2030-06-04 10:00"))
	})
	var places []int
	for _, outcome := range outcomes {
		switch {
		case outcome.err == nil:
			places = append(places, outcome.booking.Place)
		case booking.CodeOf(outcome.err) != booking.CodeSlotTaken:
			t.Errorf("a loser got %v", outcome.err)
		}
	}
	slices.Sort(places)
	if diff := cmp.Diff([]int{1, 2, 3}, places); diff != "" {
		t.Errorf("places differ (-want +got):\n%s", diff)
	}
}

// A session that people have booked can be joined although the grid has changed since.
func TestSessionOffTheGridCanBeJoined(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	first := d.mustBook(t, wish("class", "2030-06-04 10:15"))
	d.reload(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Slots.Interval = tenantconfig.Duration(time.Hour)
	})
	if got := d.placesLeft(t, "2030-06-04 10:15"); got != 2 {
		t.Errorf("%d places are on offer, want 2", got)
	}
	if second := d.mustBook(t, wish("class", "2030-06-04 10:15")); !slices.Equal(second.Units, first.Units) || second.Place == first.Place {
		t.Errorf("place %d on %v, want another place of the session on %v", second.Place, second.Units, first.Units)
	}
	d.refused(t, wish("class", "2030-06-04 14:15"), booking.CodeOffGrid)
}

// A session keeps the places that it was opened with.
func TestSessionKeepsItsSize(t *testing.T) {
	t.Parallel()
	size := func(n int) func(*tenantconfig.Document) {
		return func(doc *tenantconfig.Document) { doc.Services[4].GroupSize = n }
	}
	d := openDesk(t)
	d.mustBook(t, wish("class", "2030-06-04 10:00"))
	for _, n := range []int{2, 3, 9} {
		d.reload(t, size(n))
		if got := d.placesLeft(t, "2030-06-04 10:00"); got != 2 {
			t.Errorf("with groups of %d, %d places are left in a session of 3 with 1 taken, want 2", n, got)
		}
	}
	d.mustBook(t, wish("class", "2030-06-04 10:00"))
	d.mustBook(t, wish("class", "2030-06-04 10:00"))
	if got := d.placesLeft(t, "2030-06-04 10:00"); got != 0 {
		t.Errorf("%d places are left in a full session", got)
	}
	d.refused(t, wish("class", "2030-06-04 10:00"), booking.CodeSlotTaken)
}

// A session keeps the times of when it was opened: once the service takes longer, or needs more time around
// it, the session's units would not be free for a newcomer to the end.
func TestSessionTakesNobodyWhoNeedsLonger(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*tenantconfig.Document){
		"longer":       func(doc *tenantconfig.Document) { doc.Services[4].Duration = tenantconfig.Duration(90 * time.Minute) },
		"buffer after": func(doc *tenantconfig.Document) { doc.Policies[0].Buffers.After = tenantconfig.Duration(time.Minute) },
		"buffer before": func(doc *tenantconfig.Document) {
			doc.Policies[0].Buffers.Before = tenantconfig.Duration(time.Minute)
		},
	} {
		d := openDesk(t)
		first := d.mustBook(t, wish("class", "2030-06-05 10:00"))
		d.reload(t, change)
		refusal := d.refused(t, wish("class", "2030-06-05 10:00"), booking.CodeSlotTaken)
		if len(refusal.Alternatives) == 0 {
			t.Errorf("%s: the refusal has no alternatives", name)
		}
		d.reload(t, func(doc *tenantconfig.Document) { doc.Services[4].Duration = tenantconfig.Duration(30 * time.Minute) })
		if second := d.mustBook(t, wish("class", "2030-06-05 10:00")); second.Place != 2 || second.End.After(first.End) {
			t.Errorf("%s: a shorter booking has place %d and ends at %s", name, second.Place, second.End)
		}
	}
}

// limited gives the first policy limits.
func limited(l tenantconfig.Limits) func(*tenantconfig.Document) {
	return func(doc *tenantconfig.Document) { doc.Policies[0].Limits = l }
}

func TestLimitPerDay(t *testing.T) {
	t.Parallel()
	d := openDesk(t, limited(tenantconfig.Limits{PerDay: 2}))
	d.mustBook(t, wish("checkup", "2030-06-04 10:00"))
	d.mustBook(t, wish("class", "2030-06-04 10:00")) // of any service
	refusal := d.refused(t, wish("checkup", "2030-06-04 14:00"), booking.CodeLimitReached)
	if want := "Tuesday 4 June 2030 is fully booked. Choose another day."; refusal.Message != want || refusal.Details["limit"] != availability.PerDay {
		t.Errorf("message %q, details %v", refusal.Message, refusal.Details)
	}
	if got, want := d.times(refusal.Alternatives), "Wed 09:00, Wed 09:15, Wed 09:30, Wed 09:45, Wed 10:00"; got != want {
		t.Errorf("alternatives %s, want %s", got, want)
	}
	if slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-04 00:00"), To: at("2030-06-05 00:00")}); err != nil || len(slots) > 0 {
		t.Errorf("Slots = %s, %v, want none on a full day", d.times(slots), err)
	}
	d.mustBook(t, wish("checkup", "2030-06-05 14:00"))
}

func TestLimitPerWeek(t *testing.T) {
	t.Parallel()
	d := openDesk(t, limited(tenantconfig.Limits{PerWeek: 2}))
	d.mustBook(t, wish("checkup", "2030-06-04 10:00"))
	d.mustBook(t, wish("checkup", "2030-06-07 17:30"))
	refusal := d.refused(t, wish("checkup", "2030-06-05 10:00"), booking.CodeLimitReached)
	if want := "The week of Wednesday 5 June 2030 is fully booked. Choose another week."; refusal.Message != want {
		t.Errorf("message %q, want %q", refusal.Message, want)
	}
	if len(refusal.Alternatives) == 0 || refusal.Alternatives[0].Start.Before(at("2030-06-10 09:00")) {
		t.Errorf("alternatives %s, want some of the next week", d.times(refusal.Alternatives))
	}
	d.mustBook(t, wish("checkup", "2030-06-10 09:00"))
}

func TestLimitPerCustomer(t *testing.T) {
	t.Parallel()
	person := func(n int) func(*booking.Request) {
		return func(r *booking.Request) { r.Customer.Phone = fmt.Sprintf("020 7946 00%02d", n) }
	}
	d := openDesk(t, limited(tenantconfig.Limits{OpenPerCustomer: 1}))
	first := d.mustBook(t, wish("checkup", "2030-06-04 10:00", person(1)))
	refusal := d.refused(t, wish("checkup", "2030-06-05 10:00", person(1)), booking.CodeLimitReached)
	want := "This customer has as many bookings to come as are allowed (1). Cancel one, or book again after one has taken place."
	if refusal.Message != want || refusal.Field != "" || len(refusal.Alternatives) > 0 {
		t.Errorf("message %q, field %q, alternatives %s; want %q alone", refusal.Message, refusal.Field, d.times(refusal.Alternatives), want)
	}
	d.mustBook(t, wish("checkup", "2030-06-05 10:00", person(2)))
	if _, _, err := d.Cancel(t.Context(), booking.CancelRequest{ID: first.ID}); err != nil {
		t.Fatal(err)
	}
	d.mustBook(t, wish("checkup", "2030-06-05 10:00", person(1)))
}

func TestRaceForTheLastOfTheDay(t *testing.T) {
	t.Parallel()
	d := openDesk(t, limited(tenantconfig.Limits{PerDay: 3}))
	won := 0
	for _, outcome := range race(16, func(i int) (booking.Booking, bool, error) {
		return d.Book(t.Context(), wish("checkup", "2030-06-04 09:00", func(r *booking.Request) { r.Start = r.Start.Add(time.Duration(i%8) * 15 * time.Minute) }))
	}) {
		switch code := booking.CodeOf(outcome.err); {
		case outcome.err == nil:
			won++
		case code != booking.CodeLimitReached && code != booking.CodeSlotTaken:
			t.Errorf("a loser got %v", outcome.err)
		}
	}
	if kept := d.all(t); won != 3 || len(kept) != 3 {
		t.Errorf("%d won and %d are kept, want 3 and 3", won, len(kept))
	}
}

// A day is a local date of the business: in Auckland, 4 June runs from noon to noon of UTC.
func TestLimitsCountLocalDays(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Tenant.TimeZone = "Pacific/Auckland"
		doc.Policies[0].Limits.PerDay = 1
		doc.Policies[0].Hours = []tenantconfig.Hours{{Days: []tenantconfig.Weekday{"Tue", "Wed"}, Spans: []tenantconfig.Span{{From: 0, To: 24 * 60}}}}
	})
	book := func(local string) error {
		_, _, err := d.Book(t.Context(), wish("checkup", "2030-06-04 10:00", func(r *booking.Request) { r.Start = in("Pacific/Auckland", local) }))
		return err
	}
	for _, first := range []string{"2030-06-05 00:00", "2030-06-04 00:00", "2030-06-11 23:30", "2030-06-12 00:00"} { // neighbours, both ways round
		if err := book(first); err != nil {
			t.Errorf("the first booking of a local day, at %s = %v", first, err)
		}
	}
	if err := book("2030-06-04 23:30"); booking.CodeOf(err) != booking.CodeLimitReached {
		t.Errorf("a second booking on the local day = %v, want LIMIT_REACHED", err)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) { doc.Policies[0].Limits.PerDay = 2 })
	d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")))
	d.mustBook(t, wish("class", "2030-06-05 10:00"))
	d.mustBook(t, wish("class", "2030-06-05 10:00"))
	tests := []struct {
		name, service, resource, start string
		want                           availability.Reason
	}{
		{"free", "checkup", "", "2030-06-04 10:00", availability.Reason{Code: availability.OK}},
		{"taken", "checkup", "dr-khan", "2030-06-04 10:00", availability.Reason{Code: availability.SlotTaken, Resource: "dr-khan"}},
		{"overlapping", "xray", "", "2030-06-04 10:15", availability.Reason{Code: availability.SlotTaken, Resource: "dr-khan"}},
		{"past", "checkup", "dr-lee", "2030-06-03 07:00", availability.Reason{Code: availability.Past}},
		{"limit", "checkup", "dr-lee", "2030-06-05 16:00", availability.Reason{Code: availability.LimitReached, Resource: "dr-lee", Limit: availability.PerDay}},
	}
	for _, tt := range tests {
		got, err := d.Explain(t.Context(), tt.service, tt.resource, at(tt.start))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: reason differs (-want +got):\n%s", tt.name, diff)
		}
	}
	if _, err := d.Explain(t.Context(), "massage", "", at("2030-06-04 10:00")); booking.CodeOf(err) != booking.CodeUnknownService {
		t.Errorf("unknown service = %v", err)
	}
	if _, err := d.Explain(t.Context(), "checkup", "", time.Time{}); booking.CodeOf(err) != booking.CodeValidation {
		t.Errorf("no start = %v", err)
	}
}

func TestNewCatalogRefusesInvalidDocuments(t *testing.T) {
	t.Parallel()
	doc := business()
	doc.Services[0].Requires[0].AnyOf = []string{"nobody"}
	_, err := booking.NewCatalog(doc)
	if validation, ok := errors.AsType[*tenantconfig.ValidationError](err); !ok || validation.Errors[0].Field != "services[0].requires[0].anyOf[0]" {
		t.Errorf("NewCatalog = %v, want a ValidationError about the resource", err)
	}
}

func TestCatalogAnswers(t *testing.T) {
	t.Parallel()
	catalog := openDesk(t).Catalog()
	if service, found := catalog.Service("hygiene"); !found || service.Name != "Hygienist" {
		t.Errorf("Service(hygiene) = %+v, %t", service, found)
	}
	if _, found := catalog.Service("massage"); found {
		t.Error("there is a service massage")
	}
	if resource, found := catalog.Resource("dr-lee"); !found || resource.Name != "Dr Lee" {
		t.Errorf("Resource(dr-lee) = %+v, %t", resource, found)
	}
	if _, found := catalog.Resource("dr-who"); found {
		t.Error("there is a resource dr-who")
	}
	if catalog.Location().String() != "Europe/London" || len(catalog.Services()) != 5 || catalog.Document().Tenant.Name != "bright-smile" {
		t.Errorf("the catalog does not tell the document's content: %s, %d services", catalog.Location(), len(catalog.Services()))
	}
}
