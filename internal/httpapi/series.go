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
	routeBookSeries   = "POST /api/v1/series"
	routeCancelSeries = "POST /api/v1/series/{id}/cancel"
)

// NewSeries is a wish to book the same time in several weeks.
type NewSeries struct {
	NewBooking
	Weeks int `json:"weeks" minimum:"1" maximum:"52" doc:"How many appointments there are, a week apart." example:"6"`
}

// Series is a row of weekly appointments that were booked together.
type Series struct {
	ID       string    `json:"id" format:"uuid" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
	Bookings []Booking `json:"bookings" doc:"In the order of their starts; each is a booking like any other."`
}

// DateConflict is a date of a series that cannot be booked.
type DateConflict struct {
	Start        time.Time `json:"start" doc:"Start, in the business's time zone." example:"2026-12-01T09:00:00+00:00"`
	Code         string    `json:"code" doc:"Why it cannot be booked." example:"SLOT_TAKEN"`
	Message      string    `json:"error" doc:"The same for people." example:"Tuesday 1 December 2026, 09:00 is already taken. Choose another time."`
	Alternatives []Slot    `json:"alternatives" doc:"The nearest free slots."`
}

func conflictViews(conflicts []booking.Conflict, location *time.Location) []DateConflict {
	views := make([]DateConflict, len(conflicts))
	for i, conflict := range conflicts {
		views[i] = DateConflict{
			Start: conflict.Start.In(location), Code: string(conflict.Refusal.Code), Message: conflict.Refusal.Message,
			Alternatives: slotViews(conflict.Refusal.Alternatives, location),
		}
	}
	return views
}

type bookSeriesInput struct {
	Idempotency
	Body NewSeries
}

// SeriesID names a series in the path.
type SeriesID struct {
	ID string `path:"id" doc:"Id of the series." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
}

// SeriesCancellation says what of a series is called off, and why.
type SeriesCancellation struct {
	From   time.Time `json:"from,omitzero" required:"false" doc:"Leaves alone what starts before. Default: everything that is still to come." example:"2026-12-01T00:00:00Z"`
	Reason string    `json:"reason,omitempty" maxLength:"500" doc:"Why, for the history." example:"Moving away"`
}

type cancelSeriesInput struct {
	Idempotency
	SeriesID
	Body *SeriesCancellation `required:"false"`
}

// changedSeries is the answer to a request that made or changed a series.
type changedSeries struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when this request repeats an earlier one and nothing was done."`
	Body     Success[Series]
}

func (a *api) registerSeries() {
	register(a, operation{
		id: "create-series", method: http.MethodPost, path: "/api/v1/series", tag: tagSeries, status: http.StatusCreated,
		summary: "Book a series",
		description: "Books the same local time in consecutive weeks: all of them or none. SERIES_CONFLICT (409) names every date that cannot be had in " +
			"`details.conflicts`, each with its alternatives.",
		scope: auth.ScopeBookingsWrite, timeout: 30 * time.Second, errors: creationErrors,
	}, a.bookSeries)
	register(a, operation{
		id: "get-series", method: http.MethodGet, path: "/api/v1/series/{id}", tag: tagSeries,
		summary:     "Read a series",
		description: "Returns all bookings of a series as they are now. Cancel or move one of them like any other booking.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, getSeries)
	register(a, operation{
		id: "cancel-series", method: http.MethodPost, path: "/api/v1/series/{id}/cancel", tag: tagSeries,
		summary: "Cancel the rest of a series",
		description: "Calls off every booking of a series that could be cancelled by itself. Those that have taken place, or whose cut-off has passed, " +
			"stay, as the answer shows.",
		scope: auth.ScopeBookingsWrite, timeout: 30 * time.Second, errors: changeErrors,
	}, a.cancelSeries)
}

func (a *api) bookSeries(ctx context.Context, in *bookSeriesInput) (*changedSeries, error) {
	claim, err := in.claim(ctx, routeBookSeries)
	if err != nil {
		return nil, err
	}
	series, replayed, err := tenant.FromContext(ctx).Bookings.BookSeries(ctx, booking.SeriesRequest{
		Request: in.Body.request(ctx, claim), Weeks: in.Body.Weeks,
	})
	return a.answerSeries(ctx, "book series", series, replayed, err)
}

func (a *api) cancelSeries(ctx context.Context, in *cancelSeriesInput) (*changedSeries, error) {
	wanted := SeriesCancellation{}
	if in.Body != nil {
		wanted = *in.Body
	}
	claim, err := in.claim(ctx, routeCancelSeries, in.ID)
	if err != nil {
		return nil, err
	}
	series, replayed, err := tenant.FromContext(ctx).Bookings.CancelSeries(ctx, booking.CancelSeriesRequest{
		ID: in.ID, From: wanted.From, Reason: wanted.Reason, Actor: actorOf(ctx), Idempotency: claim,
	})
	return a.answerSeries(ctx, "cancel series", series, replayed, err)
}

func (a *api) answerSeries(ctx context.Context, operation string, series booking.Series, replayed bool, err error) (*changedSeries, error) {
	a.count(operation, replayed, err)
	if err != nil {
		return nil, err
	}
	out := &changedSeries{Body: Success[Series]{OK: true, Data: seriesView(ctx, series)}}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

func getSeries(ctx context.Context, in *SeriesID) (*output[Series], error) {
	series, err := tenant.FromContext(ctx).Bookings.Series(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return succeed(seriesView(ctx, series)), nil
}

func seriesView(ctx context.Context, series booking.Series) Series {
	view := Series{ID: series.ID, Bookings: make([]Booking, len(series.Bookings))}
	for i, b := range series.Bookings {
		view.Bookings[i] = bookingView(b, tenant.FromContext(ctx).Bookings.Catalog())
	}
	return view
}
