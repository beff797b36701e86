package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// change runs fn in a transaction that is alone with the database from its first statement on. It commits
// what fn did, or nothing.
func (s *Store) change(ctx context.Context, doing string, fn func(tx *sql.Tx) error) error {
	if s.memory != nil {
		return wrap(doing, s.memory.change(ctx, fn))
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return wrap(doing, err)
	}
	if err := fn(tx); err != nil {
		return wrap(doing, undo(tx, err))
	}
	return wrap(doing, tx.Commit())
}

// undo rolls back because of err, which it returns.
func undo(tx *sql.Tx, err error) error {
	if rollbackErr := tx.Rollback(); rollbackErr != nil && !errors.Is(rollbackErr, sql.ErrTxDone) {
		return errors.Join(err, rollbackErr)
	}
	return err
}

// once runs fn as a change, unless the claim was made before: then it returns that claim's booking, or fails with its
// *booking.RefusedError. What fn did before it refused is undone, and refusals that are kept are kept in its place.
func (s *Store) once(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx *sql.Tx) (booking.Booking, error),
) (b booking.Booking, replayed bool, err error) {
	var refusal error
	err = s.change(ctx, doing, func(tx *sql.Tx) (err error) {
		if claim == nil {
			b, err = fn(tx)
			return err
		}
		b, err = lookUp(ctx, tx, *claim)
		if !errors.Is(err, booking.ErrNotFound) {
			replayed = err == nil
			return err
		}
		if _, err := tx.ExecContext(ctx, `SAVEPOINT try`); err != nil {
			return err
		}
		if b, err = fn(tx); err == nil {
			return keepKey(ctx, tx, *claim, b.ID, "")
		}
		text, keeps := request.RefusalText(err)
		if !keeps || request.IsTentative(claim, err) {
			return err
		}
		refusal = err
		if _, err := tx.ExecContext(ctx, `ROLLBACK TO try`); err != nil {
			return err
		}
		return keepKey(ctx, tx, *claim, "", text)
	})
	if err := cmp.Or(err, refusal); err != nil {
		return booking.Booking{}, false, err
	}
	return b, replayed, nil
}

// keepKey claims a key for a booking or a refusal, one of which is empty. A key that is past its time is claimed anew.
func keepKey(ctx context.Context, tx *sql.Tx, claim booking.IdempotencyClaim, bookingID, refusal string) error {
	_, err := tx.ExecContext(ctx, `
		INSERT OR REPLACE INTO idempotency_keys (principal, route, key, body_hash, booking_id, created_at, refusal)
		VALUES (?, ?, ?, ?, nullif(?, ''), `+clock+`, nullif(?, ''))`, claim.Principal, claim.Route, claim.Key, claim.BodyHash[:], bookingID, refusal)
	return err
}

// Refuse implements booking.Store.
func (s *Store) Refuse(ctx context.Context, claim booking.IdempotencyClaim, refusal error) (booking.Booking, error) {
	if err := request.CheckRefusal(claim, refusal); err != nil {
		return booking.Booking{}, err
	}
	claim.Tentative = false
	b, _, err := s.once(ctx, "refuse", &claim, func(*sql.Tx) (booking.Booking, error) { return booking.Booking{}, refusal })
	return b, err
}

// queryer is what a database and a transaction have in common.
type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// lookUp returns the booking behind a key that is within its time, else booking.ErrNotFound. A key that stands for another
// request is booking.ErrIdempotencyMismatch, and one that stands for a refusal *booking.RefusedError.
func lookUp(ctx context.Context, db queryer, claim booking.IdempotencyClaim) (booking.Booking, error) {
	var (
		hash               []byte
		bookingID, refusal string
	)
	err := db.QueryRowContext(ctx, `
		SELECT body_hash, coalesce(booking_id, ''), coalesce(refusal, '') FROM idempotency_keys
		WHERE principal = ? AND route = ? AND key = ? AND created_at > `+clock+` - ?`,
		claim.Principal, claim.Route, claim.Key, keyLifetime.Microseconds()).Scan(&hash, &bookingID, &refusal)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return booking.Booking{}, booking.ErrNotFound
	case err != nil:
		return booking.Booking{}, err
	case [32]byte(hash) != claim.BodyHash:
		return booking.Booking{}, booking.ErrIdempotencyMismatch
	case refusal != "":
		return booking.Booking{}, request.ReadRefusal(refusal)
	}
	return get(ctx, db, bookingID)
}

// Replay implements booking.Store.
func (s *Store) Replay(ctx context.Context, claim booking.IdempotencyClaim) (booking.Booking, error) {
	if err := request.CheckClaim(claim); err != nil {
		return booking.Booking{}, err
	}
	b, err := lookUp(ctx, s.read, claim)
	return b, wrap("replay", err)
}

// get reads one booking.
func get(ctx context.Context, db queryer, id string) (booking.Booking, error) {
	b, err := scanBooking(db.QueryRowContext(ctx, `
		SELECT `+bookingColumns+` FROM bookings b JOIN customers c ON c.id = b.customer_id WHERE b.id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		err = booking.ErrNotFound
	}
	return b, err
}

// addEvent writes one entry of a booking's history.
func addEvent(ctx context.Context, tx *sql.Tx, bookingID string, event booking.EventType, actor booking.Actor) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO booking_events (booking_id, type, at, actor, channel) VALUES (?, ?, `+clock+`, ?, ?)`,
		bookingID, string(event), actor.Principal, actor.Channel)
	return err
}
