package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// JoinRequest is a wish to be offered a time that is taken now.
type JoinRequest struct {
	ServiceID string
	// ResourceID asks for one resource; empty for any.
	ResourceID string
	// Windows are those in which the appointment may start: at least one and at most MaxWaitlistWindows, none of which has
	// passed or is longer than MaxWaitlistWindowDays.
	Windows  []Interval
	Customer Customer
	// Notes has at most 2000 characters and becomes that of the booking.
	Notes string
	Actor Actor
	// Idempotency is nil when the caller gave no key.
	Idempotency *IdempotencyClaim
}

// Join puts somebody on the waitlist. What is free already is not offered: it can be booked. The second result is that of
// Book. Errors: VALIDATION_ERROR, UNKNOWN_SERVICE, UNKNOWN_RESOURCE, WAITLIST_CLOSED, LIMIT_REACHED when the customer waits
// for this already or for as much as is allowed, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Join(ctx context.Context, request JoinRequest) (WaitlistEntry, bool, error) {
	entry, replayed, err := s.join(ctx, request)
	code := CodeOf(err)
	if err == nil || request.Idempotency == nil || code == CodeStorageUnavailable || code == CodeIdempotencyMismatch {
		return entry, replayed, err
	}
	// As in orReplay: what was accepted once may be refused today.
	entry, replayErr := s.store.ReplayEntry(ctx, *request.Idempotency)
	switch {
	case replayErr == nil:
		return entry, true, nil
	case errors.Is(replayErr, ErrNotFound):
		return WaitlistEntry{}, false, err
	default:
		return WaitlistEntry{}, false, entryError(replayErr)
	}
}

func (s *Service) join(ctx context.Context, request JoinRequest) (WaitlistEntry, bool, error) {
	if s.offering() == nil {
		return WaitlistEntry{}, false, Errorf(CodeWaitlistClosed, "%s keeps no waitlist. Book one of the free times, or ask again later for others.",
			s.catalog.document.Tenant.DisplayName)
	}
	if _, _, err := s.catalog.plan(request.ServiceID, request.ResourceID); err != nil {
		return WaitlistEntry{}, false, err
	}
	if err := request.clean(s.region(), s.clock()); err != nil {
		return WaitlistEntry{}, false, err
	}
	entry, replayed, err := s.store.Join(ctx, NewWaitlistEntry{
		Entry: WaitlistEntry{
			ID:         uuid.Must(uuid.NewV7()).String(), // fails only when the system has no randomness
			ServiceID:  request.ServiceID,
			ResourceID: request.ResourceID,
			Customer:   request.Customer,
			Windows:    request.Windows,
			Notes:      request.Notes,
			Channel:    request.Actor.Channel,
		},
		Actor: request.Actor, Idempotency: request.Idempotency,
	})
	if limit, ok := errors.AsType[*LimitError](err); ok {
		return WaitlistEntry{}, false, waitingRefusal(limit.Limit)
	}
	if err != nil {
		return WaitlistEntry{}, false, entryError(err)
	}
	return entry, replayed, nil
}

// waitingRefusal does not say which entry is meant: whoever sends a number need not be its owner.
func waitingRefusal(limit Limit) *Error {
	refusal := Errorf(CodeLimitReached, "This customer has as many open entries on the waitlist as are allowed (%d). Leave one of them first.", limit.Max)
	if limit.Kind == LimitWaitingAlike {
		refusal = Errorf(CodeLimitReached, "This customer is on the waitlist for this already. Leave that entry first to wait for other times.")
	}
	refusal.Details = map[string]any{"reason": availability.LimitReached, "limit": limit.Kind, "maximum": limit.Max}
	return refusal
}

func (r *JoinRequest) clean(region string, now time.Time) error {
	windows, err := cleanWindows(r.Windows, now)
	if err != nil {
		return err
	}
	r.Windows = windows
	if err := r.Customer.clean(region); err != nil {
		return err
	}
	r.Notes, err = cleanNotes(r.Notes)
	return err
}

// cleanWindows checks the windows and returns them in UTC and in order, those that touch or overlap as one.
func cleanWindows(windows []Interval, now time.Time) ([]Interval, error) {
	if len(windows) == 0 || len(windows) > MaxWaitlistWindows {
		return nil, invalid("windows", "There are %d windows. Send 1 to %d, in which the appointment may start.", len(windows), MaxWaitlistWindows)
	}
	cleaned := make([]Interval, len(windows))
	for i, window := range windows {
		from, to := fmt.Sprintf("windows[%d].from", i), fmt.Sprintf("windows[%d].to", i)
		if err := checkYear(from, window.Start); err != nil {
			return nil, err
		}
		if err := checkYear(to, window.End); err != nil {
			return nil, err
		}
		cleaned[i] = Interval{Start: window.Start.UTC().Truncate(time.Microsecond), End: window.End.UTC().Truncate(time.Microsecond)}
		switch {
		case !cleaned[i].Start.Before(cleaned[i].End):
			return nil, invalid(to, "The end of the window is not after its beginning. Send an end that is later than the beginning.")
		case !now.Before(cleaned[i].End):
			return nil, invalid(to, "The window has passed. Send one that is still to come.")
		case window.End.Sub(window.Start) > MaxWaitlistWindowDays*24*time.Hour:
			return nil, invalid(to, "The window is longer than %d days. Send a shorter one.", MaxWaitlistWindowDays)
		}
	}
	slices.SortFunc(cleaned, func(a, b Interval) int { return a.Start.Compare(b.Start) })
	merged := cleaned[:1]
	for _, next := range cleaned[1:] {
		if last := &merged[len(merged)-1]; !last.End.Before(next.Start) {
			last.End = later(last.End, next.End)
		} else {
			merged = append(merged, next)
		}
	}
	return merged, nil
}

