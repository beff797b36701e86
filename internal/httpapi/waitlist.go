package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	routeJoin         = "POST /api/v1/waitlist"
	routeLeave        = "POST /api/v1/waitlist/{id}/leave"
	routeAcceptOffer  = "POST /api/v1/waitlist/{id}/accept"
	routeDeclineOffer = "POST /api/v1/waitlist/{id}/decline"
)

// NewWaitlistEntry is a wish to be offered a time that is taken now.
type NewWaitlistEntry struct {
	Service  string           `json:"service" doc:"Id of the service." example:"checkup"`
	Resource string           `json:"resource,omitempty" doc:"Id of the one resource that is wanted; any without it." example:"dr-khan"`
	Windows  []WaitlistWindow `json:"windows" minItems:"1" maxItems:"10" doc:"When the appointment may start. None may have passed or be longer than 62 days." example:"[{\"from\":\"2026-11-24T09:00:00Z\",\"to\":\"2026-11-24T12:00:00Z\"}]"`
	Customer NewCustomer      `json:"customer"`
	Notes    string           `json:"notes,omitempty" maxLength:"2000" doc:"Anything the business should know; the booking gets it." example:"After surgery, the sooner the better"`
}

// WaitlistWindow is a stretch of time in which an appointment may start.
type WaitlistWindow struct {
	From time.Time `json:"from" doc:"Starts at or after this time." example:"2026-11-24T09:00:00Z"`
	To   time.Time `json:"to" doc:"Starts before this time." example:"2026-11-24T12:00:00Z"`
}

// OfferAnswer says which offer is accepted or declined.
type OfferAnswer struct {
	Booking string `json:"booking,omitempty" doc:"Id of the offered booking that is meant, so that no later offer is answered unseen; the present one without it." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
}

type joinInput struct {
	Idempotency
	Body NewWaitlistEntry
}

// EntryID names an entry of the waitlist in the path.
type EntryID struct {
	ID string `path:"id" doc:"Id of the entry." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c33"`
}

type leaveInput struct {
	Idempotency
	EntryID
}

type answerOfferInput struct {
	Idempotency
	EntryID
	Body *OfferAnswer `required:"false"`
}

func (in *answerOfferInput) request(ctx context.Context, route string) (booking.OfferRequest, error) {
	answer := OfferAnswer{}
	if in.Body != nil {
		answer = *in.Body
	}
	claim, err := in.claim(ctx, route, in.ID)
	return booking.OfferRequest{EntryID: in.ID, BookingID: answer.Booking, Actor: actorOf(ctx), Idempotency: claim}, err
}

// changedEntry is the answer to a request that made or changed an entry.
type changedEntry struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when this request repeats an earlier one and nothing was done."`
	Body     Success[WaitlistEntry]
}

