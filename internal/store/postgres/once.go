package postgres

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
		if isDomain(err) {
			b, replayed, err := s.refused(ctx, claim, err)
			return b, replayed, wrap(doing, err)
		}
		if !errors.Is(err, errNotWon) && !isKeyTaken(err) {
			s.announcer.doubtful()
			return booking.Booking{}, false, wrap(doing, err)
		}
		if replayed, known, replayErr := s.answered(ctx, claim); known || replayErr != nil {
			return replayed, known, wrap(doing, replayErr)
		}
	}
	if errors.Is(err, errNotWon) {
		b, replayed, err := s.refused(ctx, claim, booking.ErrOccupied)
		return b, replayed, wrap(doing, err)
	}
	return booking.Booking{}, false, wrap(doing, err)
}

// refused ends a request whose try was refused: with the refusal, which is kept first if it is one of those, or with what
// the claim came to before.
//
// A statement for the same claim may still be under way: of a server that has died since, whose statements Postgres carries
// out to their end, or on a server that the caller has stopped waiting for. Either it has claimed the key by now, then
// this waits for it and finds its booking; or it finds the key claimed, and is undone as a whole.
func (s *Store) refused(ctx context.Context, claim *booking.IdempotencyClaim, refusal error) (booking.Booking, bool, error) {
	if claim == nil || request.IsTentative(claim, refusal) {
		return booking.Booking{}, false, refusal
	}
	text, keeps := request.RefusalText(refusal)
	for range maxAttempts {
		if keeps {
			if kept, err := s.keepRefusal(ctx, *claim, text); kept || err != nil {
				return booking.Booking{}, false, cmp.Or(err, refusal)
			}
		}
		b, known, err := s.answered(ctx, claim)
		if known || err != nil {
			return b, known, err
		}
		if !keeps {
			return booking.Booking{}, false, refusal
		}
	}
	return booking.Booking{}, false, fmt.Errorf("%w: the idempotency key comes and goes", booking.ErrUnavailable)
}

// withoutSync has the transaction not wait for the disk, so that those who are refused are spared the wait. A crash of the
// database may forget the refusals of its last moments. It ends all statements that were under way, but not a copy of the
// request that has not got here yet: that one may then take effect (ADR 0004).
const withoutSync = `SELECT set_config('synchronous_commit', 'off', true)`

// keepRefusal claims the key for a refusal, unless it is known.
func (s *Store) keepRefusal(ctx context.Context, claim booking.IdempotencyClaim, text string) (kept bool, err error) {
	err = s.writer.send(ctx, func(batch *pgx.Batch) {
		batch.Queue(withoutSync)
		batch.Queue(`
		INSERT INTO idempotency_keys AS k (principal, route, key, body_hash, refusal) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (principal, route, key) DO UPDATE SET
			body_hash = excluded.body_hash, booking_id = NULL, refusal = excluded.refusal, created_at = clock_timestamp()
			WHERE k.created_at <= clock_timestamp() - `+keyLifetime,
			append(claimArgs(&claim), text)...).Exec(func(tag pgconn.CommandTag) error {
			kept = tag.RowsAffected() == 1
			return nil
		})
	})
	return kept && err == nil, err
}

// answered returns the booking that a known claim stands for, or fails with the *booking.RefusedError that it stands for. It
// is a statement of its own, because the one that lost the race for the key has a snapshot from before the winner committed.
// A key that is past its time is removed, so that the next attempt can claim it.
func (s *Store) answered(ctx context.Context, claim *booking.IdempotencyClaim) (b booking.Booking, known bool, err error) {
	if claim == nil {
		return booking.Booking{}, false, nil
	}
	b, fresh, err := s.lookUp(ctx, *claim)
	switch {
	case errors.Is(err, booking.ErrNotFound):
		return booking.Booking{}, false, nil
	case err != nil:
		return booking.Booking{}, false, err
	case !fresh:
		err := s.writer.send(ctx, func(batch *pgx.Batch) {
			batch.Queue(`
				DELETE FROM idempotency_keys WHERE principal = $1 AND route = $2 AND key = $3
					AND created_at <= clock_timestamp() - `+keyLifetime, claim.Principal, claim.Route, claim.Key)
		})
		return booking.Booking{}, false, err
	}
	return b, true, nil
}

// Refuse implements booking.Store.
func (s *Store) Refuse(ctx context.Context, claim booking.IdempotencyClaim, refusal error) (booking.Booking, error) {
	if err := request.CheckRefusal(claim, refusal); err != nil {
		return booking.Booking{}, err
	}
	claim.Tentative = false
	b, _, err := s.refused(ctx, &claim, refusal)
	return b, wrap("refuse", err)
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

// lookUp reads the booking behind a key, and whether the key is still within its time. Within it, a key that stands for
// another request is booking.ErrIdempotencyMismatch, and one that stands for a refusal *booking.RefusedError.
func (s *Store) lookUp(ctx context.Context, claim booking.IdempotencyClaim) (b booking.Booking, fresh bool, err error) {
	const (
		of     = ` WHERE k.principal = $1 AND k.route = $2 AND k.key = $3`
		common = `k.body_hash, k.created_at > clock_timestamp() - ` + keyLifetime + ` FROM idempotency_keys k`
	)
	var (
		hash    []byte
		refusal string
		found   bool
	)
	batch := &pgx.Batch{}
	args := []any{claim.Principal, claim.Route, claim.Key}
	batch.Queue(`SELECT `+bookingColumns+`, `+common+` JOIN bookings b ON b.id = k.booking_id JOIN customers c ON c.id = b.customer_id`+of,
		args...).QueryRow(func(row pgx.Row) (err error) {
		b, err = scanBooking(row, &hash, &fresh)
		return unlessMissing(err, &found)
	})
	batch.Queue(`SELECT k.refusal, `+common+of+` AND k.refusal IS NOT NULL`, args...).QueryRow(func(row pgx.Row) error {
		return unlessMissing(row.Scan(&refusal, &hash, &fresh), &found)
	})
	err = s.pool.SendBatch(ctx, batch).Close()
	switch {
	case err != nil:
		return booking.Booking{}, false, err
	case !found:
		return booking.Booking{}, false, booking.ErrNotFound
	case fresh && !bytes.Equal(hash, claim.BodyHash[:]):
		return booking.Booking{}, false, booking.ErrIdempotencyMismatch
	case fresh && refusal != "":
		return booking.Booking{}, false, request.ReadRefusal(refusal)
	}
	return b, fresh, nil
}

// unlessMissing says in found whether there was a row; that there was none is no error.
func unlessMissing(err error, found *bool) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	*found = *found || err == nil
	return err
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
