package booking

import (
	"context"
	"errors"
)

// ChangeFeed is a Store that tells of changes, also of those that other processes make on the same database.
type ChangeFeed interface {
	// Changes returns a channel that receives after each change that was committed, until ctx ends; then it is
	// closed. Changes that come while the last one has not been received yet are told as one. One is told at the
	// beginning and after each interruption, so who forgets everything at each of them misses nothing. The error
	// says that listening could not begin; later ones are for the Store to get over.
	//
	// A Store that goes on with a change whose caller has left tells of it here when it is made: Announce cannot.
	Changes(ctx context.Context) (<-chan struct{}, error)
}

// Announce returns the Store with every change made through it announced, after it has been committed and
// before the caller hears of it. A change whose outcome is unknown is announced too; one that was refused is not.
func Announce(store Store, changed func(context.Context)) Store {
	return &announcing{Store: store, changed: changed}
}

type announcing struct {
	Store
	changed func(context.Context)
}

func (a *announcing) Book(ctx context.Context, request NewBooking) (Booking, bool, error) {
	booking, replayed, err := a.Store.Book(ctx, request)
	return a.announce(ctx, booking, replayed, err)
}

func (a *announcing) Cancel(ctx context.Context, request Cancellation) (Booking, bool, error) {
	booking, replayed, err := a.Store.Cancel(ctx, request)
	return a.announce(ctx, booking, replayed, err)
}

func (a *announcing) Transition(ctx context.Context, request Transition) (Booking, bool, error) {
	booking, replayed, err := a.Store.Transition(ctx, request)
	return a.announce(ctx, booking, replayed, err)
}

func (a *announcing) Reschedule(ctx context.Context, request Rescheduling) (Booking, bool, error) {
	booking, replayed, err := a.Store.Reschedule(ctx, request)
	return a.announce(ctx, booking, replayed, err)
}

func (a *announcing) BookSeries(ctx context.Context, request NewSeries) ([]Booking, bool, error) {
	bookings, replayed, err := a.Store.BookSeries(ctx, request)
	_, _, err = a.announce(ctx, Booking{}, replayed, err)
	return bookings, replayed, err
}

func (a *announcing) CancelSeries(ctx context.Context, request SeriesCancellation) ([]Booking, bool, error) {
	bookings, replayed, err := a.Store.CancelSeries(ctx, request)
	_, _, err = a.announce(ctx, Booking{}, replayed, err)
	return bookings, replayed, err
}

func (a *announcing) Leave(ctx context.Context, request Leaving) (WaitlistEntry, bool, error) {
	entry, replayed, err := a.Store.Leave(ctx, request)
	_, _, err = a.announce(ctx, Booking{}, replayed, err)
	return entry, replayed, err
}

func (a *announcing) HandOn(ctx context.Context, offering Offering) (int, error) {
	offers, err := a.Store.HandOn(ctx, offering)
	_, _, err = a.announce(ctx, Booking{}, offers == 0, err)
	return offers, err
}

func (a *announcing) announce(ctx context.Context, booking Booking, replayed bool, err error) (Booking, bool, error) {
	if err == nil && !replayed || err != nil && !refused(err) {
		a.changed(ctx)
	}
	return booking, replayed, err
}

// refusals are the errors after which nothing has changed for certain.
var refusals = []error{
	ErrNotFound, ErrOccupied, ErrIdempotencyMismatch, ErrNotLive, ErrTooLate, ErrTooEarly, ErrWrongStatus, ErrInvalidRequest,
}

func refused(err error) bool {
	_, limited := errors.AsType[*LimitError](err)
	_, series := errors.AsType[*SeriesError](err)
	if limited || series {
		return true
	}
	for _, refusal := range refusals {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}
