package compat

import (
	"context"
	"net/http"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	routeBookSlot   = "POST /api/calendar/book-slot"
	routeCheckBook  = "POST /api/calendar/check-book"
	routeCancel     = "POST /api/calendar/cancel"
	routeReschedule = "POST /api/calendar/reschedule"
)

// IdempotencyKey is the header by which a repeated request has one effect. (Exported for huma.)
type IdempotencyKey struct {
	Key string `header:"Idempotency-Key" minLength:"1" maxLength:"255" pattern:"^[\\x21-\\x7E]+$" doc:"Any text of your own for this one request. A refusal because of what is booked, with 409, is kept under it, too: to try again, use a new key." example:"order-7f3a"`
}

// EarlierLead is a person as the earlier system named one.
type EarlierLead struct {
	_     struct{} `json:"-" additionalProperties:"true"`
	Name  string   `json:"name,omitempty" maxLength:"120" example:"Ann Miller"`
	Phone string   `json:"phone,omitempty" maxLength:"40" example:"+442079460123"`
	Email string   `json:"email,omitempty" maxLength:"254" example:"ann@example.com"`
}

// customer is the lead as a customer. One that is known by a number or an address only is called by that.
func (l EarlierLead) customer() booking.Customer {
	return booking.Customer{Name: first(l.Name, l.Phone, l.Email), Phone: l.Phone, Email: l.Email}
}

// CalendarEvent is a booking as an event of a calendar.
type CalendarEvent struct {
	ID       string  `json:"id" doc:"Id of the booking, for cancel and reschedule." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	HTMLLink *string `json:"htmlLink" doc:"Page of the event in an outside calendar; null while there is none."`
	Status   string  `json:"status" example:"confirmed"`
}

// CalendarTenant is whose calendar it is.
type CalendarTenant struct {
	ClientKey  string  `json:"clientKey" example:"bright-smile"`
	CalendarID *string `json:"calendarId" doc:"Id of an outside calendar; null while there is none."`
	TimeZone   string  `json:"timezone" example:"Europe/London"`
}

// BookedEvent is the answer of book-slot and of reschedule.
type BookedEvent struct {
	OK     bool           `json:"ok" example:"true"`
	Event  CalendarEvent  `json:"event"`
	Tenant CalendarTenant `json:"tenant"`
}

type bookSlotInput struct {
	ClientKey
	IdempotencyKey
	Body struct {
		_           struct{}    `json:"-" additionalProperties:"true"`
		ClientKey   string      `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		Service     string      `json:"service,omitempty" maxLength:"120" doc:"Id or name of the service. Needed where there are several." example:"checkup"`
		Lead        EarlierLead `json:"lead"`
		Start       string      `json:"start" maxLength:"60" example:"2026-11-24T09:00:00Z"`
		DurationMin float64     `json:"durationMin,omitempty" minimum:"0" doc:"If given, it must be that of the service." example:"30"`
	}
}

func (in *bookSlotInput) names() []string { return append(in.ClientKey.names(), in.Body.ClientKey) }

type cancelEventInput struct {
	ClientKey
	IdempotencyKey
	Body struct {
		_         struct{} `json:"-" additionalProperties:"true"`
		ClientKey string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		EventID   string   `json:"eventId" maxLength:"120" doc:"Id of the booking." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
		Reason    string   `json:"reason,omitempty" maxLength:"500" example:"Fell ill"`
	}
}

func (in *cancelEventInput) names() []string { return append(in.ClientKey.names(), in.Body.ClientKey) }

// Cancelled is the answer of cancel.
type Cancelled struct {
	OK bool `json:"ok" example:"true"`
}

type rescheduleEventInput struct {
	ClientKey
	IdempotencyKey
	Body struct {
		_           struct{} `json:"-" additionalProperties:"true"`
		ClientKey   string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		OldEventID  string   `json:"oldEventId" maxLength:"120" doc:"Id of the booking, which it keeps." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
		NewStartISO string   `json:"newStartISO" maxLength:"60" example:"2026-11-25T09:00:00Z"`
	}
}

func (in *rescheduleEventInput) names() []string {
	return append(in.ClientKey.names(), in.Body.ClientKey)
}

