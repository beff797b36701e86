package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// Processor time for each booking is a figure that other programs on the machine hardly change, while bookings per
// second halve with each of them.

// spent is processor time so far: of the server, and of the Postgres processes that serve it.
type spent struct{ server, postgres time.Duration }

func spentBy(ctx context.Context, server *rig.Server, url string) (s spent, err error) {
	if s.server, err = server.CPU(); err == nil {
		s.postgres, err = spentByPostgres(ctx, url)
	}
	return s, err
}

// spentHere is spentBy for a store of this very process.
func spentHere(ctx context.Context, url string) (s spent, err error) {
	if s.server, _, err = rig.CPU(os.Getpid()); err == nil {
		s.postgres, err = spentByPostgres(ctx, url)
	}
	return s, err
}

func spentByPostgres(ctx context.Context, url string) (total time.Duration, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	rows, err := conn.Query(ctx, `SELECT pid FROM pg_stat_activity WHERE application_name = 'frontdesk'`)
	if err != nil {
		return 0, err
	}
	pids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	for _, pid := range pids {
		own, _, cpuErr := rig.CPU(pid)
		total += own
		err = errors.Join(err, cpuErr)
	}
	return total, err
}

func (s spent) since(before spent) spent {
	return spent{s.server - before.server, s.postgres - before.postgres}
}

func (s spent) plus(other spent) spent {
	return spent{s.server + other.server, s.postgres + other.postgres}
}

func microsecondsEach(total time.Duration, n int) float64 {
	if n == 0 {
		return 0
	}
	return float64(total.Microseconds()) / float64(n)
}
