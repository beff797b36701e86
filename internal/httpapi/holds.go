package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const routeHold = "POST /api/v1/holds"

func (a *api) registerHolds() {
	register(a, operation{
		id: "create-hold", method: http.MethodPost, path: "/api/v1/holds", tag: tagBookings, status: http.StatusCreated,
		summary: "Reserve a slot for a moment",
		description: "Makes a booking with the status `held`: nobody else can have its slot until `holdExpiresAt`. Confirm it with " +
			"`POST /api/v1/bookings/{id}/confirm`; without that it lapses by itself. It is refused as a booking would be.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: creationErrors,
	}, a.hold)
}

func (a *api) hold(ctx context.Context, in *bookInput) (*changed, error) {
	claim, err := in.claim(ctx, routeHold)
	if err != nil {
		return nil, err
	}
	held, replayed, err := tenant.FromContext(ctx).Bookings.Hold(ctx, in.Body.request(ctx, claim))
	return a.answer(ctx, "hold", held, replayed, err)
}
