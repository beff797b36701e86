package request

import (
	"slices"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// CheckSeries refuses, with booking.ErrInvalidRequest, a series that no store could keep.
func CheckSeries(r booking.NewSeries) error {
	if !IsUUID(r.ID) || len(r.Bookings) == 0 {
		return invalid("a series needs a UUID and at least one booking")
	}
	for i, b := range r.Bookings {
		if err := CheckNew(b); err != nil {
			return err
		}
		if b.Booking.Status == booking.StatusHeld || i > 0 && !r.Bookings[i-1].Booking.Start.Before(b.Booking.Start) {
			return invalid("the bookings of a series are in the order of their starts, and none is a hold")
		}
	}
	if r.Idempotency == nil {
		return nil
	}
	return CheckClaim(*r.Idempotency)
}

// SeriesLocks names what a series must lock, sorted and without duplicates. The identity is as in Locks.
func SeriesLocks(r booking.NewSeries, identity string) (names []string) {
	for _, b := range r.Bookings {
		names = append(names, Locks(b, identity)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
