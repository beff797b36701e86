package ratelimit_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
)

// TestMemoryAgainstTokens compares GCRA with the definition of a token bucket, in fractions.
func TestMemoryAgainstTokens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		limiter := ratelimit.NewMemory(100, func() time.Time { return now })
		burst := rapid.IntRange(1, 20).Draw(t, "burst")
		// Divides a minute into whole microseconds, so that the model need not round.
		requests := rapid.SampledFrom([]int{1, 6, 60, 600, 100_000}).Draw(t, "requests a minute")
		quota := ratelimit.PerMinute(requests, burst)
		interval := time.Minute.Microseconds() / int64(requests)
		full := big.NewRat(int64(burst), 1)
		tokens := new(big.Rat).Set(full)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			passed := rapid.Int64Range(0, 3*interval).Draw(t, "passed")
			now = now.Add(time.Duration(passed) * time.Microsecond)
			tokens.Add(tokens, big.NewRat(passed, interval))
			if tokens.Cmp(full) > 0 {
				tokens.Set(full)
			}
			expected := tokens.Cmp(big.NewRat(1, 1)) >= 0
			if peeked := limiter.Peek(t.Context(), "key", quota); peeked.Allowed != expected {
				t.Fatalf("peek: %+v with %s tokens", peeked, tokens.FloatString(6))
			}
			got := limiter.Take(t.Context(), "key", quota)
			if expected {
				tokens.Sub(tokens, big.NewRat(1, 1))
			}
			left, _ := tokens.Float64()
			if got.Allowed != expected || got.Remaining != int(math.Floor(left)) {
				t.Fatalf("%+v with %s tokens left", got, tokens.FloatString(6))
			}
			missing := new(big.Rat).Mul(new(big.Rat).Sub(full, tokens), big.NewRat(interval, 1))
			if big.NewRat(got.Reset.Microseconds(), 1).Cmp(missing) != 0 {
				t.Fatalf("%+v; want a reset after %s µs", got, missing.FloatString(3))
			}
		}
	})
}

// TestRetryAfterIsExact: one microsecond earlier is refused, then it is allowed.
func TestRetryAfterIsExact(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	limiter := ratelimit.NewMemory(100, func() time.Time { return now })
	quota := ratelimit.PerMinute(7, 3) // an interval that is not a whole number of microseconds
	for range 3 {
		limiter.Take(t.Context(), "key", quota)
	}
	wait := limiter.Take(t.Context(), "key", quota).RetryAfter
	now = now.Add(wait - time.Microsecond)
	if d := limiter.Take(t.Context(), "key", quota); d.Allowed {
		t.Errorf("allowed too early: %+v", d)
	}
	now = now.Add(time.Microsecond)
	if d := limiter.Take(t.Context(), "key", quota); !d.Allowed {
		t.Errorf("refused after its own RetryAfter: %+v", d)
	}
}

func TestNeverMoreThanTheRate(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	limiter := ratelimit.NewMemory(100, func() time.Time { return now })
	const requests, burst = 7, 3
	admitted := 0
	for end := now.Add(time.Hour); now.Before(end); now = now.Add(50 * time.Millisecond) {
		if limiter.Take(t.Context(), "key", ratelimit.PerMinute(requests, burst)).Allowed {
			admitted++
		}
	}
	if most := 60*requests + burst; admitted > most || admitted < most-10 {
		t.Errorf("%d requests in an hour; want at most %d and hardly fewer", admitted, most)
	}
}

// TestMemoryIsBounded floods the limiter with keys: the flood is forgotten before a key that is nearly spent.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const maxKeys, flood = 1000, 20_000
	now := time.Unix(1_700_000_000, 0)
	limiter := ratelimit.NewMemory(maxKeys, func() time.Time { return now })
	for range 100 {
		limiter.Take(t.Context(), "victim", hourly(100))
	}
	for i := range flood {
		if d := limiter.Take(t.Context(), fmt.Sprint("flood ", i), hourly(100)); !d.Allowed {
			t.Fatalf("a new key was refused: %+v", d)
		}
	}
	if n := limiter.Len(); n > maxKeys+32 {
		t.Errorf("%d keys are remembered; want at most about %d", n, maxKeys)
	}
	if d := limiter.Peek(t.Context(), "victim", hourly(100)); d.Allowed {
		t.Errorf("the flood reset another key's budget: %+v", d)
	}
	// A day later every bucket is full again, so new keys push old ones out for good.
	now = now.Add(200 * time.Hour)
	for i := range flood {
		limiter.Take(t.Context(), fmt.Sprint("later ", i), ratelimit.PerMinute(6_000_000, 1))
		now = now.Add(time.Millisecond)
	}
	if n := limiter.Len(); n > maxKeys {
		t.Errorf("%d keys are remembered although all but a few are idle", n)
	}
}

func BenchmarkMemory(b *testing.B) {
	limiter := ratelimit.NewMemory(10_000, time.Now)
	quota := ratelimit.PerMinute(1_000_000_000, 1_000_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			limiter.Take(b.Context(), "key", quota)
		}
	})
}
