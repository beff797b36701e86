package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

// Pool lets tests look at the tables and age rows.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// KeepHouse runs one housekeeping pass now.
func (s *Store) KeepHouse(ctx context.Context) error {
	return housekeeping.Pass(ctx, s.removeExpiredKeys)
}

// PoolConfig is the pool's configuration for these options.
var PoolConfig = poolConfig
