package lead

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// Service keeps the people of one tenant. It is immutable and safe for concurrent use.
type Service struct {
	store    Store
	bookings booking.Store
	region   string
	clock    func() time.Time
}

// NewService puts a Service together. Region is the country in which numbers without a country code are read.
func NewService(store Store, bookings booking.Store, region string, clock func() time.Time) *Service {
	return &Service{store: store, bookings: bookings, region: region, clock: clock}
}

// Region is the country in which numbers without a country code are read.
func (s *Service) Region() string { return s.region }

// Create keeps a person, or brings what is known of that number together with what is new. Errors: VALIDATION_ERROR,
// IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Create(ctx context.Context, request NewPerson) (Person, Outcome, bool, error) {
	draft, err := request.Draft.Clean(s.region)
	if err != nil {
		return Person{}, "", false, err
	}
	request.Draft = draft
	person, outcome, replayed, err := s.store.Create(ctx, request)
	return person, outcome, replayed, storeError(err)
}

// Get returns a person. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Get(ctx context.Context, id string) (Person, error) {
	id, err := personID(id)
	if err != nil {
		return Person{}, err
	}
	person, err := s.store.Get(ctx, id)
	return person, storeError(err)
}

// Find returns the person with a number. Errors: VALIDATION_ERROR, NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Find(ctx context.Context, phone string) (Person, error) {
	phone, err := requiredPhone(phone, s.region)
	if err != nil {
		return Person{}, err
	}
	found, err := s.store.List(ctx, Filter{Phone: phone, Limit: 1})
	if err == nil && len(found) == 0 {
		err = booking.ErrNotFound
	}
	if err != nil {
		return Person{}, storeError(err)
	}
	return found[0], nil
}

// PatchRequest is a wish to change a person.
type PatchRequest struct {
	ID string
	// Version is the version that the caller has seen; 0 to change whatever there is.
	Version     int
	Patch       Patch
	Actor       booking.Actor
	Idempotency *booking.IdempotencyClaim
}

// Change changes a person; the second result says that the request repeats an earlier one. Errors: VALIDATION_ERROR,
// NOT_FOUND, VERSION_MISMATCH, INVALID_TRANSITION, NUMBER_TAKEN, IDEMPOTENCY_KEY_REUSED, STORAGE_UNAVAILABLE.
func (s *Service) Change(ctx context.Context, request PatchRequest) (Person, bool, error) {
	id, err := personID(request.ID)
	if err != nil {
		return Person{}, false, err
	}
	now := s.clock()
	patch, err := request.Patch.clean(s.region, now)
	if err != nil {
		return Person{}, false, err
	}
	person, replayed, err := s.store.Change(ctx, Change{
		ID: id, Version: request.Version, Actor: request.Actor, Idempotency: request.Idempotency,
		Apply: func(p Person) (Person, error) { return patch.Apply(p, now) },
	})
	return person, replayed, storeError(err)
}

// Merge makes one person of two: other becomes part of id. Errors: VALIDATION_ERROR, NOT_FOUND, IDEMPOTENCY_KEY_REUSED,
// STORAGE_UNAVAILABLE.
func (s *Service) Merge(ctx context.Context, request Merging) (Person, bool, error) {
	var err error
	if request.ID, err = personID(request.ID); err != nil {
		return Person{}, false, err
	}
	if request.OtherID, err = personID(request.OtherID); err != nil {
		return Person{}, false, err
	}
	if request.ID == request.OtherID {
		return Person{}, false, invalid("other", "This is the same person. Send the id of the other one.")
	}
	person, replayed, err := s.store.Merge(ctx, request)
	return person, replayed, storeError(err)
}

// Erase removes everything personal of a person for good. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Erase(ctx context.Context, id string, actor booking.Actor) error {
	id, err := personID(id)
	if err != nil {
		return err
	}
	return storeError(s.store.Erase(ctx, id, actor))
}

// Import keeps many clean drafts (see Draft.Clean) in one transaction. Errors: IDEMPOTENCY_KEY_REUSED,
// STORAGE_UNAVAILABLE, what the batches yield.
func (s *Service) Import(ctx context.Context, request Import) (Counts, string, error) {
	counts, answer, err := s.store.Import(ctx, request)
	return counts, answer, storeError(err)
}

