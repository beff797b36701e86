package booking_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestSlots(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-khan")))
	d.mustBook(t, wish("checkup", "2030-06-04 10:30", with("dr-khan")))
	d.mustBook(t, wish("checkup", "2030-06-04 10:00", with("dr-lee")))
	tests := []struct {
		name  string
		query booking.SlotQuery
		want  string
	}{
		{"any staff", booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-04 09:00"), To: at("2030-06-04 11:30")},
			"Tue 09:00, Tue 09:15, Tue 09:30, Tue 10:30, Tue 10:45, Tue 11:00, Tue 11:15"},
		{"one of them", booking.SlotQuery{ServiceID: "checkup", ResourceID: "dr-khan", From: at("2030-06-04 09:00"), To: at("2030-06-04 11:30")},
			"Tue 09:00, Tue 09:15, Tue 09:30, Tue 11:00, Tue 11:15"},
		{"the first few", booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-04 09:00"), To: at("2030-06-04 11:30"), Limit: 2}, "Tue 09:00, Tue 09:15"},
		{"from now on, with notice", booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-01 00:00"), To: at("2030-06-03 10:45")}, "Mon 10:00, Mon 10:15, Mon 10:30"},
		{"a window that has passed", booking.SlotQuery{ServiceID: "checkup", From: at("2030-05-01 00:00"), To: at("2030-05-03 00:00")}, ""},
		{"a closed day", booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-06 00:00"), To: at("2030-06-07 00:00")}, ""},
	}
	for _, tt := range tests {
		slots, err := d.Slots(t.Context(), tt.query)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if got := d.times(slots); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// A slot says who could serve it, each of them once.
func TestSlotsShowCandidates(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "hygiene", From: at("2030-06-04 09:00"), To: at("2030-06-04 09:15")})
	if err != nil || len(slots) != 1 {
		t.Fatalf("Slots = %s, %v", d.times(slots), err)
	}
	want := []booking.Assignment{
		{{ResourceID: "dr-khan", Number: 1}, {ResourceID: "chairs", Number: 1}},
		{{ResourceID: "dr-lee", Number: 1}, {ResourceID: "chairs", Number: 1}},
	}
	if diff := cmp.Diff(want, slots[0].Candidates); diff != "" {
		t.Errorf("candidates differ (-want +got):\n%s", diff)
	}
}

// Of equals the one with less to do comes first.
func TestSlotsProposeTheLeastLoaded(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	for range 2 {
		d.mustBook(t, wish("checkup", "2030-06-04 10:00"))
	}
	d.mustBook(t, wish("checkup", "2030-06-04 14:00", with("dr-khan")))
	slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup", From: at("2030-06-04 09:00"), To: at("2030-06-04 18:00")})
	if err != nil || len(slots) == 0 {
		t.Fatalf("Slots = %d, %v", len(slots), err)
	}
	if first := slots[0].Candidates[0][0].ResourceID; first != "dr-lee" {
		t.Errorf("%s is proposed first, who has more to do", first)
	}
}

// What lies outside a window, but within reach of the buffers, still counts.
func TestSlotsMindTheBuffersBeyondTheWindow(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(doc *tenantconfig.Document) {
		doc.Policies[0].Slots.Interval = tenantconfig.Duration(5 * time.Minute)
		doc.Policies[0].Buffers = tenantconfig.Buffers{Before: tenantconfig.Duration(5 * time.Minute), After: tenantconfig.Duration(10 * time.Minute)}
	})
	d.mustBook(t, wish("xray", "2030-06-04 10:00")) // blocks 09:55 to 10:40
	for start, want := range map[string]int{
		"2030-06-04 09:15": 1, // until 09:45, and its own buffer until 09:55
		"2030-06-04 09:20": 0,
		"2030-06-04 09:25": 0, // ends as the block of the other begins
		"2030-06-04 10:40": 0, // begins as the block of the other ends
		"2030-06-04 10:45": 1,
	} {
		slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "xray", From: at(start), To: at(start).Add(time.Minute)})
		if err != nil || len(slots) != want {
			t.Errorf("at %s: %d slots, %v, want %d", start, len(slots), err, want)
		}
		if reason, err := d.Explain(t.Context(), "xray", "", at(start)); err != nil || reason.OK() != (want == 1) {
			t.Errorf("at %s: Explain = %v, %v, want %d slots", start, reason, err, want)
		}
	}
}

