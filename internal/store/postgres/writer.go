package postgres

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"
)

// writer makes changes, and sees to it that those that wait for a lock leave connections to everybody else, however many
// they are and however long somebody holds it: an administrator's session, or another server's slow transaction.
//
// A change waits for a lock as a statement does, but not for long. Then it is undone, gives its connection back, and
// stands in line for one of the few with which it may be tried again and wait for longer. Those of the line have them in turns.
// Some connections changes never get: they are for those who only read.
//
// Who takes turns (turns.go) has his turn before. Nobody has a place here and waits for a turn, or for another place of the
// same kind, so none waits for another crosswise.
type writer struct {
	pool *pgxpool.Pool
	// places has one for each connection that changes may have.
	places *semaphore.Weighted
	// line has one for each of them that those may have who did not get a lock at once. Whoever came first is next.
	line *semaphore.Weighted
	// missed remembers when somebody did not get a lock last.
	missed losses
	waits  waits
}

// waits are how long a change waits for one lock at a time.
type waits struct {
	// first is for a change that is tried for the first time. It is long enough for any commit that is in the way, and bounds how
	// long those who share a statement wait for one of them who wants what is locked.
	first time.Duration
	// crowded takes its place when others have missed a lock lately: it may be the same one, and many may want it.
	crowded time.Duration
	// inLine is for those who have stood in line, and bounds how long the next one waits for his place. It is shorter than
	// contentionLasts, so that the line is known for as long as there is one.
	inLine time.Duration
	// inAll is how long a change is tried again, from when it missed a lock first.
	inAll time.Duration
}

// sendTimeout bounds a try that no caller's context ends.
const sendTimeout = 20 * time.Second

var usualWaits = waits{first: 250 * time.Millisecond, crowded: 50 * time.Millisecond, inLine: 500 * time.Millisecond, inAll: 10 * time.Second}

func newWriter(pool *pgxpool.Pool) *writer {
	changes, inLine := shares(int64(pool.Config().MaxConns))
	return &writer{pool: pool, places: semaphore.NewWeighted(changes), line: semaphore.NewWeighted(inLine), waits: usualWaits}
}

// shares divides a pool: a fifth is for reads only, and a third for changes that wait. A pool of less than three connections
// cannot be divided so.
func shares(connections int64) (changes, inLine int64) {
	return connections - (connections+2)/5, max(1, connections/3)
}

// isMissed says that a lock was not had in time, and that therefore everything was undone.
func isMissed(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == stateLockNotAvailable
}

// inTx runs fn in a transaction, and again as long as it misses a lock and the time for that is not over. The error is then that
// of the last try.
func (w *writer) inTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return w.patiently(ctx, func(wait time.Duration) error {
		// One round trip. The duration is one of ours.
		begin := pgx.TxOptions{BeginQuery: `BEGIN; SET LOCAL lock_timeout = '` + milliseconds(wait) + `'`}
		return pgx.BeginTxFunc(ctx, w.pool, begin, fn)
	})
}

// send does what queue queues in one transaction and one round trip, and again like inTx.
func (w *writer) send(ctx context.Context, queue func(batch *pgx.Batch)) error {
	return w.patiently(ctx, func(wait time.Duration) error { return w.sendOnce(ctx, wait, queue) })
}

// sendApart is send for a caller who does not wait for it to return when ctx ends. A try is not cancelled then, so that it is known
// what became of it, but it is the last one.
func (w *writer) sendApart(ctx context.Context, queue func(batch *pgx.Batch)) error {
	return w.patiently(ctx, func(wait time.Duration) error {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTimeout)
		defer cancel()
		return w.sendOnce(limited, wait, queue)
	})
}

// share is send for those who share a transaction. It has no caller whose context could end it, and is tried once: one of them who
// misses a lock should keep none of the others.
func (w *writer) share(queue func(batch *pgx.Batch)) error {
	limited, cancel := context.WithTimeout(context.Background(), sendTimeout)
	defer cancel()
	return w.atFirst(limited, func(wait time.Duration) error { return w.sendOnce(limited, wait, queue) })
}

func (w *writer) sendOnce(ctx context.Context, wait time.Duration, queue func(batch *pgx.Batch)) error {
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('lock_timeout', $1, true)`, milliseconds(wait)) // of SET LOCAL in a batch the server warns
	queue(batch)
	return w.pool.SendBatch(ctx, batch).Close()
}

func milliseconds(wait time.Duration) string {
	return strconv.FormatInt(wait.Milliseconds(), 10) + "ms"
}

func (w *writer) patiently(ctx context.Context, try func(wait time.Duration) error) error {
	err := w.atFirst(ctx, try)
	if !isMissed(err) {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, w.waits.inAll)
	defer cancel()
	for isMissed(err) && w.line.Acquire(limited, 1) == nil {
		err = w.tryIn(ctx, w.waits.inLine, try)
		w.line.Release(1)
	}
	if isMissed(err) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// atFirst tries once, as one who has not stood in line.
func (w *writer) atFirst(ctx context.Context, try func(wait time.Duration) error) error {
	wait := w.waits.first
	if w.missed.lately() {
		wait = min(wait, w.waits.crowded)
	}
	return w.tryIn(ctx, wait, try)
}

// tryIn tries with a place.
func (w *writer) tryIn(ctx context.Context, wait time.Duration, try func(wait time.Duration) error) error {
	if err := w.places.Acquire(ctx, 1); err != nil {
		return err
	}
	defer w.places.Release(1)
	err := try(wait)
	if isMissed(err) {
		w.missed.now()
	}
	return err
}
