package lead

import (
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// Person is a lead or a customer.
type Person struct {
	// ID is a UUID (version 7).
	ID string
	// Name has at most MaxName characters and may be empty.
	Name string
	// Phone is in E.164 form; empty only for somebody who booked with an e-mail address alone.
	Phone string
	Email string
	// OtherPhones are the numbers of people who were merged into this one, in E.164 form, sorted.
	OtherPhones []string
	Status      Status
	// Tags are in lower case, sorted, each once.
	Tags []string
	// Source is where the business has the person from, such as csv or website.
	Source string
	Notes  string
	// Custom holds the business's own fields.
	Custom map[string]string
	// LastContactedAt is zero for somebody who was never contacted.
	LastContactedAt      time.Time
	CreatedAt, UpdatedAt time.Time
	// Version counts changes, from 1.
	Version int
}

// Draft is what somebody says about a person: for creating one, and for each row of an import.
type Draft struct {
	Name, Phone, Email string
	// Status is the status of a person who is not known yet; empty means new. It changes that of a known
	// one only to opted_out.
	Status Status
	Tags   []string
	Source string
	Notes  string
	Custom map[string]string
}

// Patch changes fields of a person; nil fields stay.
type Patch struct {
	Name, Phone, Email, Source, Notes *string
	Status                            *Status
	// Tags replaces all of them.
	Tags *[]string
	// Custom sets fields and, where the value is nil, removes them. Fields that are not named stay.
	Custom          map[string]*string
	LastContactedAt *time.Time
}

// Identity is what makes two rows one person; see booking.Customer.
func (p Person) Identity() string { return identity(p.Phone, p.Email) }

// EventType names what happened to a person.
type EventType string

// The event types. Those of bookings appear in a timeline under their own names.
const (
	EventCreated       EventType = "lead.created"
	EventUpdated       EventType = "lead.updated"
	EventStatusChanged EventType = "lead.status_changed"
	EventOptedOut      EventType = "lead.opted_out"
	EventOptedIn       EventType = "lead.opted_in"
	EventMerged        EventType = "lead.merged"
	EventErased        EventType = "lead.erased"
)

// Event is something that happened to a person, without personal data.
type Event struct {
	Type EventType
	// Details depends on the type: fields (names, separated by commas) for lead.updated; from and to (statuses) for
	// lead.status_changed; other (an id) for lead.merged; source for lead.created.
	Details map[string]string
}

// Entry is one line of a person's timeline.
type Entry struct {
	// Position tells entries apart and orders those of one moment.
	Position Position
	Type     EventType
	Details  map[string]string
	// BookingID is set for what happened to a booking.
	BookingID string
	// Actor is who did it: "key:<id>", "customer", "system".
	Actor   string
	Channel string
}

// Position is a place in a timeline. The zero Position is before everything.
type Position struct {
	At time.Time
	// Kind is 'b' for bookings and 'l' for the rest; Sequence counts within it.
	Kind     string
	Sequence int64
}

// OptOut is a number that must not be contacted.
type OptOut struct {
	ID string
	// Phone is empty when the person was erased: the registry then knows the number only when it is asked about it.
	Phone     string
	Reason    string
	Channel   string
	Actor     string
	CreatedAt time.Time
}

// Record is everything that is kept about one person.
type Record struct {
	Person   Person
	OptedOut bool
	Bookings []booking.Booking
	Timeline []Entry
}
