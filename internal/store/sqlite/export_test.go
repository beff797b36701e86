package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// Writer and Reader let tests look at the tables and age rows.
func (s *Store) Writer() *sql.DB { return s.write }

func (s *Store) Reader() *sql.DB { return s.read }

// KeepHouse runs one housekeeping pass now.
func (s *Store) KeepHouse(ctx context.Context) (removed int, err error) {
	return housekeeping.Pass(ctx, s.removePast)
}

// ListPlan is how SQLite finds a listing's bookings.
func (s *Store) ListPlan(ctx context.Context, filter booking.Filter) (string, error) {
	rows, err := s.read.QueryContext(ctx, `EXPLAIN QUERY PLAN `+listSQL(filter), nil, nil, "[]", "", "", filter.CustomerID, filter.Phone, 0, "", 10)
	steps, err := collect(rows, err, func(rows *sql.Rows) (step string, err error) {
		var ignored int
		err = rows.Scan(&ignored, &ignored, &ignored, &step)
		return step, err
	})
	return strings.Join(steps, "\n"), err
}
