package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// SQLSTATEs, from PostgreSQL's appendix "Error Codes".
const (
	stateNotNullViolation     = "23502"
	stateUniqueViolation      = "23505"
	stateSerializationFailure = "40001"
	stateDeadlockDetected     = "40P01"
	stateReadOnlyTransaction  = "25006" // a failed-over connection that still points at the old primary
	stateUndefinedTable       = "42P01"
	stateLockNotAvailable     = "55P03" // lock_timeout
	stateQueryCanceled        = "57014" // statement_timeout, when the context is not the reason
)

// unavailableClasses are the SQLSTATE classes that say something about the server and not about the statement:
// connection, transaction undone again and again, insufficient resources, operator intervention, system error.
var unavailableClasses = []string{"08", "40", "53", "57", "58"}

// wrap says what was being done and marks errors that mean that the database cannot serve now. The texts
// that pgx and Postgres give hold neither SQL nor passwords.
func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case isDomain(err):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: %w", doing, err)
	case isUnavailable(err):
		return fmt.Errorf("%s: %w: %w", doing, booking.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

func isDomain(err error) bool {
	for _, known := range []error{booking.ErrNotFound, booking.ErrOccupied, booking.ErrIdempotencyMismatch, booking.ErrNotLive,
		booking.ErrTooLate, booking.ErrTooEarly, booking.ErrWrongStatus, booking.ErrVersionConflict,
		booking.ErrInvalidRequest, booking.ErrUnavailable} {
		if errors.Is(err, known) {
			return true
		}
	}
	_, limit := errors.AsType[*booking.LimitError](err)
	_, series := errors.AsType[*booking.SeriesError](err)
	return limit || series
}

// isRefusal says of an error that was wrapped that nothing was changed for certain.
func isRefusal(err error) bool { return isDomain(err) && !errors.Is(err, booking.ErrUnavailable) }

func isUnavailable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if pg.Code == stateReadOnlyTransaction || pg.Code == stateLockNotAvailable || pg.Code == stateQueryCanceled {
			return true
		}
		for _, class := range unavailableClasses {
			if strings.HasPrefix(pg.Code, class) {
				return true
			}
		}
		return false
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, puddle.ErrClosedPool) || pgconn.SafeToRetry(err) || strings.Contains(err.Error(), "conn closed")
}

// isContention says that the database undid the transaction because of others and that it is worth another try.
func isContention(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (pg.Code == stateSerializationFailure || pg.Code == stateDeadlockDetected)
}

// isPartlyWon says that a booking of several units was refused, or a move, because others had some of them first.
func isPartlyWon(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == stateNotNullViolation &&
		(pg.TableName == "bookings" && pg.ColumnName == "resource_ids" || pg.TableName == "booking_events" && pg.ColumnName == "type")
}

// isKeyTaken says that another request claimed the idempotency key first.
func isKeyTaken(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == stateUniqueViolation && pg.ConstraintName == "idempotency_keys_pkey"
}
