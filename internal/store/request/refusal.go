package request

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// keptRefusal is a refusal as it is kept under an idempotency key, in JSON.
type keptRefusal struct {
	Reason string            `json:"reason"`
	Limit  booking.LimitKind `json:"limit,omitempty"`
	Max    int               `json:"max,omitempty"`
	// Refused are the refused bookings of a series, by their number.
	Refused map[int]keptRefusal `json:"refused,omitempty"`
}

// The reasons that say more than their name.
const (
	reasonLimit  = "limit"
	reasonSeries = "series"
)

// plainReasons are the errors of the other reasons.
var plainReasons = map[string]error{
	"occupied":     booking.ErrOccupied,
	"too_late":     booking.ErrTooLate,
	"too_early":    booking.ErrTooEarly,
	"wrong_status": booking.ErrWrongStatus,
}

// RefusalText is what is kept of a refusal. It is false for errors that are not kept: they are no refusals, or no moment could
// turn them into their opposite.
func RefusalText(refusal error) (string, bool) {
	kept, ok := keep(refusal)
	if !ok {
		return "", false
	}
	text, _ := json.Marshal(kept) // of texts and numbers, which cannot fail
	return string(text), true
}

func keep(refusal error) (keptRefusal, bool) {
	if series, ok := errors.AsType[*booking.SeriesError](refusal); ok {
		kept := keptRefusal{Reason: reasonSeries, Refused: map[int]keptRefusal{}}
		for i, cause := range series.Refused {
			one, ok := keep(cause)
			if !ok {
				return keptRefusal{}, false
			}
			kept.Refused[i] = one
		}
		return kept, true
	}
	if limit, ok := errors.AsType[*booking.LimitError](refusal); ok {
		return keptRefusal{Reason: reasonLimit, Limit: limit.Limit.Kind, Max: limit.Limit.Max}, true
	}
	for reason, known := range plainReasons {
		if errors.Is(refusal, known) {
			return keptRefusal{Reason: reason}, true
		}
	}
	return keptRefusal{}, false
}

// ReadRefusal is the *booking.RefusedError of a text that was kept, or says that the text is none of this version's.
func ReadRefusal(text string) error {
	var kept keptRefusal
	if err := json.Unmarshal([]byte(text), &kept); err != nil {
		return fmt.Errorf("read the refusal %q: %w", text, err)
	}
	refusal, err := kept.refusal()
	if err != nil {
		return fmt.Errorf("read the refusal %q: %w", text, err)
	}
	return &booking.RefusedError{Refusal: refusal}
}

func (k keptRefusal) refusal() (refusal, err error) {
	switch {
	case k.Reason == reasonLimit:
		return &booking.LimitError{Limit: booking.Limit{Kind: k.Limit, Max: k.Max}}, nil
	case k.Reason == reasonSeries:
		series := &booking.SeriesError{Refused: map[int]error{}}
		for i, one := range k.Refused {
			if series.Refused[i], err = one.refusal(); err != nil {
				return nil, err
			}
		}
		return series, nil
	case plainReasons[k.Reason] != nil:
		return plainReasons[k.Reason], nil
	}
	return nil, fmt.Errorf("the reason %q is unknown", k.Reason)
}

// IsTentative says of a refusal that the claim leaves it to the caller to try further.
func IsTentative(claim *booking.IdempotencyClaim, refusal error) bool {
	_, series := errors.AsType[*booking.SeriesError](refusal)
	return claim != nil && claim.Tentative && (series || errors.Is(refusal, booking.ErrOccupied))
}

// CheckRefusal refuses, with booking.ErrInvalidRequest, what cannot be kept as a refusal.
func CheckRefusal(claim booking.IdempotencyClaim, refusal error) error {
	if _, ok := RefusalText(refusal); !ok {
		return invalid("%q is no refusal that is kept", refusal)
	}
	return CheckClaim(claim)
}