func (p *paths) registerCalendar() {
	register(p, operation{
		id: "book-slot", method: http.MethodPost, path: "/api/calendar/book-slot", scope: auth.ScopeBookingsWrite, status: http.StatusCreated,
		summary: "Book a slot", description: "Use /api/v1/bookings.",
	}, p.bookSlot)
	register(p, operation{
		id: "check-book", method: http.MethodPost, path: "/api/calendar/check-book", scope: auth.ScopeBookingsWrite,
		summary: "Book a slot if it is free", description: "A start that cannot be had is refused with the reason as its code, and with alternatives. Use /api/v1/bookings.",
	}, p.checkBook)
	register(p, operation{
		id: "cancel-event", method: http.MethodPost, path: "/api/calendar/cancel", scope: auth.ScopeBookingsWrite,
		summary: "Cancel a booking", description: "Use /api/v1/bookings/{id}/cancel.",
	}, p.cancelEvent)
	register(p, operation{
		id: "reschedule-event", method: http.MethodPost, path: "/api/calendar/reschedule", scope: auth.ScopeBookingsWrite, status: http.StatusCreated,
		summary: "Move a booking", description: "The booking keeps its time until it has the new one. Use /api/v1/bookings/{id}/reschedule.",
	}, p.rescheduleEvent)
}

// book makes a booking and counts what came of it.
func (p *paths) book(ctx context.Context, request booking.Request) (booking.Booking, error) {
	request.Actor = p.Actor(ctx)
	made, replayed, err := tenant.FromContext(ctx).Bookings.Book(ctx, request)
	p.Count("book", replayed, err)
	return made, err
}

func (p *paths) bookSlot(ctx context.Context, in *bookSlotInput) (*struct{ Body BookedEvent }, error) {
	wanted, err := service(ctx, in.Body.Service)
	if err == nil {
		err = checkMinutes(wanted, in.Body.DurationMin)
	}
	if err != nil {
		return nil, err
	}
	start, err := moment(ctx, "start", in.Body.Start)
	if err != nil {
		return nil, err
	}
	claim, err := p.Claim(ctx, in.Key, routeBookSlot)
	if err != nil {
		return nil, err
	}
	made, err := p.book(ctx, booking.Request{ServiceID: wanted.ID, Start: start, Customer: in.Body.Lead.customer(), Idempotency: claim})
	if err != nil {
		return nil, err
	}
	return bookedEvent(ctx, made), nil
}

func bookedEvent(ctx context.Context, b booking.Booking) *struct{ Body BookedEvent } {
	current := tenant.FromContext(ctx)
	return &struct{ Body BookedEvent }{BookedEvent{
		OK: true, Event: CalendarEvent{ID: b.ID, Status: string(b.Status)},
		Tenant: CalendarTenant{ClientKey: current.Document.Tenant.Name, TimeZone: current.Location.String()},
	}}
}

func (p *paths) cancelEvent(ctx context.Context, in *cancelEventInput) (*struct{ Body Cancelled }, error) {
	if _, err := p.cancel(ctx, in.Key, routeCancel, in.Body.EventID, in.Body.Reason); err != nil {
		return nil, err
	}
	return &struct{ Body Cancelled }{Cancelled{OK: true}}, nil
}

func (p *paths) cancel(ctx context.Context, key, route, id, reason string) (booking.Booking, error) {
	claim, err := p.Claim(ctx, key, route, id)
	if err != nil {
		return booking.Booking{}, err
	}
	cancelled, replayed, err := tenant.FromContext(ctx).Bookings.Cancel(ctx, booking.CancelRequest{
		ID: id, Reason: reason, Actor: p.Actor(ctx), Idempotency: claim,
	})
	p.Count("cancel", replayed, err)
	return cancelled, err
}

func (p *paths) rescheduleEvent(ctx context.Context, in *rescheduleEventInput) (*struct{ Body BookedEvent }, error) {
	moved, err := p.reschedule(ctx, in.Key, routeReschedule, in.Body.OldEventID, in.Body.NewStartISO, "newStartISO")
	if err != nil {
		return nil, err
	}
	return bookedEvent(ctx, moved), nil
}

func (p *paths) reschedule(ctx context.Context, key, route, id, start, field string) (booking.Booking, error) {
	at, err := moment(ctx, field, start)
	if err != nil {
		return booking.Booking{}, err
	}
	claim, err := p.Claim(ctx, key, route, id)
	if err != nil {
		return booking.Booking{}, err
	}
	moved, replayed, err := tenant.FromContext(ctx).Bookings.Reschedule(ctx, booking.RescheduleRequest{
		ID: id, Start: at, Actor: p.Actor(ctx), Idempotency: claim,
	})
	p.Count("reschedule", replayed, err)
	return moved, err
}
