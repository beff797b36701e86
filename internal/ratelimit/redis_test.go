package ratelimit_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
	"github.com/frontdesk-dev/frontdesk/internal/testing/redistest"
)

// reports collects what a limiter says about Redis.
type reports struct {
	mu   sync.Mutex
	list []error
}

func (r *reports) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, err)
}

func (r *reports) count() (failures, recoveries int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.list {
		if err == nil {
			recoveries++
		} else {
			failures++
		}
	}
	return failures, recoveries
}

// TestOutage: without Redis the limits hold for each replica, it is said once, and no request waits long.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, breakRedis := range map[string]struct{ down, up func(*redistest.Server) }{
		"crash":  {(*redistest.Server).Halt, (*redistest.Server).Boot},
		"freeze": {(*redistest.Server).Freeze, (*redistest.Server).Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			var said reports
			limiter := onRedis(server, said.add, time.Second)
			if d := limiter.Take(t.Context(), "key", hourly(3)); d.Remaining != 2 {
				t.Fatalf("before the outage: %+v", d)
			}
			breakRedis.down(server)
			admitted, begin := 0, time.Now()
			for range 50 {
				if limiter.Take(t.Context(), "key", hourly(3)).Allowed {
					admitted++
				}
			}
			if admitted != 3 {
				t.Errorf("%d requests were admitted without Redis; want the 3 of this replica's own bucket", admitted)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("50 requests took %s during the outage", took)
			}
			if failures, _ := said.count(); failures != 1 {
				t.Errorf("the outage was reported %d times", failures)
			}
			breakRedis.up(server)
			for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // between two looks
				limiter.Peek(t.Context(), "key", hourly(3))
				if _, recoveries := said.count(); recoveries == 1 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the limiter does not come back to Redis")
				}
			}
			limiter.Take(t.Context(), "another", hourly(3))
			if n := server.Client().Exists(t.Context(), "test:another").Val(); n != 1 {
				t.Error("after the outage requests are not counted in Redis")
			}
		})
	}
}

// TestCallerLeaves: a caller who goes away is no outage.
func TestCallerLeaves(t *testing.T) {
	t.Parallel()
	limiter := onRedis(redistest.Start(t), noReport(t), patience)
	gone, leave := context.WithCancel(t.Context())
	leave()
	limiter.Take(gone, "key", hourly(3))
	if d := limiter.Peek(t.Context(), "key", hourly(3)); !d.Allowed {
		t.Errorf("%+v", d)
	}
}

// TestIdleKeysLeaveRedis: a key lives no longer than its bucket takes to fill.
func TestIdleKeysLeaveRedis(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	limiter := onRedis(server, noReport(t), patience)
	limiter.Take(t.Context(), "key", ratelimit.PerMinute(60, 5))
	client := server.Client()
	if ttl := client.PTTL(t.Context(), "test:key").Val(); ttl <= 0 || ttl > time.Second {
		t.Errorf("the key lives for another %s; want at most 1s", ttl)
	}
	limiter.Peek(t.Context(), "unseen", ratelimit.PerMinute(60, 5))
	if n := client.Exists(t.Context(), "test:unseen").Val(); n != 0 {
		t.Error("a peek wrote a key")
	}
}