func TestSlotsWindow(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	from := at("2030-06-03 08:00")
	week, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup"})
	if err != nil || len(week) == 0 {
		t.Fatalf("Slots without a window = %d slots, %v", len(week), err)
	}
	if last := week[len(week)-1].Start; !last.Equal(at("2030-06-07 17:30")) {
		t.Errorf("the last slot of the default window is at %s, want it on Friday", last)
	}
	if _, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup", From: from, To: from.Add(62 * 24 * time.Hour)}); err != nil {
		t.Errorf("62 days = %v", err)
	}
	// What lies in the past does not count.
	if _, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup", From: from.AddDate(-1, 0, 0), To: from.Add(time.Hour)}); err != nil {
		t.Errorf("a year that has passed = %v", err)
	}
	tests := []struct {
		name    string
		query   booking.SlotQuery
		code    booking.Code
		field   string
		message string
	}{
		{"63 days", booking.SlotQuery{ServiceID: "checkup", From: from, To: from.AddDate(0, 0, 63)}, booking.CodeWindowTooLarge, "to", "longer than 62 days"},
		{"backwards", booking.SlotQuery{ServiceID: "checkup", From: from.Add(time.Hour), To: from}, booking.CodeValidation, "to", "later than the beginning"},
		{"empty", booking.SlotQuery{ServiceID: "checkup", From: from, To: from}, booking.CodeValidation, "to", "later than the beginning"},
		{"the year 9999", booking.SlotQuery{ServiceID: "checkup", From: from, To: from.AddDate(7969, 0, 0)}, booking.CodeValidation, "to", "The year is 9999"},
		{"a negative limit", booking.SlotQuery{ServiceID: "checkup", Limit: -1}, booking.CodeValidation, "limit", "Send a positive number"},
		{"an unknown service", booking.SlotQuery{ServiceID: "massage"}, booking.CodeUnknownService, "service", `"massage"`},
		{"an unknown resource", booking.SlotQuery{ServiceID: "checkup", ResourceID: "dr-who"}, booking.CodeUnknownResource, "resource", `"dr-who"`},
	}
	for _, tt := range tests {
		_, err := d.Slots(t.Context(), tt.query)
		refusal, ok := errors.AsType[*booking.Error](err)
		if !ok || refusal.Code != tt.code || refusal.Field != tt.field || !strings.Contains(refusal.Message, tt.message) {
			t.Errorf("%s: %v, want %s, field %q, message with %q", tt.name, err, tt.code, tt.field, tt.message)
			continue
		}
		if tt.code == booking.CodeWindowTooLarge && refusal.Details["maximumDays"] != booking.MaxWindowDays {
			t.Errorf("%s: details %v leave out the limit", tt.name, refusal.Details)
		}
	}
}

// Everything that is offered can be booked, and what is not offered cannot, on days on which clocks change.
func TestDaysOnWhichClocksChange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		zone, date string
		span       tenantconfig.Span
		want       string // offered wall-clock times, by a grid of an hour
	}{
		{"Europe/London", "2030-03-31", tenantconfig.Span{From: 0, To: 4 * 60}, "00:00 02:00 03:00"},                 // 01:00 becomes 02:00
		{"Europe/London", "2030-10-27", tenantconfig.Span{From: 0, To: 3 * 60}, "00:00 01:00 01:00 02:00"},           // 02:00 becomes 01:00
		{"Africa/Cairo", "2030-04-26", tenantconfig.Span{From: 9 * 60, To: 12 * 60}, "09:00 10:00 11:00"},            // midnight does not exist
		{"America/Havana", "2030-03-10", tenantconfig.Span{From: 0, To: 3 * 60}, "01:00 02:00"},                      // midnight does not exist
		{"Australia/Lord_Howe", "2030-10-06", tenantconfig.Span{From: 60, To: 4 * 60}, "01:00 02:30"},                // 02:00 becomes 02:30
		{"America/New_York", "2030-03-09", tenantconfig.Span{From: 23 * 60, To: 28 * 60}, "23:00 00:00 01:00 03:00"}, // across midnight into the change
	}
	for _, tt := range tests {
		t.Run(tt.zone+" "+tt.date, func(t *testing.T) {
			t.Parallel()
			d := openDesk(t, func(doc *tenantconfig.Document) {
				doc.Tenant.TimeZone = tt.zone
				doc.Policies[0].Slots.Interval = tenantconfig.Duration(time.Hour)
				doc.Policies[0].Exceptions = []tenantconfig.Exception{{From: tenantconfig.Date(tt.date), Spans: []tenantconfig.Span{tt.span}}}
				doc.Policies[0].Hours = nil
				doc.Services[1].Duration = tenantconfig.Duration(time.Hour)
			})
			noon := in(tt.zone, tt.date+" 12:00")
			d.setClock(noon.AddDate(0, 0, -5))
			slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "xray", From: noon.AddDate(0, 0, -1), To: noon.AddDate(0, 0, 2)})
			if err != nil {
				t.Fatal(err)
			}
			var offered []string
			for _, slot := range slots {
				local := slot.Start.In(d.Catalog().Location())
				offered = append(offered, local.Format("15:04"))
				made := d.mustBook(t, wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = slot.Start }))
				if want := local.Format("2006-01-02T15:04"); made.LocalStart != want || made.TimeZone != tt.zone || made.End.Sub(made.Start) != time.Hour {
					t.Errorf("booked %s in %s until %s, want an hour from %s", made.LocalStart, made.TimeZone, made.End, want)
				}
			}
			if got := strings.Join(offered, " "); got != tt.want {
				t.Errorf("offered %s, want %s", got, tt.want)
			}
			for hour := -24; hour < 24; hour++ { // all of them are taken now
				start := noon.Add(time.Duration(hour) * time.Hour)
				if made, _, err := d.Book(t.Context(), wish("xray", "2030-06-04 10:00", func(r *booking.Request) { r.Start = start })); err == nil {
					t.Errorf("%s was booked though it was not offered", made.LocalStart)
				}
			}
		})
	}
}

