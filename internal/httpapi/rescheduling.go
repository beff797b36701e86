package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const routeReschedule = "POST /api/v1/bookings/{id}/reschedule"

// Rescheduling is where a booking is to be moved.
type Rescheduling struct {
	Start    time.Time `json:"start" doc:"New start: one of the offered slots." example:"2026-11-25T09:00:00Z"`
	Resource string    `json:"resource,omitempty" doc:"Id of the one resource that is wanted. Without it the booking keeps what it has where that is free, and gets another where not." example:"dr-khan"`
}

type rescheduleInput struct {
	Idempotency
	BookingID
	Body Rescheduling
}

func (a *api) registerRescheduling() {
	register(a, operation{
		id: "reschedule-booking", method: http.MethodPost, path: "/api/v1/bookings/{id}/reschedule", tag: tagBookings,
		summary: "Move a booking",
		description: "Moves a booking in one step: it keeps its slot until it has the new one, which may overlap the old. The policy says until when " +
			"(TOO_LATE_TO_RESCHEDULE) and how often (LIMIT_REACHED, with `details.limit` `reschedules`) customers may do so; a key with the scope " +
			"`admin` may until the appointment begins. A start that cannot be had is refused as for a new booking.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: changeErrors,
	}, a.reschedule)
}

func (a *api) reschedule(ctx context.Context, in *rescheduleInput) (*changed, error) {
	claim, err := in.claim(ctx, routeReschedule, in.ID)
	if err != nil {
		return nil, err
	}
	moved, replayed, err := tenant.FromContext(ctx).Bookings.Reschedule(ctx, booking.RescheduleRequest{
		ID: in.ID, Start: in.Body.Start, ResourceID: in.Body.Resource, Actor: actorOf(ctx), Idempotency: claim,
	})
	return a.answer(ctx, "reschedule", moved, replayed, err)
}
