package postgres

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// maxAttempts bounds how often one request is tried again because others were in its way. A request that loses
// its unit costs another one its attempt only if it wins, so far fewer are needed in practice.
const maxAttempts = 20

// keyLifetime is how long an idempotency key is kept, as SQL.
const keyLifetime = `interval '24 hours'`

// attempt tries a change once. It fails with errNotWon when another try may end differently.
type attempt func(ctx context.Context) (booking.Booking, error)

// once runs try until it decides, and replays the stored answer if the claim was made before.
func (s *Store) once(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, try attempt,
) (booking.Booking, bool, error) {
	var err error
	for n := range maxAttempts {
		var b booking.Booking
		if b, err = try(ctx); err == nil {
			s.announcer.changed()
			return b, false, nil
		}
		if isContention(err) {
			if waitErr := backOff(ctx, n); waitErr != nil {
				return booking.Booking{}, false, wrap(doing, waitErr)
			}
			continue
		}
		if claim != nil && (isKeyTaken(err) || errors.Is(err, errNotWon) || isDomain(err)) {
			if replayed, known, replayErr := s.answered(ctx, *claim); known || replayErr != nil {
				return replayed, known, wrap(doing, replayErr)
			}
		}
		if !errors.Is(err, errNotWon) && !isKeyTaken(err) {
			if !isDomain(err) {
				s.announcer.changed() // nobody knows whether it has
			}
			return booking.Booking{}, false, wrap(doing, err)
		}
	}
	if errors.Is(err, errNotWon) {
		err = booking.ErrOccupied
	}
	return booking.Booking{}, false, wrap(doing, err)
}

// answered returns the booking that a known claim stands for. It is a statement of its own, because the one
// that lost the race for the key has a snapshot from before the winner committed. A key that is past its time is
// removed, so that the next attempt can claim it.
func (s *Store) answered(ctx context.Context, claim booking.IdempotencyClaim) (b booking.Booking, known bool, err error) {
	b, fresh, err := s.lookUp(ctx, claim)
	switch {
	case errors.Is(err, booking.ErrNotFound):
		return booking.Booking{}, false, nil
	case err != nil:
		return booking.Booking{}, false, err
	case !fresh:
		_, err := s.pool.Exec(ctx, `
			DELETE FROM idempotency_keys WHERE principal = $1 AND route = $2 AND key = $3
				AND created_at <= clock_timestamp() - `+keyLifetime, claim.Principal, claim.Route, claim.Key)
		return booking.Booking{}, false, err
	}
	return b, true, nil
}

// Replay implements booking.Store.
func (s *Store) Replay(ctx context.Context, claim booking.IdempotencyClaim) (booking.Booking, error) {
	if err := request.CheckClaim(claim); err != nil {
		return booking.Booking{}, err
	}
	b, fresh, err := s.lookUp(ctx, claim)
	if err == nil && !fresh {
		err = booking.ErrNotFound
	}
	if err != nil {
		return booking.Booking{}, wrap("replay", err)
	}
	return b, nil
}

// lookUp reads the booking behind a key, and whether the key is still within its time. A key that stands for
// another request is booking.ErrIdempotencyMismatch.
func (s *Store) lookUp(ctx context.Context, claim booking.IdempotencyClaim) (b booking.Booking, fresh bool, err error) {
	var hash []byte
	b, err = scanBooking(s.pool.QueryRow(ctx, `
		SELECT `+bookingColumns+`, k.body_hash, k.created_at > clock_timestamp() - `+keyLifetime+`
		FROM idempotency_keys k
		JOIN bookings b ON b.id = k.booking_id
		JOIN customers c ON c.id = b.customer_id
		WHERE k.principal = $1 AND k.route = $2 AND k.key = $3`,
		claim.Principal, claim.Route, claim.Key), &hash, &fresh)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return booking.Booking{}, false, booking.ErrNotFound
	case err == nil && fresh && !bytes.Equal(hash, claim.BodyHash[:]):
		return booking.Booking{}, false, booking.ErrIdempotencyMismatch
	}
	return b, fresh, err
}

// backOff waits a little longer each time, with jitter, so that those who collided do not meet again.
func backOff(ctx context.Context, n int) error {
	timer := time.NewTimer(time.Duration(1+rand.IntN(5*(n+1))) * time.Millisecond) //nolint:gosec // jitter
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