func (a *api) registerWaitlist() {
	register(a, operation{
		id: "join-waitlist", method: http.MethodPost, path: "/api/v1/waitlist", tag: tagWaitlist, status: http.StatusCreated,
		summary: "Join the waitlist",
		description: "Puts a customer in line for times that are taken. When one of them becomes free, it is held for the first in line whom it suits, " +
			"as an offer that can be accepted until it lapses. What is free already is not offered: book it. Where the business keeps no waitlist " +
			"the answer is WAITLIST_CLOSED (409). A customer has at most ten open entries (LIMIT_REACHED, with `details.limit` `waitlistEntries`), and one for the " +
			"same service and resource (`sameWaitlistEntry`).",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: creationErrors,
	}, a.joinWaitlist)
	register(a, operation{
		id: "list-waitlist", method: http.MethodGet, path: "/api/v1/waitlist", tag: tagWaitlist,
		summary:     "List the waitlist",
		description: "Lists entries in the order in which they joined, page by page.",
		scope:       auth.ScopeBookingsRead, timeout: 10 * time.Second,
	}, listWaitlist)
	register(a, operation{
		id: "get-waitlist-entry", method: http.MethodGet, path: "/api/v1/waitlist/{id}", tag: tagWaitlist,
		summary:     "Read an entry of the waitlist",
		description: "Returns one entry as it is now, with its offer.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, getWaitlistEntry)
	register(a, operation{
		id: "leave-waitlist", method: http.MethodPost, path: "/api/v1/waitlist/{id}/leave", tag: tagWaitlist,
		summary:     "Leave the waitlist",
		description: "Takes a customer out of the line. An offer goes to the next.",
		scope:       auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.leaveWaitlist)
	register(a, operation{
		id: "accept-offer", method: http.MethodPost, path: "/api/v1/waitlist/{id}/accept", tag: tagWaitlist,
		summary: "Accept an offer",
		description: "Makes the offer a booking, until it lapses: after that the answer is HOLD_EXPIRED (409), and without any offer NO_OFFER (409). Where " +
			"the business confirms by itself the booking is `pending` then.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.acceptOffer)
	register(a, operation{
		id: "decline-offer", method: http.MethodPost, path: "/api/v1/waitlist/{id}/decline", tag: tagWaitlist,
		summary:     "Decline an offer",
		description: "Turns the offer down: its time goes to the next in line, and the customer waits on for others.",
		scope:       auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.declineOffer)
	register(a, operation{
		id: "list-waitlist-events", method: http.MethodGet, path: "/api/v1/waitlist/{id}/events", tag: tagWaitlist,
		summary:     "Read the history of an entry",
		description: "Lists what happened to the entry and to its offers, when, and by whom.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, listWaitlistEvents)
}

func (a *api) joinWaitlist(ctx context.Context, in *joinInput) (*changedEntry, error) {
	claim, err := in.claim(ctx, routeJoin)
	if err != nil {
		return nil, err
	}
	wish := booking.JoinRequest{
		ServiceID: in.Body.Service, ResourceID: in.Body.Resource, Notes: in.Body.Notes,
		Customer: booking.Customer{Name: in.Body.Customer.Name, Phone: in.Body.Customer.Phone, Email: in.Body.Customer.Email},
		Actor:    actorOf(ctx), Idempotency: claim,
	}
	for _, window := range in.Body.Windows {
		wish.Windows = append(wish.Windows, booking.Interval{Start: window.From, End: window.To})
	}
	entry, replayed, err := tenant.FromContext(ctx).Bookings.Join(ctx, wish)
	return a.answerEntry(ctx, "join waitlist", entry, replayed, err)
}

func (a *api) leaveWaitlist(ctx context.Context, in *leaveInput) (*changedEntry, error) {
	claim, err := in.claim(ctx, routeLeave, in.ID)
	if err != nil {
		return nil, err
	}
	entry, replayed, err := tenant.FromContext(ctx).Bookings.Leave(ctx, booking.ChangeRequest{ID: in.ID, Actor: actorOf(ctx), Idempotency: claim})
	return a.answerEntry(ctx, "leave waitlist", entry, replayed, err)
}

func (a *api) acceptOffer(ctx context.Context, in *answerOfferInput) (*changedEntry, error) {
	request, err := in.request(ctx, routeAcceptOffer)
	if err != nil {
		return nil, err
	}
	entry, replayed, err := tenant.FromContext(ctx).Bookings.AcceptOffer(ctx, request)
	return a.answerEntry(ctx, "accept offer", entry, replayed, err)
}

func (a *api) declineOffer(ctx context.Context, in *answerOfferInput) (*changedEntry, error) {
	request, err := in.request(ctx, routeDeclineOffer)
	if err != nil {
		return nil, err
	}
	entry, replayed, err := tenant.FromContext(ctx).Bookings.DeclineOffer(ctx, request)
	return a.answerEntry(ctx, "decline offer", entry, replayed, err)
}

// answerEntry counts what came of an operation and shows the entry.
func (a *api) answerEntry(ctx context.Context, operation string, entry booking.WaitlistEntry, replayed bool, err error) (*changedEntry, error) {
	a.count(operation, replayed, err)
	if err != nil {
		return nil, err
	}
	view, err := entryWithOffer(ctx, entry)
	if err != nil {
		return nil, err
	}
	out := &changedEntry{Body: Success[WaitlistEntry]{OK: true, Data: view}}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

func getWaitlistEntry(ctx context.Context, in *EntryID) (*output[WaitlistEntry], error) {
	entry, err := tenant.FromContext(ctx).Bookings.WaitlistEntry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view, err := entryWithOffer(ctx, entry)
	if err != nil {
		return nil, err
	}
	return succeed(view), nil
}
