package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	routeComplete = "POST /api/v1/bookings/{id}/complete"
	routeNoShow   = "POST /api/v1/bookings/{id}/no-show"
)

func (a *api) registerClosing() {
	register(a, operation{
		id: "complete-booking", method: http.MethodPost, path: "/api/v1/bookings/{id}/complete", tag: tagBookings,
		summary:     "Record that an appointment took place",
		description: "Gives a booking the status `completed`, from its start on. It also corrects a `no_show`.",
		scope:       auth.ScopeAdmin, timeout: 10 * time.Second, errors: changeErrors,
	}, a.complete)
	register(a, operation{
		id: "record-no-show", method: http.MethodPost, path: "/api/v1/bookings/{id}/no-show", tag: tagBookings,
		summary:     "Record that the customer did not come",
		description: "Gives a booking the status `no_show`, from its start on. It also corrects a `completed`.",
		scope:       auth.ScopeAdmin, timeout: 10 * time.Second, errors: changeErrors,
	}, a.noShow)
}

func (a *api) complete(ctx context.Context, in *changeInput) (*changed, error) {
	request, err := in.request(ctx, routeComplete)
	if err != nil {
		return nil, err
	}
	completed, replayed, err := tenant.FromContext(ctx).Bookings.Complete(ctx, request)
	return a.answer(ctx, "complete", completed, replayed, err)
}

func (a *api) noShow(ctx context.Context, in *changeInput) (*changed, error) {
	request, err := in.request(ctx, routeNoShow)
	if err != nil {
		return nil, err
	}
	missed, replayed, err := tenant.FromContext(ctx).Bookings.NoShow(ctx, request)
	return a.answer(ctx, "no-show", missed, replayed, err)
}
