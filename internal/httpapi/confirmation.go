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
	routeConfirm = "POST /api/v1/bookings/{id}/confirm"
	routeDecline = "POST /api/v1/bookings/{id}/decline"
)

// changeInput asks for a change that needs no further words.
type changeInput struct {
	Idempotency
	BookingID
}

func (a *api) registerConfirmation() {
	register(a, operation{
		id: "confirm-booking", method: http.MethodPost, path: "/api/v1/bookings/{id}/confirm", tag: tagBookings,
		summary: "Confirm a booking",
		description: "Makes a hold a booking, until it expires: after that the answer is HOLD_EXPIRED (409), with the nearest free slots in " +
			"`details.alternatives`. Where the business confirms by itself the booking is `pending` then, and a key with the scope `admin` " +
			"confirms it by asking again.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.confirm)
	register(a, operation{
		id: "decline-booking", method: http.MethodPost, path: "/api/v1/bookings/{id}/decline", tag: tagBookings,
		summary:     "Decline a booking",
		description: "Turns down a booking that waits for the business to confirm it, and frees its slot.",
		scope:       auth.ScopeAdmin, timeout: 10 * time.Second, errors: changeErrors,
	}, a.decline)
}

func (a *api) confirm(ctx context.Context, in *changeInput) (*changed, error) {
	request, err := in.request(ctx, routeConfirm)
	if err != nil {
		return nil, err
	}
	confirmed, replayed, err := tenant.FromContext(ctx).Bookings.Confirm(ctx, request)
	return a.answer(ctx, "confirm", confirmed, replayed, err)
}

func (in *changeInput) request(ctx context.Context, route string) (booking.ChangeRequest, error) {
	claim, err := in.claim(ctx, route, in.ID)
	return booking.ChangeRequest{ID: in.ID, Actor: actorOf(ctx), Idempotency: claim}, err
}

func (a *api) decline(ctx context.Context, in *cancelInput) (*changed, error) {
	reason := in.reason()
	claim, err := in.claim(ctx, routeDecline, in.ID)
	if err != nil {
		return nil, err
	}
	declined, replayed, err := tenant.FromContext(ctx).Bookings.Decline(ctx, booking.DeclineRequest{
		ID: in.ID, Reason: reason, Actor: actorOf(ctx), Idempotency: claim,
	})
	return a.answer(ctx, "decline", declined, replayed, err)
}