// The last day of leap years after 2037, on which Go's zone bounds cannot be trusted.
func TestLastDayOfADistantLeapYear(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	d.refused(t, wish("checkup", "2040-12-31 10:00"), booking.CodeTooFar)
	d.setClock(at("2040-12-28 10:00"))
	if made := d.mustBook(t, wish("checkup", "2040-12-31 10:00")); made.LocalStart != "2040-12-31T10:00" {
		t.Errorf("booked for %s", made.LocalStart)
	}
	slots, err := d.Slots(t.Context(), booking.SlotQuery{ServiceID: "checkup", From: at("2040-12-31 00:00"), To: at("2041-01-01 00:00"), Limit: 2})
	if got, want := d.times(slots), "Mon 09:00, Mon 09:15"; err != nil || got != want {
		t.Errorf("Slots = %s, %v, want %s", got, err, want)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	var ids []string
	for i := range 7 {
		made := d.mustBook(t, wish("checkup", fmt.Sprintf("2030-06-04 %02d:00", []int{9, 10, 11, 14, 15, 16, 17}[i]), func(r *booking.Request) {
			r.Customer.Phone = fmt.Sprintf("020 7946 000%d", i%2)
		}))
		ids = append(ids, made.ID)
	}
	var got []string
	filter := booking.Filter{Limit: 3}
	for page := 1; ; page++ {
		bookings, next, more, err := d.List(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bookings {
			got = append(got, b.ID)
		}
		if want := page < 3; more != want {
			t.Fatalf("after page %d: more = %t, want %t", page, more, want)
		}
		if !more {
			break
		}
		filter.After = next
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Errorf("the pages differ from what was booked (-want +got):\n%s", diff)
	}
	if _, _, more, err := d.List(t.Context(), booking.Filter{Limit: 7}); err != nil || more {
		t.Errorf("a page of exactly all = more %t, %v", more, err)
	}
	if bookings, _, _, err := d.List(t.Context(), booking.Filter{Phone: "(020) 79460001"}); err != nil || len(bookings) != 3 {
		t.Errorf("by phone as people write it: %d bookings, %v, want 3", len(bookings), err)
	}
	if bookings, _, _, err := d.List(t.Context(), booking.Filter{ServiceID: "massage"}); err != nil || len(bookings) != 0 {
		t.Errorf("by a service that is not offered: %d bookings, %v, want none and no error", len(bookings), err)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	from := at("2030-06-04 10:00")
	for _, tt := range []struct {
		field  string
		filter booking.Filter
	}{
		{"limit", booking.Filter{Limit: -1}},
		{"limit", booking.Filter{Limit: booking.MaxPageSize + 1}},
		{"to", booking.Filter{From: from, To: from}},
		{"to", booking.Filter{To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{"from", booking.Filter{From: time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)}},
		{"status", booking.Filter{Statuses: []booking.Status{"confirmed", "maybe"}}},
		{"phone", booking.Filter{Phone: "12"}},
		{"service", booking.Filter{ServiceID: "a\x00"}},
		{"resource", booking.Filter{ResourceID: "\xff"}},
		{"customer", booking.Filter{CustomerID: "42"}},
		{"cursor", booking.Filter{After: booking.Position{ID: "42"}}},
	} {
		_, _, _, err := d.List(t.Context(), tt.filter)
		if refusal, ok := errors.AsType[*booking.Error](err); !ok || refusal.Code != booking.CodeValidation || refusal.Field != tt.field {
			t.Errorf("List(%+v) = %v, want VALIDATION_ERROR about %s", tt.filter, err, tt.field)
		}
	}
}

func TestGetAndEventsOfNothing(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	for _, id := range []string{"", "42", "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", "urn:uuid:01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", strings.Repeat("x", 10_000), "a\x00"} {
		_, getErr := d.Get(t.Context(), id)
		_, eventsErr := d.Events(t.Context(), id)
		if booking.CodeOf(getErr) != booking.CodeNotFound || booking.CodeOf(eventsErr) != booking.CodeNotFound {
			t.Errorf("%.40q: Get = %v, Events = %v, want NOT_FOUND", id, getErr, eventsErr)
		}
	}
}
