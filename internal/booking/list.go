package booking

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

var statuses = []Status{StatusHeld, StatusPending, StatusConfirmed, StatusCancelled, StatusCompleted, StatusNoShow, StatusExpired}

// List returns one page of bookings in the order of start, then id; the position from which the next
// page continues; and whether there is one. Services and resources that are no longer offered may be
// asked for, because their bookings stay. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, filter Filter) ([]Booking, Position, bool, error) {
	if err := filter.clean(s.region()); err != nil {
		return nil, Position{}, false, err
	}
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	bookings, err := s.store.List(ctx, filter)
	if err != nil {
		return nil, Position{}, false, storeError(err)
	}
	more := len(bookings) > limit
	if more {
		bookings = bookings[:limit]
	}
	next := filter.After
	if last := len(bookings) - 1; last >= 0 {
		next = Position{Start: bookings[last].Start, ID: bookings[last].ID}
	}
	return bookings, next, more, nil
}

// Figures count a window's bookings. Holds, and what became of them when they ran out, are in neither: nothing was agreed.
// So figures change with bookings only, and never by the clock.
type Figures struct {
	// Booked are those that wait to be confirmed, are confirmed, took place or were missed.
	Booked int `json:"booked"`
	// Cancelled are those that were called off or declined.
	Cancelled int `json:"cancelled"`
}

// Figures counts the bookings that start in the window, of which an empty one has none. Errors: STORAGE_UNAVAILABLE.
func (s *Service) Figures(ctx context.Context, within Interval) (Figures, error) {
	if !within.Start.Before(within.End) {
		return Figures{}, nil
	}
	counts, err := s.store.CountByStatus(ctx, within)
	if err != nil {
		return Figures{}, storeError(err)
	}
	return Figures{
		Booked:    counts[StatusPending] + counts[StatusConfirmed] + counts[StatusCompleted] + counts[StatusNoShow],
		Cancelled: counts[StatusCancelled],
	}, nil
}

// clean fills in the page size and refuses what no booking can match.
func (f *Filter) clean(region string) error {
	switch {
	case f.Limit == 0:
		f.Limit = DefaultPageSize
	case f.Limit < 0 || f.Limit > MaxPageSize:
		return invalid("limit", "The limit is %d. Send a number from 1 to %d.", f.Limit, MaxPageSize)
	}
	if err := f.checkWindow(); err != nil {
		return err
	}
	if f.After != (Position{}) {
		if err := checkYear("cursor", f.After.Start); err != nil {
			return err
		}
	}
	for _, status := range f.Statuses {
		if !slices.Contains(statuses, status) {
			return invalid("status", "There is no status %q. Use one of %v.", clip(string(status)), statuses)
		}
	}
	if err := f.checkIDs(); err != nil {
		return err
	}
	if f.Phone != "" {
		phone, err := parsePhone("phone", f.Phone, region)
		if err != nil {
			return err
		}
		f.Phone = phone
	}
	return nil
}

func (f *Filter) checkWindow() error {
	if !f.From.IsZero() {
		if err := checkYear("from", f.From); err != nil {
			return err
		}
	}
	if f.To.IsZero() {
		return nil
	}
	if err := checkYear("to", f.To); err != nil {
		return err
	}
	if !f.From.Before(f.To) {
		return invalid("to", "The end of the window is not after its beginning. Send an end that is later than the beginning.")
	}
	return nil
}

func (f *Filter) checkIDs() error {
	for _, id := range []struct{ field, value string }{{"service", f.ServiceID}, {"resource", f.ResourceID}} {
		if !utf8.ValidString(id.value) || len(id.value) > 100 || strings.ContainsFunc(id.value, unicode.IsControl) {
			return invalid(id.field, "%q is not an identifier. Use one from the list of services.", clip(id.value))
		}
	}
	for _, id := range []struct {
		field string
		value *string
	}{{"customer", &f.CustomerID}, {"cursor", &f.After.ID}} {
		if *id.value == "" {
			continue
		}
		parsed, err := uuid.Parse(*id.value)
		if err != nil {
			return invalid(id.field, "%q is not an identifier. Use one that an earlier answer gave.", clip(*id.value))
		}
		*id.value = parsed.String() // the only form that stores keep
	}
	return nil
}
