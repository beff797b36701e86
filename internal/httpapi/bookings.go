package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// NewBooking is a wish to book.
type NewBooking struct {
	Service  string      `json:"service" doc:"Id of the service." example:"checkup"`
	Resource string      `json:"resource,omitempty" doc:"Id of the one resource that is wanted; any without it." example:"dr-khan"`
	Start    time.Time   `json:"start" doc:"Start of the appointment: one of the offered slots." example:"2026-11-24T09:00:00Z"`
	Customer NewCustomer `json:"customer"`
	Notes    string      `json:"notes,omitempty" maxLength:"2000" doc:"Anything the business should know." example:"First visit"`
	// huma has no tag for the example of a map; CustomFields has its own schema.
	CustomFields CustomFields `json:"customFields,omitempty"`
}

// request is the wish in the domain's words.
func (n NewBooking) request(ctx context.Context, claim *booking.IdempotencyClaim) booking.Request {
	return booking.Request{
		ServiceID: n.Service, ResourceID: n.Resource, Start: n.Start,
		Customer:     booking.Customer{Name: n.Customer.Name, Phone: n.Customer.Phone, Email: n.Customer.Email},
		Notes:        n.Notes,
		CustomFields: n.CustomFields,
		Actor:        actorOf(ctx),
		Idempotency:  claim,
	}
}

// NewCustomer is the person a booking is wanted for.
type NewCustomer struct {
	Name  string `json:"name" doc:"1 to 120 characters." minLength:"1" maxLength:"120" example:"Ann Miller"`
	Phone string `json:"phone,omitempty" maxLength:"40" doc:"Phone number, with its country code or as written in the business's country. Needed unless there is an e-mail address." example:"+442079460123"`
	Email string `json:"email,omitempty" maxLength:"254" doc:"E-mail address. Needed unless there is a phone number." example:"ann@example.com"`
}

type bookInput struct {
	Idempotency
	Body NewBooking
}

// changed is the answer to a request that made or changed a booking.
type changed struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when this request repeats an earlier one and nothing was done."`
	ETag     string `header:"ETag" doc:"The booking's version, for If-Match." example:"\"2\""`
	Body     Success[Booking]
}

// BookingID names a booking in the path. (Exported, as Idempotency is, because huma passes over embedded types that are not.)
type BookingID struct {
	ID string `path:"id" doc:"Id of the booking." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
}

type cancelInput struct {
	Idempotency
	BookingID
	Body *Cancellation `required:"false"`
}

func (in *cancelInput) reason() string {
	if in.Body == nil {
		return ""
	}
	return in.Body.Reason
}

// Cancellation says why a booking is called off.
type Cancellation struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the history." example:"Fell ill"`
}

// Event is one entry of a booking's history.
type Event struct {
	Sequence int64             `json:"sequence" doc:"Grows with every event." example:"41"`
	Type     booking.EventType `json:"type" example:"booking.confirmed"`
	At       time.Time         `json:"at" example:"2026-11-20T14:03:11Z"`
	Actor    string            `json:"actor" doc:"Who did it: key:<id>, customer or system." example:"key:k3j9x0a1b2c3"`
	Channel  string            `json:"channel" doc:"Through what: api, web, voice or sms." example:"api"`
}

// History is what happened to a booking, in order.
type History struct {
	Events []Event `json:"events"`
}

const (
	routeBook   = "POST /api/v1/bookings"
	routeCancel = "POST /api/v1/bookings/{id}/cancel"
)

// What can be wrong with a request that makes something, and with one that changes something.
var (
	creationErrors = []int{
		http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage,
	}
	changeErrors = append([]int{http.StatusNotFound}, creationErrors...)
)

