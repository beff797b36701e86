package ratelimit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
	"github.com/frontdesk-dev/frontdesk/internal/testing/redistest"
)

// patience bounds waits for a real clock; it is far above what is expected.
const patience = 10 * time.Second

// noReport fails the test when Redis does.
func noReport(t *testing.T) func(error) {
	return func(err error) { t.Errorf("Redis failed: %v", err) }
}

// onRedis returns a limiter of another replica.
func onRedis(server *redistest.Server, report func(error), timeout time.Duration) *ratelimit.Redis {
	return ratelimit.NewRedis(ratelimit.RedisOptions{
		Client: server.Client(), Prefix: "test:", Fallback: ratelimit.NewMemory(1000, time.Now), Report: report, Timeout: timeout,
	})
}

// limiters runs a test against each implementation. Each call of replica returns another handle on the same
// budgets.
func limiters(t *testing.T, test func(t *testing.T, replica func() ratelimit.Limiter)) {
	t.Run("Memory", func(t *testing.T) {
		t.Parallel()
		memory := ratelimit.NewMemory(1000, time.Now)
		test(t, func() ratelimit.Limiter { return memory })
	})
	t.Run("Redis", func(t *testing.T) {
		t.Parallel()
		server := redistest.Start(t)
		test(t, func() ratelimit.Limiter {
			return onRedis(server, noReport(t), patience)
		})
	})
}

// hourly refills so slowly that nothing comes back during a test.
func hourly(burst int) ratelimit.Quota {
	return ratelimit.Quota{Requests: 1, Period: time.Hour, Burst: burst}
}

func TestExactUnderConcurrency(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		const burst, workers, each = 137, 16, 25
		replicas := [2]ratelimit.Limiter{replica(), replica()}
		var admitted atomic.Int64
		var lowest atomic.Int64
		lowest.Store(burst)
		var group sync.WaitGroup
		for worker := range workers {
			group.Go(func() {
				for range each {
					decision := replicas[worker%2].Take(t.Context(), "key", hourly(burst))
					if decision.Allowed {
						admitted.Add(1)
						for {
							seen := lowest.Load()
							if int64(decision.Remaining) >= seen || lowest.CompareAndSwap(seen, int64(decision.Remaining)) {
								break
							}
						}
					}
				}
			})
		}
		group.Wait()
		if admitted.Load() != burst || lowest.Load() != 0 {
			t.Errorf("%d of %d requests were admitted and at least %d remained; want exactly %d and 0", admitted.Load(), workers*each, lowest.Load(), burst)
		}
	})
}

func TestDecisionsCountDown(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		limiter := replica()
		var got []string
		for range 4 {
			d := limiter.Take(t.Context(), "key", hourly(3))
			got = append(got, fmt.Sprintf("allowed=%t limit=%d remaining=%d reset=%s retry=%s", d.Allowed, d.Limit, d.Remaining,
				d.Reset.Round(time.Minute), d.RetryAfter.Round(time.Minute)))
		}
		want := []string{
			"allowed=true limit=3 remaining=2 reset=1h0m0s retry=0s",
			"allowed=true limit=3 remaining=1 reset=2h0m0s retry=0s",
			"allowed=true limit=3 remaining=0 reset=3h0m0s retry=1h0m0s",
			"allowed=false limit=3 remaining=0 reset=3h0m0s retry=1h0m0s",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}
	})
}

func TestPeekSpendsNothing(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		limiter := replica()
		for range 10 {
			if d := limiter.Peek(t.Context(), "key", hourly(2)); !d.Allowed || d.Remaining != 2 || d.Reset != 0 || d.RetryAfter != 0 {
				t.Fatalf("peek at a full bucket: %+v", d)
			}
		}
		for i := range 2 {
			if d := limiter.Take(t.Context(), "key", hourly(2)); !d.Allowed {
				t.Fatalf("request %d was refused after peeks: %+v", i, d)
			}
			if d := limiter.Peek(t.Context(), "key", hourly(2)); d.Remaining != 1-i || d.Allowed != (i == 0) {
				t.Fatalf("peek after request %d: %+v", i, d)
			}
		}
		if d := limiter.Peek(t.Context(), "key", hourly(2)); d.Allowed || d.RetryAfter < 59*time.Minute || d.RetryAfter > time.Hour {
			t.Errorf("peek at an empty bucket: %+v", d)
		}
	})
}

func TestKeysAreApart(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		limiter := replica()
		for i := range 50 {
			key := fmt.Sprintf("key %d \x00 \xff", i)
			if d := limiter.Take(t.Context(), key, hourly(1)); !d.Allowed {
				t.Fatalf("the first request of %q was refused", key)
			}
			if d := limiter.Take(t.Context(), key, hourly(1)); d.Allowed {
				t.Fatalf("the second request of %q was allowed", key)
			}
		}
	})
}

func TestRefillByTheClock(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		limiter := replica()
		quota := ratelimit.Quota{Requests: 5, Period: time.Second, Burst: 1}
		before := time.Now()
		if d := limiter.Take(t.Context(), "key", quota); !d.Allowed || d.RetryAfter > 200*time.Millisecond {
			t.Fatalf("first request: %+v", d)
		}
		for deadline := before.Add(patience); !limiter.Take(t.Context(), "key", quota).Allowed; {
			if time.Now().After(deadline) {
				t.Fatal("the bucket does not refill")
			}
			time.Sleep(time.Millisecond) // between two looks
		}
		if waited := time.Since(before); waited < 199*time.Millisecond {
			t.Errorf("the second request was allowed after %s; want 200 ms", waited)
		}
	})
}

// TestQuotaShrinks: a bucket that was much larger is at most empty, and its key waits for one refill only.
func TestQuotaShrinks(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		limiter := replica()
		for range 50 {
			limiter.Take(t.Context(), "key", hourly(100))
		}
		if d := limiter.Take(t.Context(), "key", hourly(2)); d.Allowed || d.Remaining != 0 || d.Reset > 2*time.Hour || d.RetryAfter > time.Hour {
			t.Errorf("after the quota shrank: %+v", d)
		}
	})
}

// TestUnusableQuota: a quota without numbers still lets one request through, rather than dividing by zero.
func TestUnusableQuota(t *testing.T) {
	t.Parallel()
	limiters(t, func(t *testing.T, replica func() ratelimit.Limiter) {
		if d := replica().Take(t.Context(), "key", ratelimit.Quota{Requests: -3}); !d.Allowed || d.Limit != 1 {
			t.Errorf("%+v", d)
		}
	})
}
