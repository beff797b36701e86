package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTurnsNeverShareALock has many wait for two of a few locks at once, some of whom lose patience.
func TestTurnsNeverShareALock(t *testing.T) {
	t.Parallel()
	const locks = 5
	var (
		line   = newTurns(nil)
		within [locks]atomic.Int32
		done   atomic.Int32
		wait   sync.WaitGroup
	)
	for client := range 20 {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(uint64(client), 1))
			for range 200 {
				one := random.IntN(locks)
				other := (one + 1 + random.IntN(locks-1)) % locks
				ctx, cancel := t.Context(), context.CancelFunc(func() {})
				if random.IntN(10) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Microsecond)
				}
				leave, err := line.take(ctx, []string{strconv.Itoa(one), strconv.Itoa(other)})
				cancel()
				if err != nil {
					continue
				}
				for _, i := range []int{one, other} {
					if within[i].Add(1) != 1 {
						t.Errorf("two have lock %d", i)
					}
				}
				done.Add(1)
				within[one].Add(-1)
				within[other].Add(-1)
				leave()
			}
		})
	}
	wait.Wait()
	if done.Load() < 3000 || len(line.taken) != 0 || len(line.waiting) != 0 {
		t.Errorf("%d turns, %v taken, %d waiting", done.Load(), line.taken, len(line.waiting))
	}
}

// TestTurnsOvertake: who wants something else is not kept waiting, until somebody before him has waited for long.
func TestTurnsOvertake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		line := newTurns(nil)
		take := func(names ...string) func() {
			t.Helper()
			limited, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			defer cancel()
			leave, err := line.take(limited, names)
			if err != nil {
				t.Fatalf("%v: %v", names, err)
			}
			return leave
		}
		leaveA := take("a")
		both := make(chan func())
		go func() {
			leave, err := line.take(t.Context(), []string{"a", "b"})
			if err != nil {
				t.Error(err)
			}
			both <- leave
		}()
		synctest.Wait()
		take("b")() // overtakes
		time.Sleep(patience)
		limited, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := line.take(limited, []string{"b"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one who has waited for long is overtaken: %v", err)
		}
		take("c")()
		leaveA()
		(<-both)()
		take("a", "b", "c")()
	})
}

// TestTasksHaveTheirTurnTogether: tasks whose turn comes at the same time share it, and wait for those who have one alone.
func TestTasksHaveTheirTurnTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			line    *turns
			groups  [][]*task
			proceed = make(chan struct{})
		)
		line = newTurns(func(tasks []*task) {
			groups = append(groups, tasks)
			<-proceed
			for _, own := range tasks {
				close(own.done)
			}
		})
		share := func(names ...string) *task {
			own := newTask(t.Context(), names, nil, nil)
			go func() { _ = line.share(own) }()
			synctest.Wait()
			return own
		}
		leave, _ := line.take(t.Context(), []string{"a"})
		waiting := []*task{share("a", "b"), share("b", "a"), share("c", "a")}
		leaving, leaveEarly := context.WithCancel(t.Context())
		gone := newTask(leaving, []string{"a"}, nil, nil)
		go func() { _ = line.share(gone) }()
		synctest.Wait()
		leaveEarly()
		other := share("d")
		leave()
		synctest.Wait()
		if len(groups) != 2 || !slices.Equal(groups[0], []*task{other}) || !slices.Equal(groups[1], waiting) {
			t.Fatalf("groups %v; want one of who need not wait, and all the others but the one who has gone", groups)
		}

		alone := make(chan func())
		go func() {
			leave, _ := line.take(t.Context(), []string{"b"})
			alone <- leave
		}()
		synctest.Wait()
		share("b", "a")
		last := share("c")
		proceed <- struct{}{} // the group of a, b and c, or that of d
		proceed <- struct{}{}
		synctest.Wait()
		if len(groups) != 3 || !slices.Equal(groups[2], []*task{last}) {
			t.Errorf("groups %v; want a third one without those who wait for somebody alone", groups[2:])
		}
		(<-alone)()
		close(proceed)
		synctest.Wait()
		if len(groups) != 4 || len(line.taken) != 0 || len(line.waiting) != 0 {
			t.Errorf("%d groups, %v taken, %d waiting", len(groups), line.taken, len(line.waiting))
		}
	})
}

// TestTasksOfOneTurnAreBounded: the first of many must not wait for the last.
func TestTasksOfOneTurnAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		line := newTurns(func(tasks []*task) {
			sizes = append(sizes, len(tasks))
			for _, own := range tasks {
				close(own.done)
			}
		})
		leave, err := line.take(t.Context(), []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range maxTogether + 1 {
			var orders []*order
			if i == maxTogether-1 {
				orders = make([]*order, 4) // a series
			}
			go func() { _ = line.share(newTask(t.Context(), []string{"a"}, orders, nil)) }()
			synctest.Wait()
		}
		leave()
		synctest.Wait()
		if !slices.Equal(sizes, []int{maxTogether, 1}) {
			t.Errorf("turns of %v tasks", sizes)
		}
	})
}
