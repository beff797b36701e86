package booking_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func fromCustomer(c booking.Customer) func(*booking.Request) {
	return func(r *booking.Request) { r.Customer = c }
}

func fromPhone(text string) func(*booking.Request) {
	return fromCustomer(booking.Customer{Name: "Ann Miller", Phone: text})
}

func fromName(text string) func(*booking.Request) {
	return fromCustomer(booking.Customer{Name: text, Phone: "+442079460123"})
}

func fromEmail(text string) func(*booking.Request) {
	return fromCustomer(booking.Customer{Name: "Ann Miller", Email: text})
}

func withNotes(text string) func(*booking.Request) {
	return func(r *booking.Request) { r.Notes = text }
}

func startingAt(moment time.Time) func(*booking.Request) {
	return func(r *booking.Request) { r.Start = moment }
}

func forService(id string) func(*booking.Request) {
	return func(r *booking.Request) { r.ServiceID = id }
}

const (
	noPhone   = "is not a phone number. Send it with its country code, like +44"
	noEmail   = "is not an e-mail address. Send one like ann@example.com."
	noService = "Choose one from the list of services."
)

// badInput is what may be wrong with a request, and what is said of it.
var badInput = []struct {
	name    string
	change  func(*booking.Request)
	code    booking.Code
	field   string
	message string // a part of it
}{
	{"unknown service", forService("massage"), booking.CodeUnknownService, "service", `There is no service "massage". ` + noService},
	{"no service", forService(""), booking.CodeUnknownService, "service", `There is no service "". ` + noService},
	{"a service that is no text", forService("a\x00\xff" + strings.Repeat("x", 300)), booking.CodeUnknownService, "service", noService},
	{"unknown resource", with("dr-who"), booking.CodeUnknownResource, "resource", `There is no staff member, room or equipment "dr-who".`},
	{"a resource of another service", with("classroom"), booking.CodeUnknownResource, "resource", "Check-up is not available with Classroom."},
	{"no start", startingAt(time.Time{}), booking.CodeValidation, "start", "The start is missing."},
	{"a start in fractions", startingAt(at("2030-06-04 10:00").Add(time.Millisecond)), booking.CodeValidation, "start", "fractions of a second"},
	{"a start in the year 9999", startingAt(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)), booking.CodeValidation, "start", "The year is 9999. Check the date."},
	{"a start in the year 1", startingAt(time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC)), booking.CodeValidation, "start", "The year is 1. Check the date."},
	{"no name", fromName(""), booking.CodeValidation, "customer.name", "The customer's name is missing."},
	{"a blank name", fromName(" \u00a0 "), booking.CodeValidation, "customer.name", "The customer's name is missing."},
	{"a name of 300 characters", fromName(strings.Repeat("é", 300)), booking.CodeValidation, "customer.name", "has 300 characters; at most 120 are allowed"},
	{"a name of two lines", fromName("Ann\nMiller"), booking.CodeValidation, "customer.name", "control character U+000A"},
	{"a name with NUL", fromName("Ann\x00"), booking.CodeValidation, "customer.name", "control character U+0000"},
	{"a name that is not UTF-8", fromName("Ann\xff"), booking.CodeValidation, "customer.name", "not valid UTF-8"},
	{"a malformed phone", fromPhone("call me"), booking.CodeValidation, "customer.phone", `"call me" ` + noPhone},
	{"a phone of three digits", fromPhone("123"), booking.CodeValidation, "customer.phone", `"123" ` + noPhone},
	{"a phone of 30 digits", fromPhone(strings.Repeat("7", 30)), booking.CodeValidation, "customer.phone", noPhone},
	{"a phone of 300 digits", fromPhone(strings.Repeat("7", 300)), booking.CodeValidation, "customer.phone", "at most 40 are allowed"},
	{"a phone with an extension", fromPhone("020 7946 0123 ext. 5"), booking.CodeValidation, "customer.phone", "Send the direct number."},
	{"neither phone nor e-mail", fromPhone(""), booking.CodeValidation, "customer.phone", "Send a phone number or an e-mail address."},
	{"an e-mail without @", fromEmail("ann"), booking.CodeValidation, "customer.email", `"ann" ` + noEmail},
	{"an e-mail with a name", fromEmail("Ann <ann@example.com>"), booking.CodeValidation, "customer.email", noEmail},
	{"two e-mails", fromEmail("ann@example.com, bob@example.com"), booking.CodeValidation, "customer.email", noEmail},
	{"a long e-mail", fromEmail(strings.Repeat("a", 250) + "@example.com"), booking.CodeValidation, "customer.email", "at most 254 are allowed"},
	{"long notes", withNotes(strings.Repeat("x", 2001)), booking.CodeValidation, "notes", "has 2001 characters; at most 2000 are allowed"},
	{"notes with an escape", withNotes("\x1b[2J"), booking.CodeValidation, "notes", "control character U+001B"},
	{"a key that cannot be kept", keyed("a\x00b", ""), booking.CodeValidation, "", "cannot be kept"},
}

