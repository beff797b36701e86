package booking

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// MaxSeriesWeeks bounds how many weeks a series has.
const MaxSeriesWeeks = 52

// Series is a row of weekly appointments that were booked together. Each is a booking like any other.
type Series struct {
	ID string
	// Bookings are in the order of their starts.
	Bookings []Booking
}

// SeriesRequest is a wish to book the same time in several weeks.
type SeriesRequest struct {
	// Request is the first appointment.
	Request
	// Weeks is how many appointments there are, a week apart, from 1 to MaxSeriesWeeks.
	Weeks int
}

// Conflict is a date of a series that cannot be booked.
type Conflict struct {
	Start time.Time
	// Refusal says why, with alternatives.
	Refusal *Error
}

// BookSeries books the same local time in consecutive weeks: all of them or none. Where clocks change in between, the
// wall clock counts. Whoever serves first serves every time that he is free. The second result says that the request
// repeats an earlier one. Errors: those of Book, where LIMIT_REACHED is about the customer; SERIES_CONFLICT names every
// date that cannot be had.
func (s *Service) BookSeries(ctx context.Context, request SeriesRequest) (Series, bool, error) {
	series, replayed, err := s.bookSeries(ctx, request)
	if err == nil || request.Idempotency == nil {
		return series, replayed, err
	}
	first, replayed, err := s.orReplay(ctx, request.Idempotency, CodeInThePast, Booking{}, false, err)
	if err != nil {
		return Series{}, false, err
	}
	series, err = s.Series(ctx, first.SeriesID)
	return series, replayed, err
}

func (s *Service) bookSeries(ctx context.Context, request SeriesRequest) (Series, bool, error) {
	if request.Weeks < 1 || request.Weeks > MaxSeriesWeeks {
		return Series{}, false, invalid("weeks", "A series has 1 to %d weeks, not %d.", MaxSeriesWeeks, request.Weeks)
	}
	if err := request.clean(s.region()); err != nil {
		return Series{}, false, err
	}
	offer, plan, err := s.catalog.plan(request.ServiceID, request.ResourceID)
	if err != nil {
		return Series{}, false, err
	}
	t := &seriesAttempt{service: s, known: make([]facts, request.Weeks), conflicts: map[int]availability.Reason{}}
	t.wanted = NewSeries{ID: uuid.Must(uuid.NewV7()).String(), Idempotency: request.Idempotency}
	status := s.statusOfNew()
	now := s.clock()
	for week := range request.Weeks {
		request.Start = s.catalog.weeksLater(request.Start, week)
		t.dates = append(t.dates, &attempt{service: s, offer: offer, plan: plan, start: request.Start, now: now})
		booking := s.newBooking(offer, status, request.Request)
		booking.Idempotency = nil
		t.wanted.Bookings = append(t.wanted.Bookings, booking)
		request.Start = t.dates[0].start
	}
	return t.settle(ctx)
}

// weeksLater is the instant at which clocks show the same time so many weeks later.
func (c *Catalog) weeksLater(start time.Time, weeks int) time.Time {
	if weeks == 0 {
		return start
	}
	local := start.In(c.location)
	seconds := local.Hour()*3600 + local.Minute()*60 + local.Second()
	return localtime.Resolve(c.location, localtime.DateOf(start, c.location)+localtime.Date(7*weeks), seconds).UTC()
}

// seriesAttempt is one request for one series.
type seriesAttempt struct {
	service *Service
	wanted  NewSeries
	dates   []*attempt
	known   []facts
	// conflicts are the dates that cannot be had, by number.
	conflicts map[int]availability.Reason
	// judged and repeated are as for one date.
	judged, repeated bool
}

