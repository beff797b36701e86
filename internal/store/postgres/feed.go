package postgres

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// bookingsChannel is the NOTIFY channel on which servers tell each other that bookings have changed. The payload is the
// id of the Store that made the change, or empty when its own feed is to hear of it as well.
const bookingsChannel = "frontdesk_bookings"

const (
	// announceGap is the least time between two announcements: under load one stands for many changes.
	announceGap = 10 * time.Millisecond
	// announceRetry is the wait after one that failed.
	announceRetry = time.Second
	// announceTimeout bounds one.
	announceTimeout = 5 * time.Second
	// announceDoubt is how long after a change was lost sight of it should have ended. What waits then is about to be ended: the
	// server is asked to.
	announceDoubt = time.Second
)

var _ booking.ChangeFeed = (*Store)(nil)

// Changes implements booking.ChangeFeed. Changes made through this very Store are not told, because whoever makes them knows, but for
// those whose caller left before anybody knew.
func (s *Store) Changes(ctx context.Context) (<-chan struct{}, error) {
	changes := make(chan struct{}, 1)
	l := &listener{
		config: s.pool.Config().ConnConfig, channel: bookingsChannel, ignore: s.announcer.id, log: s.log,
		hear: func(bool) { wake(changes) },
	}
	go func() {
		defer close(changes)
		l.run(ctx)
	}()
	return changes, nil
}

// announcer tells other servers of changes after they were committed. It is not done in the transactions themselves,
// because Postgres lets those that notify commit one by one only.
type announcer struct {
	pool    *pgxpool.Pool
	id      string
	log     *slog.Logger
	pending chan struct{}
	// everybody is whether the next announcement is for this Store's own feed, too.
	everybody atomic.Bool
	doubt     time.Duration
	stopped   chan struct{}
	running   sync.WaitGroup
}

func startAnnouncer(pool *pgxpool.Pool, log *slog.Logger) *announcer {
	a := &announcer{
		pool: pool, id: rand.Text(), log: log, pending: make(chan struct{}, 1), stopped: make(chan struct{}), doubt: announceDoubt,
	}
	a.running.Go(a.run)
	return a
}

// changed has a change announced soon, and does not wait for it.
func (a *announcer) changed() { wake(a.pending) }

// late has a change announced whose caller left before anybody knew what became of it. What he told this server's readers may
// have come too early, so they hear of it with the others.
func (a *announcer) late() {
	a.everybody.Store(true)
	a.changed()
}

// doubtful has a change announced of which nobody knows whether it was made, or is being made: the server carries out a statement
// that has lost its connection. It is announced again when it should have ended.
func (a *announcer) doubtful() {
	a.changed()
	time.AfterFunc(a.doubt, a.late)
}

// stop announces what has not been yet, and ends.
func (a *announcer) stop() {
	close(a.stopped)
	a.running.Wait()
}

func (a *announcer) run() {
	for {
		select {
		case <-a.pending:
		case <-a.stopped:
			select {
			case <-a.pending:
				a.announce()
			default:
			}
			return
		}
		gap := announceGap
		if !a.announce() {
			gap = announceRetry
			a.changed()
		}
		select {
		case <-time.After(gap):
		case <-a.stopped:
		}
	}
}

func (a *announcer) announce() bool {
	ctx, cancel := context.WithTimeout(context.Background(), announceTimeout)
	defer cancel()
	from, everybody := a.id, a.everybody.Swap(false)
	if everybody {
		from = ""
	}
	_, err := a.pool.Exec(ctx, `SELECT pg_notify($1, $2)`, bookingsChannel, from)
	if err != nil {
		a.everybody.CompareAndSwap(false, everybody)
		a.log.WarnContext(ctx, "other servers were not told of a change of bookings; it is tried again", "error", err)
	}
	return err == nil
}

// wake makes sure that something is in a channel that has room for one.
func wake(channel chan<- struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