// List returns one page of people, the newest first, the id from which the next page continues, and whether there is
// one. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, filter Filter) ([]Person, string, bool, error) {
	filter, err := s.cleanFilter(filter)
	if err != nil {
		return nil, "", false, err
	}
	switch {
	case filter.Limit == 0:
		filter.Limit = DefaultPageSize
	case filter.Limit < 0 || filter.Limit > MaxPageSize:
		return nil, "", false, invalid("limit", "The limit is %d. Send a number from 1 to %d.", filter.Limit, MaxPageSize)
	}
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is a next page
	people, err := s.store.List(ctx, filter)
	if err != nil {
		return nil, "", false, storeError(err)
	}
	if len(people) <= limit {
		return people, "", false, nil
	}
	return people[:limit], people[limit-1].ID, true, nil
}

// exportPage is how many people are read at a time for All.
const exportPage = 1000

// All yields everybody who matches, the newest first, page by page: nothing is held in between. The filter's position
// and limit do not count.
func (s *Service) All(ctx context.Context, filter Filter) iter.Seq2[Person, error] {
	return func(yield func(Person, error) bool) {
		filter, err := s.cleanFilter(filter)
		if err != nil {
			yield(Person{}, err)
			return
		}
		filter.After, filter.Limit = "", exportPage
		for {
			people, err := s.store.List(ctx, filter)
			if err != nil {
				yield(Person{}, storeError(err))
				return
			}
			for _, person := range people {
				if !yield(person, nil) {
					return
				}
			}
			if len(people) < exportPage {
				return
			}
			filter.After = people[len(people)-1].ID
		}
	}
}

func (s *Service) cleanFilter(filter Filter) (Filter, error) {
	for _, status := range filter.Statuses {
		if !status.Known() {
			return Filter{}, unknownStatus(status)
		}
	}
	var err error
	if filter.Text, err = booking.CleanText("text", "The text", filter.Text, MaxName, ""); err != nil {
		return Filter{}, err
	}
	if filter.Tags, err = cleanTags(filter.Tags); err != nil {
		return Filter{}, err
	}
	filter.Sources = slices.Clone(filter.Sources)
	for i, source := range filter.Sources {
		if filter.Sources[i], err = booking.CleanText("source", "The source", source, MaxSource, ""); err != nil {
			return Filter{}, err
		}
	}
	if filter.After != "" {
		if filter.After, err = personID(filter.After); err != nil {
			return Filter{}, invalid("cursor", "The cursor is not one of ours. Use nextCursor as it was given.")
		}
	}
	if filter.Phone, err = booking.CleanPhone("phone", filter.Phone, s.region); err != nil {
		return Filter{}, err
	}
	return filter, nil
}

// Timeline returns one page of what happened to a person, the newest first; the position from which the next page
// continues; and whether there is one. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Timeline(ctx context.Context, id string, after Position, limit int) ([]Entry, Position, bool, error) {
	person, err := s.Get(ctx, id)
	if err != nil {
		return nil, Position{}, false, err
	}
	limit = min(max(limit, 1), MaxPageSize)
	entries, err := s.store.Timeline(ctx, person.ID, after, limit+1)
	if err != nil {
		return nil, Position{}, false, storeError(err)
	}
	if len(entries) <= limit {
		return entries, Position{}, false, nil
	}
	return entries[:limit], entries[limit-1].Position, true, nil
}

// Record returns everything that is kept about a person. Errors: NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) Record(ctx context.Context, id string) (Record, error) {
	person, err := s.Get(ctx, id)
	if err != nil {
		return Record{}, err
	}
	record := Record{Person: person}
	optedOut, err := s.OptedOut(ctx, []Person{person})
	if err != nil {
		return Record{}, err
	}
	record.OptedOut = optedOut[person.ID]
	filter := booking.Filter{CustomerID: person.ID, Limit: booking.MaxPageSize}
	for {
		page, err := s.bookings.List(ctx, filter)
		if err != nil {
			return Record{}, storeError(err)
		}
		record.Bookings = append(record.Bookings, page...)
		if len(page) < filter.Limit {
			break
		}
		filter.After = booking.Position{Start: page[len(page)-1].Start, ID: page[len(page)-1].ID}
	}
	for after, more := (Position{}), true; more; {
		var page []Entry
		if page, after, more, err = s.Timeline(ctx, person.ID, after, MaxPageSize); err != nil {
			return Record{}, err
		}
		record.Timeline = append(record.Timeline, page...)
	}
	return record, nil
}

// personID returns the canonical form of a person's id. A text that is no UUID names nobody.
func personID(text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) {
		return "", booking.Errorf(booking.CodeNotFound, "There is no person %q. Check the id.", short(text))
	}
	return id.String(), nil
}
