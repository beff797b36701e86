package request_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// What is kept outlives this version: the texts are part of the schema.
func TestRefusalsAreKept(t *testing.T) {
	t.Parallel()
	limit := func(kind booking.LimitKind, most int) error {
		return &booking.LimitError{Limit: booking.Limit{Kind: kind, Max: most}}
	}
	for text, refusal := range map[string]error{
		`{"reason":"occupied"}`:                        booking.ErrOccupied,
		`{"reason":"too_late"}`:                        booking.ErrTooLate,
		`{"reason":"too_early"}`:                       booking.ErrTooEarly,
		`{"reason":"wrong_status"}`:                    booking.ErrWrongStatus,
		`{"reason":"limit","limit":"perDay","max":20}`: limit(booking.LimitPerDay, 20),
		`{"reason":"series","refused":{"0":{"reason":"occupied"},"3":{"reason":"limit","limit":"perWeek","max":2}}}`: &booking.SeriesError{
			Refused: map[int]error{0: booking.ErrOccupied, 3: limit(booking.LimitPerWeek, 2)}},
	} {
		if kept, ok := request.RefusalText(refusal); !ok || kept != text {
			t.Errorf("%v is kept as %s, %t; want %s", refusal, kept, ok, text)
		}
		read, ok := errors.AsType[*booking.RefusedError](request.ReadRefusal(text))
		if !ok {
			t.Errorf("%s is read as %v", text, request.ReadRefusal(text))
			continue
		}
		same := cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })
		if diff := cmp.Diff(refusal, read.Refusal, same); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if again, _ := request.RefusalText(read); again != text {
			t.Errorf("read and kept again: %s; want %s", again, text)
		}
	}
}

func TestWhatIsNoRefusalIsNotKept(t *testing.T) {
	t.Parallel()
	for _, err := range []error{booking.ErrNotFound, booking.ErrUnavailable, booking.ErrNotLive, booking.ErrVersionConflict,
		booking.ErrIdempotencyMismatch, &booking.SeriesError{Refused: map[int]error{0: booking.ErrUnavailable}}} {
		if text, ok := request.RefusalText(err); ok {
			t.Errorf("%v is kept as %s", err, text)
		}
	}
	for _, text := range []string{``, `{}`, `{"reason":"full moon"}`, `{"reason":"series","refused":{"0":{"reason":"?"}}}`} {
		if err := request.ReadRefusal(text); errors.As(err, new(*booking.RefusedError)) {
			t.Errorf("%q is read as %v", text, err)
		}
	}
}