// Whatever is wrong with a request is said with the field and what to do, and leaves nothing behind.
func TestBookRefusesBadInput(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	for _, tt := range badInput {
		t.Run(tt.name, func(t *testing.T) {
			refusal := d.refused(t, wish("checkup", "2030-06-04 10:00", tt.change), tt.code)
			if refusal.Field != tt.field || !strings.Contains(refusal.Message, tt.message) {
				t.Errorf("field %q, message %q; want field %q and %q in the message", refusal.Field, refusal.Message, tt.field, tt.message)
			}
			if len(refusal.Message) > 400 {
				t.Errorf("the message repeats too much of the input: %q", refusal.Message)
			}
		})
	}
	if made := d.all(t); len(made) > 0 {
		t.Errorf("refused requests left %d bookings behind", len(made))
	}
}

func TestBookRefusesStarts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, start  string
		code         booking.Code
		message      string
		alternatives string
	}{
		{"a year ago", "2029-06-04 10:00", booking.CodeInThePast,
			"Monday 4 June 2029, 10:00 has passed. Choose a time that is still to come.", "Mon 10:00, Mon 10:15, Mon 10:30, Mon 10:45, Mon 11:00"},
		{"this morning", "2030-06-03 07:45", booking.CodeInThePast,
			"Monday 3 June 2030, 07:45 has passed. Choose a time that is still to come.", "Mon 10:00, Mon 10:15, Mon 10:30, Mon 10:45, Mon 11:00"},
		{"within the notice", "2030-06-03 09:45", booking.CodeTooSoon,
			"Bookings are taken at least 2 hours ahead. Choose a time from Monday 3 June 2030, 10:00.", "Mon 10:00, Mon 10:15, Mon 10:30, Mon 10:45, Mon 11:00"},
		{"beyond the horizon", "2030-08-05 10:00", booking.CodeTooFar,
			"Bookings are taken up to 60 days ahead. Choose a time before Saturday 3 August 2030.", "Fri 16:30, Fri 16:45, Fri 17:00, Fri 17:15, Fri 17:30"},
		{"at a weekend", "2030-06-08 10:00", booking.CodeClosed,
			"Bright Smile Dental is closed on Saturday 8 June 2030. Choose another day.", "Fri 16:30, Fri 16:45, Fri 17:00, Fri 17:15, Fri 17:30"},
		{"on a day that is an exception", "2030-06-06 10:00", booking.CodeClosed,
			"Bright Smile Dental is closed on Thursday 6 June 2030 (Staff outing). Choose another day.", "Wed 16:30, Wed 16:45, Wed 17:00, Wed 17:15, Wed 17:30"},
		{"in the evening", "2030-06-04 20:00", booking.CodeOutsideHours,
			"Check-up takes 30 minutes and does not fit into the opening hours at Tuesday 4 June 2030, 20:00. Choose another time.",
			"Tue 16:30, Tue 16:45, Tue 17:00, Tue 17:15, Tue 17:30"},
		{"into the lunch break", "2030-06-04 12:15", booking.CodeOutsideHours,
			"Check-up takes 30 minutes and does not fit into the opening hours at Tuesday 4 June 2030, 12:15. Choose another time.",
			"Tue 11:00, Tue 11:15, Tue 11:30, Tue 11:45, Tue 12:00"},
		{"off the grid", "2030-06-04 10:07", booking.CodeOffGrid,
			"Appointments do not begin at 10:07:00. Choose one of the offered times.", "Tue 09:30, Tue 09:45, Tue 10:00, Tue 10:15, Tue 10:30"},
	}
	d := openDesk(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			refusal := d.refused(t, wish("checkup", tt.start), tt.code)
			if refusal.Field != "start" || refusal.Message != tt.message {
				t.Errorf("field %q, message %q;\nwant %q", refusal.Field, refusal.Message, tt.message)
			}
			if got := d.times(refusal.Alternatives); got != tt.alternatives {
				t.Errorf("alternatives %s, want %s", got, tt.alternatives)
			}
			if len(refusal.Details) == 0 {
				t.Error("there are no details for machines")
			}
		})
	}
	if made := d.all(t); len(made) > 0 {
		t.Errorf("refused requests left %d bookings behind", len(made))
	}
}

