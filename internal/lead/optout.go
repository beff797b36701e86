package lead

import (
	"context"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// OptOut adds a number to the registry of those that must not be contacted; the second result is false when it was
// there already. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE: then the number may not be stored, and whoever opted out
// must be told to try again.
func (s *Service) OptOut(ctx context.Context, request NewOptOut) (OptOut, bool, error) {
	var err error
	if request.Phone, err = requiredPhone(request.Phone, s.region); err != nil {
		return OptOut{}, false, err
	}
	if request.Reason, err = booking.CleanText("reason", "The reason", request.Reason, MaxOptOutReason, lineBreaks); err != nil {
		return OptOut{}, false, err
	}
	optOut, added, err := s.store.OptOut(ctx, request)
	return optOut, added, storeError(err)
}

// OptIn removes a number from the registry; false when it was not there. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) OptIn(ctx context.Context, phone string, actor booking.Actor) (string, bool, error) {
	phone, err := requiredPhone(phone, s.region)
	if err != nil {
		return "", false, err
	}
	removed, err := s.store.OptIn(ctx, phone, actor)
	return phone, removed, storeError(err)
}

// FindOptOut returns the registry's entry of a number. Errors: VALIDATION_ERROR, NOT_FOUND, STORAGE_UNAVAILABLE.
func (s *Service) FindOptOut(ctx context.Context, phone string) (OptOut, error) {
	phone, err := requiredPhone(phone, s.region)
	if err != nil {
		return OptOut{}, err
	}
	entries, err := s.store.OptedOut(ctx, []string{phone})
	if err != nil {
		return OptOut{}, storeError(err)
	}
	entry, found := entries[phone]
	if !found {
		return OptOut{}, booking.Errorf(booking.CodeNotFound, "This number is not opted out.")
	}
	entry.Phone = phone // who asks knows it, even when the registry has forgotten it
	return entry, nil
}

// OptOuts returns one page of the registry, the newest first; the id from which the next page continues; and whether
// there is one. Errors: VALIDATION_ERROR, STORAGE_UNAVAILABLE.
func (s *Service) OptOuts(ctx context.Context, after string, limit int) ([]OptOut, string, bool, error) {
	if after != "" && uuid.Validate(after) != nil {
		return nil, "", false, invalid("cursor", "The cursor is not one of ours. Use nextCursor as it was given.")
	}
	limit = min(max(limit, 1), MaxPageSize)
	entries, err := s.store.OptOuts(ctx, after, limit+1)
	if err != nil {
		return nil, "", false, storeError(err)
	}
	if len(entries) <= limit {
		return entries, "", false, nil
	}
	return entries[:limit], entries[limit-1].ID, true, nil
}

// CountOptOuts counts the numbers in the registry. Errors: STORAGE_UNAVAILABLE.
func (s *Service) CountOptOuts(ctx context.Context) (int, error) {
	count, err := s.store.CountOptOuts(ctx)
	return count, storeError(err)
}

// OptedOut says, by id, which of the people have a number in the registry.
func (s *Service) OptedOut(ctx context.Context, people []Person) (map[string]bool, error) {
	var phones []string
	for _, person := range people {
		phones = append(phones, person.Numbers()...)
	}
	if len(phones) == 0 {
		return map[string]bool{}, nil
	}
	entries, err := s.store.OptedOut(ctx, phones)
	if err != nil {
		return nil, storeError(err)
	}
	optedOut := make(map[string]bool)
	for _, person := range people {
		for _, phone := range person.Numbers() {
			if _, found := entries[phone]; found {
				optedOut[person.ID] = true
			}
		}
	}
	return optedOut, nil
}

// MayContact returns nil only if it is certain that a number may be called or texted now. Every failure is a refusal:
// whoever sends asks this at the moment of sending, and does not send on any error. Errors: OPTED_OUT, VALIDATION_ERROR,
// STORAGE_UNAVAILABLE.
func (s *Service) MayContact(ctx context.Context, phone string) error {
	phone, err := requiredPhone(phone, s.region)
	if err != nil {
		return err
	}
	entries, err := s.store.OptedOut(ctx, []string{phone})
	if err != nil {
		return storeError(err)
	}
	if _, found := entries[phone]; found {
		return booking.Errorf(CodeOptedOut, "This number opted out and must not be contacted.")
	}
	return nil
}

// Numbers are all numbers of a person.
func (p Person) Numbers() []string {
	if p.Phone == "" {
		return p.OtherPhones
	}
	return append([]string{p.Phone}, p.OtherPhones...)
}
