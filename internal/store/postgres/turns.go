package postgres

import (
	"context"
	"slices"
	"sync"
	"time"
)

// turns has those requests of this process that need the same locks of the database wait for each other before they take
// a connection. At the database each would hold one meanwhile, and those locks that it has already. It decides nothing: the
// locks do, and other processes meet them there.
//
// A turn comes when all its locks are free together. Until then it keeps nobody from any of them, but for one that has
// waited for patience.
type turns struct {
	mu      sync.Mutex
	taken   map[string]bool
	waiting []*turn // in the order in which they came
}

type turn struct {
	names []string
	since time.Time
	comes chan struct{}
}

// patience is how long a turn lets others overtake it.
const patience = 50 * time.Millisecond

func newTurns() *turns { return &turns{taken: map[string]bool{}} }

// take returns when the locks of these names are free in this process, and takes them until leave is called. The error is the
// context's.
func (t *turns) take(ctx context.Context, names []string) (leave func(), err error) {
	own := &turn{names: names, since: time.Now(), comes: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, own)
	t.call()
	t.mu.Unlock()
	select {
	case <-own.comes:
		return func() { t.leave(own) }, nil
	case <-ctx.Done():
		t.leave(own)
		return nil, ctx.Err()
	}
}

// leave ends a turn, or the wait for it.
func (t *turns) leave(own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := slices.Index(t.waiting, own); at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
	} else {
		for _, name := range own.names {
			delete(t.taken, name)
		}
	}
	t.call()
}

// call lets everybody begin whose turn it is.
func (t *turns) call() {
	now, kept := time.Now(), map[string]bool{}
	t.waiting = slices.DeleteFunc(t.waiting, func(next *turn) bool {
		if !slices.ContainsFunc(next.names, func(name string) bool { return t.taken[name] || kept[name] }) {
			mark(t.taken, next.names)
			close(next.comes)
			return true
		}
		if now.Sub(next.since) >= patience {
			mark(kept, next.names)
		}
		return false
	})
}

func mark(set map[string]bool, names []string) {
	for _, name := range names {
		set[name] = true
	}
}