// settle does for all dates together what attempt.settle does for one.
func (t *seriesAttempt) settle(ctx context.Context) (Series, bool, error) {
	claim := t.wanted.Idempotency
	for try := 0; len(t.conflicts) == 0; try++ {
		unsure, err := t.judge(try == 0)
		if err != nil {
			return Series{}, false, err
		}
		if len(t.conflicts) == 0 && len(unsure) == 0 {
			last := t.last(try)
			t.wanted.Idempotency = claim.tentative(last)
			bookings, replayed, err := t.service.store.BookSeries(ctx, t.wanted)
			_, t.repeated = errors.AsType[*RefusedError](err)
			t.judged = last || t.repeated
			refused, ok := errors.AsType[*SeriesError](err)
			if !ok {
				return t.outcome(ctx, bookings, replayed, err)
			}
			if unsure, err = t.refused(ctx, refused); err != nil {
				return Series{}, false, err
			}
		}
		if err := t.read(ctx, unsure); err != nil {
			return Series{}, false, err
		}
		if t.judged {
			if err := t.convict(unsure); err != nil {
				return Series{}, false, err
			}
		}
	}
	// The whole answer is wanted: which of the other dates are taken, too.
	if _, err := t.judge(false); err != nil {
		return Series{}, false, err
	}
	return Series{}, false, t.refuse(ctx)
}

// last is as for one date.
func (t *seriesAttempt) last(try int) bool {
	for i, date := range t.dates {
		if !date.last(try, t.wanted.Bookings[i].Candidates) {
			return false
		}
	}
	return true
}

// convict makes conflicts of the dates that the Store found taken, whatever is known of them now.
func (t *seriesAttempt) convict(taken []int) error {
	for _, i := range taken {
		_, reason, err := t.dates[i].judge(t.known[i])
		if err != nil {
			return err
		}
		if reason.OK() {
			reason = availability.Reason{Code: availability.SlotTaken}
		}
		t.conflicts[i] = reason
	}
	return nil
}

// judge finds candidates for each date by what is known. The first time, nothing is: dates that could yet turn out either
// way are returned, and so are all the others once there is a conflict.
func (t *seriesAttempt) judge(first bool) (unsure []int, err error) {
	for i, date := range t.dates {
		if _, refused := t.conflicts[i]; refused {
			continue
		}
		candidates, reason, err := date.judge(t.known[i])
		switch {
		case err != nil:
			return nil, err
		case reason.OK():
			t.wanted.Bookings[i].Candidates = candidates
		case first && date.joinable(reason):
			unsure = append(unsure, i)
		default:
			t.conflicts[i] = reason
		}
	}
	if first && len(t.conflicts) > 0 {
		unsure = unsure[:0]
		for i := range t.dates {
			if _, refused := t.conflicts[i]; !refused {
				unsure = append(unsure, i)
			}
		}
	}
	t.preferFirst()
	return unsure, nil
}

// preferFirst orders every date's candidates as the first date's are, so that one person serves them all if he can.
func (t *seriesAttempt) preferFirst() {
	order := t.wanted.Bookings[0].Candidates
	if t.dates[0].plan.group || len(order) == 0 {
		return
	}
	rank := func(a Assignment) int {
		at := slices.IndexFunc(order, func(b Assignment) bool { return slices.Equal(a, b) })
		if at < 0 {
			return math.MaxInt
		}
		return at
	}
	for _, booking := range t.wanted.Bookings[1:] {
		slices.SortStableFunc(booking.Candidates, func(a, b Assignment) int { return cmp.Compare(rank(a), rank(b)) })
	}
}

// refused sorts what the Store refused: limits are conflicts, and what is taken has to be looked at.
func (t *seriesAttempt) refused(ctx context.Context, refused *SeriesError) (taken []int, err error) {
	for i, cause := range refused.Refused {
		limit, ok := errors.AsType[*LimitError](cause)
		switch {
		case !ok:
			taken = append(taken, i)
		case limit.Limit.Kind == LimitOpenPerCustomer:
			return nil, t.outcomeOf(ctx, i, cause) // no other date would help
		default:
			t.conflicts[i] = availability.Reason{Code: availability.LimitReached, Limit: availability.Limit(limit.Limit.Kind)}
		}
	}
	return taken, nil
}

// ofCustomer is the limit that refuses all the dates, if one does: another date would not help.
func (e *SeriesError) ofCustomer() (limit *LimitError, found bool) {
	for _, cause := range e.Refused {
		if limit, found = errors.AsType[*LimitError](cause); found && limit.Limit.Kind == LimitOpenPerCustomer {
			return limit, true
		}
	}
	return nil, false
}

func (t *seriesAttempt) read(ctx context.Context, dates []int) (err error) {
	for _, i := range dates {
		if t.known[i], err = t.dates[i].facts(ctx, t.dates[i].start, t.dates[i].start); err != nil {
			return err
		}
	}
	return nil
}

