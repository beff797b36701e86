package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
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
		line   = newTurns()
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
		line := newTurns()
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
