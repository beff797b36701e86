package ratelimit

import (
	"context"
	"time"
)

// Limiter counts requests by key. Two quotas for one key share its bucket, so a changed quota takes effect at
// once and neither forgives nor punishes what came before. Implementations are safe for concurrent use.
type Limiter interface {
	// Take spends one request of the key's bucket, if there is one.
	Take(ctx context.Context, key string, quota Quota) Decision
	// Peek says what Take would, and spends nothing.
	Peek(ctx context.Context, key string, quota Quota) Decision
}

// Quota is how much one key may do: Burst requests at once, refilled at Requests in each Period. All three must
// be positive.
type Quota struct {
	Requests int
	Period   time.Duration
	Burst    int
}

// PerMinute is the quota of so many requests a minute, of which burst may come at once.
func PerMinute(requests, burst int) Quota {
	return Quota{Requests: requests, Period: time.Minute, Burst: burst}
}

// Decision is what became of one request.
type Decision struct {
	Allowed bool
	// Limit is the size of the bucket: how many requests may come at once.
	Limit int
	// Remaining is how many more may come now.
	Remaining int
	// Reset is how long it takes until the bucket is full if nothing more comes.
	Reset time.Duration
	// RetryAfter is how long to wait for the next request to be allowed; 0 when that is now.
	RetryAfter time.Duration
}

// bucket is a Quota in the units of the algorithm, microseconds: the finest that Redis' clock has.
type bucket struct {
	// interval is what one request costs. It is rounded up, so that the rate is never exceeded.
	interval int64
	// capacity is what a full bucket is worth.
	capacity int64
	burst    int
}

func (q Quota) bucket() bucket {
	requests := int64(max(1, q.Requests))
	interval := max(1, (q.Period.Microseconds()+requests-1)/requests)
	burst := max(1, q.Burst)
	return bucket{interval: interval, capacity: interval * int64(burst), burst: burst}
}

// spent returns how much of the bucket is gone now, if it will be full at the moment full. A bucket cannot be
// emptier than empty: quotas shrink and clocks step back.
func (b bucket) spent(full, now int64) int64 {
	return min(max(full-now, 0), b.capacity)
}

// covers says whether a bucket of which so much is gone still has one request in it.
func (b bucket) covers(spent int64) bool { return spent+b.interval <= b.capacity }

// decision describes a bucket of which so much is gone after the request was allowed or refused.
func (b bucket) decision(allowed bool, spent int64) Decision {
	d := Decision{
		Allowed: allowed, Limit: b.burst, Remaining: int((b.capacity - spent) / b.interval),
		Reset: time.Duration(spent) * time.Microsecond,
	}
	if !b.covers(spent) {
		d.RetryAfter = time.Duration(spent+b.interval-b.capacity) * time.Microsecond
	}
	return d
}