func (t *seriesAttempt) outcome(ctx context.Context, bookings []Booking, replayed bool, err error) (Series, bool, error) {
	if err != nil {
		return Series{}, false, t.outcomeOf(ctx, 0, err)
	}
	return Series{ID: bookings[0].SeriesID, Bookings: bookings}, replayed, nil
}

// outcomeOf words what the Store answered as if it were about one date.
func (t *seriesAttempt) outcomeOf(ctx context.Context, i int, err error) error {
	date := t.dates[i]
	date.judged, date.repeated = t.judged, t.repeated
	return date.outcome(ctx, err)
}

// refuse names every date that cannot be had.
func (t *seriesAttempt) refuse(ctx context.Context) error {
	err := Errorf(CodeSeriesConflict, "%d of the %d dates cannot be booked, so none was. Choose another time, or fewer weeks.",
		len(t.conflicts), len(t.dates))
	err.judged, err.keep = t.judged, t.kept()
	if t.repeated {
		err.repeats()
	}
	for i, date := range t.dates {
		reason, refused := t.conflicts[i]
		if !refused {
			continue
		}
		if refusal, ok := errors.AsType[*Error](date.refuse(ctx, reason)); ok {
			err.Conflicts = append(err.Conflicts, Conflict{Start: date.start, Refusal: refusal})
		}
	}
	return err
}

// kept is the refusal as the Store keeps it; nil when none of the conflicts depends on what is stored.
func (t *seriesAttempt) kept() error {
	series := &SeriesError{Refused: map[int]error{}}
	for i, reason := range t.conflicts {
		if cause := kept(reason); cause != nil {
			series.Refused[i] = cause
		}
	}
	if len(series.Refused) == 0 {
		return nil
	}
	return series
}

// Series returns a series as it is now. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Series(ctx context.Context, id string) (Series, error) {
	id, err := seriesID(id)
	if err != nil {
		return Series{}, err
	}
	bookings, err := s.store.Series(ctx, id)
	if err != nil {
		return Series{}, seriesError(err)
	}
	return Series{ID: id, Bookings: bookings}, nil
}

// CancelSeriesRequest is a wish to call off the rest of a series.
type CancelSeriesRequest struct {
	ID string
	// From leaves alone what starts before; zero for all that is still to come.
	From time.Time
	// Reason has at most 500 characters and may be empty.
	Reason string
	Actor  Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// CancelSeries calls off all bookings of a series that Cancel would; the others stay, and the answer shows them. The
// second result is that of BookSeries. Errors: those of Cancel, when there is nothing that can be called off.
func (s *Service) CancelSeries(ctx context.Context, request CancelSeriesRequest) (Series, bool, error) {
	id, err := seriesID(request.ID)
	if err != nil {
		return Series{}, false, err
	}
	reason, err := cleanReason(request.Reason)
	if err != nil {
		return Series{}, false, err
	}
	cutOff := s.cancelCutOff(request.Actor)
	bookings, replayed, err := s.store.CancelSeries(ctx, SeriesCancellation{
		SeriesID: id, From: request.From,
		Cancellation: Cancellation{Reason: reason, CutOff: cutOff, Offering: s.offering(), Actor: request.Actor, Idempotency: request.Idempotency},
	})
	then, repeated := refusedBefore(err, CodeTooLateToCancel)
	switch {
	case err == nil:
		return Series{ID: id, Bookings: bookings}, replayed, nil
	case repeated:
		return Series{}, false, then
	case errors.Is(err, ErrNotLive):
		return Series{}, false, Errorf(CodeAlreadyCancelled, "Nothing of this series is left to cancel.")
	case errors.Is(err, ErrTooLate):
		return Series{}, false, s.tooLateToCancel(cutOff)
	default:
		return Series{}, false, seriesError(err)
	}
}

func seriesID(text string) (string, error) {
	id, err := bookingID(text)
	if err != nil {
		return "", noSuchSeries()
	}
	return id, nil
}

func seriesError(err error) error {
	if errors.Is(err, ErrNotFound) {
		return noSuchSeries()
	}
	return storeError(err)
}

func noSuchSeries() *Error { return Errorf(CodeNotFound, "There is no such series. Check its number.") }