func TestRefusalNamesTheResourceWithHoursOfItsOwn(t *testing.T) {
	t.Parallel()
	d := openDesk(t, leeOnMondays)
	refusal := d.refused(t, wish("checkup", "2030-06-04 10:00", with("dr-lee")), booking.CodeClosed)
	if want := "Dr Lee is not in on Tuesday 4 June 2030. Choose another day."; refusal.Message != want {
		t.Errorf("message %q, want %q", refusal.Message, want)
	}
	if got, want := d.times(refusal.Alternatives), "Mon 12:30, Mon 12:45, Mon 13:00, Mon 13:15, Mon 13:30"; got != want {
		t.Errorf("alternatives %s, want %s", got, want)
	}
}

// leeOnMondays gives Dr Lee a policy whose hours count, and whose other rules do not.
func leeOnMondays(doc *tenantconfig.Document) {
	doc.Resources[1].Policy = "lee"
	other := doc.Policies[0]
	other.Name = "lee"
	other.Hours = []tenantconfig.Hours{{Days: []tenantconfig.Weekday{"Mon"}, Spans: []tenantconfig.Span{{From: 9 * 60, To: 14 * 60}}}}
	other.Slots.Interval = tenantconfig.Duration(20 * time.Minute)
	other.Notice = tenantconfig.Notice{Minimum: tenantconfig.Duration(100 * time.Hour), MaximumDays: 1}
	other.Buffers.After = tenantconfig.Duration(time.Hour)
	other.Limits.PerDay = 1
	other.Confirmation = tenantconfig.ConfirmManual
	doc.Policies = append(doc.Policies, other)
}

// A resource's policy is its timetable; the tenant's policy is the rule book.
func TestTenantPolicyRulesResourcePolicySetsHours(t *testing.T) {
	t.Parallel()
	d := openDesk(t, leeOnMondays)
	first := d.mustBook(t, wish("checkup", "2030-06-03 10:15", with("dr-lee")))
	second := d.mustBook(t, wish("checkup", "2030-06-03 10:45", with("dr-lee")))
	for _, made := range []booking.Booking{first, second} {
		if made.Status != booking.StatusConfirmed {
			t.Errorf("status %s, want it confirmed by the tenant's policy", made.Status)
		}
	}
	d.refused(t, wish("checkup", "2030-06-10 13:45", with("dr-lee")), booking.CodeOutsideHours)
	// On Tuesday only Dr Khan is in.
	if made := d.mustBook(t, wish("checkup", "2030-06-04 10:00")); made.Units[0].ResourceID != "dr-khan" {
		t.Errorf("booked with %s, who is not in", made.Units[0].ResourceID)
	}
	d.refused(t, wish("checkup", "2030-06-04 10:00"), booking.CodeSlotTaken)
}

func TestStoreFailureIsNotTheCallersFault(t *testing.T) {
	t.Parallel()
	d := openDesk(t)
	if err := d.store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	_, _, bookErr := d.Book(ctx, wish("checkup", "2030-06-04 10:00", keyed("k", "")))
	_, _, cancelErr := d.Cancel(ctx, booking.CancelRequest{ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"})
	_, getErr := d.Get(ctx, "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11")
	_, eventsErr := d.Events(ctx, "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11")
	_, _, _, listErr := d.List(ctx, booking.Filter{})
	_, slotsErr := d.Slots(ctx, booking.SlotQuery{ServiceID: "checkup"})
	_, explainErr := d.Explain(ctx, "checkup", "", at("2030-06-04 10:00"))
	for name, err := range map[string]error{
		"Book": bookErr, "Cancel": cancelErr, "Get": getErr, "Events": eventsErr, "List": listErr, "Slots": slotsErr, "Explain": explainErr,
	} {
		failure, ok := errors.AsType[*booking.Error](err)
		if !ok || failure.Code != booking.CodeStorageUnavailable || !strings.Contains(failure.Message, "Try again") {
			t.Errorf("%s = %v, want STORAGE_UNAVAILABLE that says to try again", name, err)
			continue
		}
		if failure.Unwrap() == nil || strings.Contains(failure.Message, failure.Unwrap().Error()) {
			t.Errorf("%s: the cause %v must be kept, and kept from the caller: %q", name, failure.Unwrap(), failure.Message)
		}
	}
	// A refusal that needs no store stands, without alternatives.
	if refusal := d.refused(t, wish("checkup", "2030-06-04 20:00"), booking.CodeOutsideHours); len(refusal.Alternatives) > 0 || refusal.Unwrap() == nil {
		t.Errorf("refusal = %+v, want it without alternatives and with the cause", refusal)
	}
}
