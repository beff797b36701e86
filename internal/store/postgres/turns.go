package postgres

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"
)

// turns has those requests of this process that need the same locks of the database wait for each other before they take
// a connection. At the database each would hold one meanwhile, and those locks that it has already. It decides nothing: the
// locks do, and other processes meet them there.
//
// A turn comes when all its locks are free together. Until then it keeps nobody from any of them, but for one that has
// waited for patience. Tasks do not wait for each other: those whose turn comes have it together.
type turns struct {
	// together does the tasks whose turn has come, and answers each.
	together func(tasks []*task)

	mu      sync.Mutex
	taken   map[string]bool
	waiting []*turn // in the order in which they came
}

type turn struct {
	names []string
	since time.Time
	comes chan struct{}
	task  *task // nil for whoever has a turn alone
}

// patience is how long a turn lets others overtake it.
const patience = 50 * time.Millisecond

func newTurns(together func(tasks []*task)) *turns {
	return &turns{together: together, taken: map[string]bool{}}
}

// take returns when the locks of these names are free in this process, and takes them until leave is called. The error is the
// context's.
func (t *turns) take(ctx context.Context, names []string) (leave func(), err error) {
	own := t.join(&turn{names: names, comes: make(chan struct{})})
	select {
	case <-own.comes:
	case <-ctx.Done():
		if t.withdraw(own) {
			return nil, ctx.Err()
		}
	}
	return func() { t.leave(names) }, nil
}

// share waits for the locks of a task, perhaps together with others, and until the task is done. The error is the task's, or its
// context's: then it is not known what became of it.
func (t *turns) share(own *task) error {
	if err := own.ctx.Err(); err != nil {
		return err
	}
	waiting := t.join(&turn{names: own.names, task: own})
	select {
	case <-own.done:
		return own.err
	case <-own.ctx.Done():
		t.withdraw(waiting)
		return own.ctx.Err()
	}
}

func (t *turns) join(own *turn) *turn {
	own.since = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, own)
	t.call()
	return own
}

// withdraw ends the wait for a turn, and is false when the turn has come meanwhile.
func (t *turns) withdraw(own *turn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := slices.Index(t.waiting, own)
	if at < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, at, at+1)
	t.call()
	return true
}

func (t *turns) leave(names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		delete(t.taken, name)
	}
	t.call()
}

// call lets everybody begin whose turn it is, and the tasks among them together.
func (t *turns) call() {
	var (
		now     = time.Now()
		kept    = map[string]bool{}
		tasks   []*task
		changes int                 // of all tasks
		shared  = map[string]bool{} // what they have taken
	)
	t.waiting = slices.DeleteFunc(t.waiting, func(next *turn) bool {
		inTheWay := func(name string) bool { return kept[name] || t.taken[name] && (next.task == nil || !shared[name]) }
		if next.task != nil && changes >= maxTogether || slices.ContainsFunc(next.names, inTheWay) {
			if now.Sub(next.since) >= patience {
				mark(kept, next.names)
			}
			return false
		}
		mark(t.taken, next.names)
		if next.task == nil {
			close(next.comes)
			return true
		}
		mark(shared, next.names)
		tasks = append(tasks, next.task)
		changes += max(1, len(next.task.orders))
		return true
	})
	if len(tasks) == 0 {
		return
	}
	go func() {
		defer t.leave(slices.Collect(maps.Keys(shared)))
		t.together(tasks)
	}()
}

func mark(set map[string]bool, names []string) {
	for _, name := range names {
		set[name] = true
	}
}