// Leave takes somebody off the waitlist; an offer goes to the next in line. The second result is that of Book. Errors:
// NOT_FOUND, WRONG_STATUS, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Leave(ctx context.Context, request ChangeRequest) (WaitlistEntry, bool, error) {
	id, err := entryID(request.ID)
	if err != nil {
		return WaitlistEntry{}, false, err
	}
	entry, replayed, err := s.store.Leave(ctx, Leaving{
		EntryID: id, Offering: s.offering(), Actor: request.Actor, Idempotency: request.Idempotency,
	})
	switch {
	case err == nil:
		return entry, replayed, nil
	case errors.Is(err, ErrNotLive):
		return WaitlistEntry{}, false, Errorf(CodeWrongStatus, "This entry has left the waitlist already. There is nothing left to do.")
	case errors.Is(err, ErrWrongStatus):
		return WaitlistEntry{}, false, Errorf(CodeWrongStatus, "The offer was accepted, so this entry waits no longer. Cancel the booking instead.")
	default:
		return WaitlistEntry{}, false, entryError(err)
	}
}

// WaitlistEntry returns an entry of the waitlist. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) WaitlistEntry(ctx context.Context, id string) (WaitlistEntry, error) {
	id, err := entryID(id)
	if err != nil {
		return WaitlistEntry{}, err
	}
	s.handOnLapsed(ctx)
	return s.readEntry(ctx, id)
}

func (s *Service) readEntry(ctx context.Context, id string) (WaitlistEntry, error) {
	entry, err := s.store.WaitlistEntry(ctx, id)
	if err != nil {
		return WaitlistEntry{}, entryError(err)
	}
	return entry, nil
}

// Waitlist returns one page of entries in the order in which they joined; the position from which the next page continues;
// and whether there is one. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) Waitlist(ctx context.Context, filter WaitlistFilter) ([]WaitlistEntry, Position, bool, error) {
	if err := filter.clean(s.region()); err != nil {
		return nil, Position{}, false, err
	}
	s.handOnLapsed(ctx)
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	entries, err := s.store.Waitlist(ctx, filter)
	if err != nil {
		return nil, Position{}, false, entryError(err)
	}
	more := len(entries) > limit
	if more {
		entries = entries[:limit]
	}
	next := filter.After
	if last := len(entries) - 1; last >= 0 {
		next = Position{Start: entries[last].JoinedAt, ID: entries[last].ID}
	}
	return entries, next, more, nil
}

// clean does what Filter.clean does, whose rules for fields of the same names hold here too.
func (f *WaitlistFilter) clean(region string) error {
	for _, status := range f.Statuses {
		if !slices.Contains(waitStatuses, status) {
			return invalid("status", "There is no status %q. Use one of %v.", clip(string(status)), waitStatuses)
		}
	}
	same := Filter{ServiceID: f.ServiceID, ResourceID: f.ResourceID, Phone: f.Phone, After: f.After, Limit: f.Limit}
	if err := same.clean(region); err != nil {
		return err
	}
	f.Phone, f.After, f.Limit = same.Phone, same.After, same.Limit
	return nil
}

// WaitlistEvents returns the history of an entry and of its offers, in order. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) WaitlistEvents(ctx context.Context, id string) ([]Event, error) {
	id, err := entryID(id)
	if err != nil {
		return nil, err
	}
	events, err := s.store.WaitlistEvents(ctx, id)
	if err == nil && len(events) == 0 { // every entry has the event that made it
		err = ErrNotFound
	}
	if err != nil {
		return nil, entryError(err)
	}
	return events, nil
}

// entryID is bookingID for an entry of the waitlist.
func entryID(text string) (string, error) {
	id, err := bookingID(text)
	if err != nil {
		return "", entryError(ErrNotFound)
	}
	return id, nil
}

// entryError is storeError for an entry of the waitlist.
func entryError(err error) error {
	if errors.Is(err, ErrNotFound) {
		return Errorf(CodeNotFound, "There is no such entry of the waitlist. Check its number.")
	}
	return storeError(err)
}