func (a *api) registerBookings() {
	register(a, operation{
		id: "create-booking", method: http.MethodPost, path: "/api/v1/bookings", tag: tagBookings, status: http.StatusCreated,
		summary: "Book",
		description: "Makes a booking. A start that cannot be had is refused with the reason as its code; SLOT_TAKEN (409) and the codes that " +
			"refuse a start come with the nearest free slots in `details.alternatives`.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: creationErrors,
	}, a.book)
	register(a, operation{
		id: "list-bookings", method: http.MethodGet, path: "/api/v1/bookings", tag: tagBookings,
		summary:     "List bookings",
		description: "Lists bookings in the order of their start, page by page.",
		scope:       auth.ScopeBookingsRead, timeout: 10 * time.Second,
	}, listBookings)
	register(a, operation{
		id: "get-booking", method: http.MethodGet, path: "/api/v1/bookings/{id}", tag: tagBookings,
		summary:     "Read a booking",
		description: "Returns one booking as it is now.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, getBooking)
	register(a, operation{
		id: "cancel-booking", method: http.MethodPost, path: "/api/v1/bookings/{id}/cancel", tag: tagBookings,
		summary:     "Cancel a booking",
		description: "Calls a booking off and frees its slot, until the cut-off that the business's policy sets.",
		scope:       auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.cancel)
	register(a, operation{
		id: "list-booking-events", method: http.MethodGet, path: "/api/v1/bookings/{id}/events", tag: tagBookings,
		summary:     "Read a booking's history",
		description: "Lists what happened to the booking, when, and by whom.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, listEvents)
}

func (a *api) book(ctx context.Context, in *bookInput) (*changed, error) {
	claim, err := in.claim(ctx, routeBook)
	if err != nil {
		return nil, err
	}
	made, replayed, err := tenant.FromContext(ctx).Bookings.Book(ctx, in.Body.request(ctx, claim))
	return a.answer(ctx, "book", made, replayed, err)
}

func (a *api) cancel(ctx context.Context, in *cancelInput) (*changed, error) {
	reason := in.reason()
	claim, err := in.claim(ctx, routeCancel, in.ID)
	if err != nil {
		return nil, err
	}
	cancelled, replayed, err := tenant.FromContext(ctx).Bookings.Cancel(ctx, booking.CancelRequest{
		ID: in.ID, Reason: reason, Actor: actorOf(ctx), Idempotency: claim,
	})
	return a.answer(ctx, "cancel", cancelled, replayed, err)
}

func (a *api) count(operation string, replayed bool, err error) {
	outcome := "done"
	switch code := booking.CodeOf(err); {
	case code != "":
		outcome = string(code)
	case err != nil:
		outcome = "failed"
	case replayed:
		outcome = "replayed"
	}
	a.Metrics.BookingOperation(operation, outcome)
}

// answer counts what came of an operation and shows the booking.
func (a *api) answer(ctx context.Context, operation string, b booking.Booking, replayed bool, err error) (*changed, error) {
	a.count(operation, replayed, err)
	if err != nil {
		return nil, err
	}
	out := &changed{ETag: etag(b), Body: Success[Booking]{OK: true, Data: bookingView(b, tenant.FromContext(ctx).Bookings.Catalog())}}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// found is the answer to a request that reads a booking.
type found struct {
	ETag string `header:"ETag" doc:"The booking's version, for If-Match." example:"\"2\""`
	Body Success[Booking]
}

func getBooking(ctx context.Context, in *BookingID) (*found, error) {
	current := tenant.FromContext(ctx)
	b, err := current.Bookings.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &found{ETag: etag(b), Body: Success[Booking]{OK: true, Data: bookingView(b, current.Bookings.Catalog())}}, nil
}

func listEvents(ctx context.Context, in *BookingID) (*output[History], error) {
	events, err := tenant.FromContext(ctx).Bookings.Events(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	views := make([]Event, len(events))
	for i, event := range events {
		views[i] = Event{Sequence: event.Sequence, Type: event.Type, At: event.At.UTC(), Actor: event.Actor, Channel: event.Channel}
	}
	return succeed(History{Events: views}), nil
}
