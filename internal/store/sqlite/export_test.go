package sqlite

import (
	"context"
	"database/sql"

	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// Writer and Reader let tests look at the tables and age rows.
func (s *Store) Writer() *sql.DB { return s.write }

func (s *Store) Reader() *sql.DB { return s.read }

// KeepHouse runs one housekeeping pass now.
func (s *Store) KeepHouse(ctx context.Context) error {
	return housekeeping.Pass(ctx, s.removeExpiredKeys)
}
