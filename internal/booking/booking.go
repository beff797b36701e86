package booking

import "time"

// Status is where a booking stands.
type Status string

// The statuses. Held, pending and confirmed bookings are live: they occupy their resources.
const (
	// StatusHeld keeps its slot until HoldExpiresAt and is confirmed or lapses.
	StatusHeld Status = "held"
	// StatusPending keeps its slot and waits for the business to confirm it.
	StatusPending Status = "pending"
	// StatusConfirmed is an agreed appointment.
	StatusConfirmed Status = "confirmed"
	// StatusCancelled is called off; its slot is free.
	StatusCancelled Status = "cancelled"
	// StatusCompleted took place.
	StatusCompleted Status = "completed"
	// StatusNoShow is one that the customer did not come to.
	StatusNoShow Status = "no_show"
	// StatusExpired is a hold that ran out before it was confirmed. It is never stored: a Store reports it
	// for a held booking whose HoldExpiresAt has passed by the database's clock.
	StatusExpired Status = "expired"
)

// Live says whether a booking of this status occupies its resources (a hold: until it expires).
func (s Status) Live() bool {
	return s == StatusHeld || s == StatusPending || s == StatusConfirmed
}

// Interval is a half-open stretch of time, [Start, End).
type Interval struct{ Start, End time.Time }

func (i Interval) equal(other Interval) bool {
	return i.Start.Equal(other.Start) && i.End.Equal(other.End)
}

// Unit is one numbered unit of a resource; numbers run from 1 to the resource's capacity.
type Unit struct {
	ResourceID string
	Number     int
}

// Assignment is the set of units that one booking occupies, one for each requirement of its
// service, in the order of the requirements.
type Assignment []Unit

// Customer is the person a booking is for. The phone number identifies: two bookings with the same
// E.164 number belong to one customer, whatever name each was made under.
type Customer struct {
	ID string
	// Name has 1 to 120 characters. Of a booking it is the name that the booking was made under, which need not be
	// the customer's own.
	Name string
	// Phone is in E.164 form. It may be empty when an e-mail address is given.
	Phone string
	Email string
}

// Booking is one appointment of one customer.
type Booking struct {
	// ID is a UUID (version 7).
	ID        string
	ServiceID string
	Customer  Customer
	// SeriesID is set for a booking that was made with others as a series.
	SeriesID string
	// WaitlistEntryID is set for a booking that was offered to somebody who waited.
	WaitlistEntryID string
	// Start and End are the appointment itself, without buffers, in UTC.
	Start, End time.Time
	// Blocked is the appointment widened by the buffers that were in force when it was made.
	Blocked Interval
	// TimeZone and LocalStart keep the wall-clock time that was promised (2006-01-02T15:04), which
	// stays true even if the zone's rules change.
	TimeZone   string
	LocalStart string
	Status     Status
	Units      Assignment
	// GroupSize is how many people share the session; Place is this booking's place in it, from 1.
	// An ordinary appointment has 1 and 1.
	GroupSize, Place int
	// HoldExpiresAt is set for StatusHeld and StatusExpired only.
	HoldExpiresAt time.Time
	Notes         string
	// CustomFields are facts of the business's own, by name; nil or empty when there are none.
	CustomFields map[string]string
	// Channel is how the booking came: api, web, voice, sms.
	Channel   string
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version counts changes, from 1.
	Version int
	// Reschedules counts how often the booking was moved.
	Reschedules        int
	CancelledAt        time.Time
	CancellationReason string
}

// Event is one entry of a booking's history. It is written in the transaction of the change itself and
// is what every effect (calendar, message, webhook, live update) starts from.
type Event struct {
	// Sequence grows with every event of a store; gaps are possible.
	Sequence  int64
	BookingID string
	// Type is one of the Event constants.
	Type EventType
	At   time.Time
	// Actor is who did it: "key:<id>", "customer", "system".
	Actor   string
	Channel string
}

// EventType names what happened to a booking.
type EventType string

// The event types.
const (
	EventHeld        EventType = "booking.held"
	EventOffered     EventType = "booking.offered"
	EventRequested   EventType = "booking.requested"
	EventConfirmed   EventType = "booking.confirmed"
	EventRescheduled EventType = "booking.rescheduled"
	EventCancelled   EventType = "booking.cancelled"
	EventDeclined    EventType = "booking.declined"
	EventUpdated     EventType = "booking.updated"
	EventCompleted   EventType = "booking.completed"
	EventNoShow      EventType = "booking.no_show"
)

// Actor is who asks for a change and through what.
type Actor struct {
	// Principal is "key:<id>", "customer" or "system".
	Principal string
	// Channel is api, web, voice or sms.
	Channel string
	// Override says that the business itself acts: it may cancel and move after the policy's cut-offs, move as
	// often as it likes, and confirm what waits for it. The API sets it for keys with the admin scope.
	Override bool
}
