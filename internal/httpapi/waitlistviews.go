package httpapi

import (
	"context"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// WaitlistEntry is one customer's place in line.
type WaitlistEntry struct {
	ID        string             `json:"id" format:"uuid" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c33"`
	Status    booking.WaitStatus `json:"status" enum:"waiting,offered,booked,left,expired" doc:"expired: all windows have passed." example:"waiting"`
	Service   ServiceRef         `json:"service"`
	Resource  *ResourceRef       `json:"resource,omitempty" doc:"The one resource that is wanted; absent for any."`
	Windows   []WaitlistWindow   `json:"windows" doc:"When the appointment may start, in order; windows that overlapped are one."`
	Customer  Customer           `json:"customer"`
	BookingID string             `json:"bookingId,omitempty" format:"uuid" doc:"The booking that is offered, or that was accepted." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	Offer     *Booking           `json:"offer,omitempty" doc:"That booking; lists leave it out. holdExpiresAt says until when it can be accepted."`
	Notes     string             `json:"notes,omitempty" example:"After surgery, the sooner the better"`
	Channel   string             `json:"channel" doc:"How the entry came: api, web, voice or sms." example:"api"`
	JoinedAt  time.Time          `json:"joinedAt" doc:"The place in line: earlier is served first." example:"2026-11-20T14:03:11Z"`
	UpdatedAt time.Time          `json:"updatedAt" example:"2026-11-20T14:03:11Z"`
}

func entryView(e booking.WaitlistEntry, catalog *booking.Catalog) WaitlistEntry {
	service, _ := catalog.Service(e.ServiceID)
	view := WaitlistEntry{
		ID: e.ID, Status: e.Status, Service: ServiceRef{ID: e.ServiceID, Name: service.Name},
		Customer: Customer{ID: e.Customer.ID, Name: e.Customer.Name, Phone: e.Customer.Phone, Email: e.Customer.Email},
		Windows:  make([]WaitlistWindow, len(e.Windows)),
		Notes:    e.Notes, Channel: e.Channel, JoinedAt: e.JoinedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC(),
	}
	for i, window := range e.Windows {
		view.Windows[i] = WaitlistWindow{From: window.Start.UTC(), To: window.End.UTC()}
	}
	if e.ResourceID != "" {
		view.Resource = &resourceRefs(booking.Assignment{{ResourceID: e.ResourceID}}, catalog)[0]
	}
	if e.Status == booking.WaitOffered || e.Status == booking.WaitBooked {
		view.BookingID = e.OfferID
	}
	return view
}

// entryWithOffer shows the entry with the booking that it is offered or accepted.
func entryWithOffer(ctx context.Context, e booking.WaitlistEntry) (WaitlistEntry, error) {
	current := tenant.FromContext(ctx)
	view := entryView(e, current.Bookings.Catalog())
	if view.BookingID == "" {
		return view, nil
	}
	offer, err := current.Bookings.Get(ctx, view.BookingID)
	if err != nil {
		return WaitlistEntry{}, err
	}
	shown := bookingView(offer, current.Bookings.Catalog())
	view.Offer = &shown
	return view, nil
}

type listWaitlistInput struct {
	Status   []string `query:"status" enum:"waiting,offered,booked,left,expired" doc:"Only these statuses, separated by commas." example:"[\"waiting\"]"`
	Service  string   `query:"service" doc:"Only this service." example:"checkup"`
	Resource string   `query:"resource" doc:"Only those who want this very resource." example:"dr-khan"`
	Phone    string   `query:"phone" doc:"Only the customer with this number." example:"+442079460123"`
	Cursor   string   `query:"cursor" maxLength:"200" doc:"Where the page starts: nextCursor of the page before."`
	Limit    int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many entries." example:"50"`
}

// WaitlistPage is one page of the waitlist.
type WaitlistPage struct {
	Entries    []WaitlistEntry `json:"entries"`
	NextCursor string          `json:"nextCursor,omitempty" doc:"Where the next page starts; absent on the last page."`
}

func listWaitlist(ctx context.Context, in *listWaitlistInput) (*output[WaitlistPage], error) {
	current := tenant.FromContext(ctx)
	filter := booking.WaitlistFilter{ServiceID: in.Service, ResourceID: in.Resource, Phone: in.Phone, Limit: in.Limit}
	for _, status := range in.Status {
		filter.Statuses = append(filter.Statuses, booking.WaitStatus(status))
	}
	var err error
	if filter.After, err = decodeCursor(in.Cursor); err != nil {
		return nil, err
	}
	entries, next, more, err := current.Bookings.Waitlist(ctx, filter)
	if err != nil {
		return nil, err
	}
	page := WaitlistPage{Entries: make([]WaitlistEntry, len(entries))}
	for i, e := range entries {
		page.Entries[i] = entryView(e, current.Bookings.Catalog())
	}
	if more {
		page.NextCursor = encodeCursor(next)
	}
	return succeed(page), nil
}

// WaitlistEvent is one event in the history of an entry.
type WaitlistEvent struct {
	Type      booking.EventType `json:"type" doc:"waitlist.… or, of an offer, booking.…" example:"booking.offered"`
	At        time.Time         `json:"at" example:"2026-11-20T14:03:11Z"`
	Actor     string            `json:"actor" doc:"Who did it: key:<id>, customer or system." example:"system"`
	Channel   string            `json:"channel" doc:"Through what: api, web, voice or sms." example:"api"`
	BookingID string            `json:"bookingId,omitempty" format:"uuid" doc:"The offer that it happened to." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
}

// WaitlistHistory is what happened to an entry, in order.
type WaitlistHistory struct {
	Events []WaitlistEvent `json:"events"`
}

func listWaitlistEvents(ctx context.Context, in *EntryID) (*output[WaitlistHistory], error) {
	events, err := tenant.FromContext(ctx).Bookings.WaitlistEvents(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	history := WaitlistHistory{Events: make([]WaitlistEvent, len(events))}
	for i, e := range events {
		history.Events[i] = WaitlistEvent{Type: e.Type, At: e.At.UTC(), Actor: e.Actor, Channel: e.Channel, BookingID: e.BookingID}
	}
	return succeed(history), nil
}
