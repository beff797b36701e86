package ratelimit

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed take.lua
var takeSource string

var takeScript = redis.NewScript(takeSource)

const (
	// defaultTimeout bounds one question to Redis: a request waits no longer for permission.
	defaultTimeout = 250 * time.Millisecond
	// redisRest is how long Redis is left alone after it did not answer.
	redisRest = time.Second
)

// Redis is a Limiter that all replicas share. While Redis does not answer it counts in memory.
type Redis struct {
	options RedisOptions

	// restUntil is when Redis may be asked again, in nanoseconds since start; 0 while it answers.
	start     time.Time
	restUntil atomic.Int64
	mu        sync.Mutex // one report at a time, in order
	failing   bool
}

// RedisOptions are what a Redis limiter is made of. All but Timeout are needed.
type RedisOptions struct {
	// Client must honour the deadlines of contexts.
	Client redis.Scripter
	// Prefix keeps tenants that share a Redis apart.
	Prefix string
	// Fallback counts while Redis does not answer.
	Fallback Limiter
	// Report is told once when Redis begins to fail, and with nil when it is back.
	Report func(error)
	// Timeout bounds one question to Redis; default 250 ms.
	Timeout time.Duration
}

// NewRedis returns a limiter that all replicas with the same Redis and prefix share.
func NewRedis(options RedisOptions) *Redis {
	options.Timeout = cmp.Or(options.Timeout, defaultTimeout)
	return &Redis{options: options, start: time.Now()}
}

// Take implements Limiter.
func (r *Redis) Take(ctx context.Context, key string, quota Quota) Decision {
	if decision, ok := r.ask(ctx, key, quota, 1); ok {
		return decision
	}
	return r.options.Fallback.Take(ctx, key, quota)
}

// Peek implements Limiter.
func (r *Redis) Peek(ctx context.Context, key string, quota Quota) Decision {
	if decision, ok := r.ask(ctx, key, quota, 0); ok {
		return decision
	}
	return r.options.Fallback.Peek(ctx, key, quota)
}

// ask is false when Redis does not say.
func (r *Redis) ask(ctx context.Context, key string, quota Quota, take int) (Decision, bool) {
	if !r.mayAsk() {
		return Decision{}, false
	}
	b := quota.bucket()
	limited, cancel := context.WithTimeout(ctx, r.options.Timeout)
	defer cancel()
	answer, err := takeScript.Run(limited, r.options.Client, []string{r.options.Prefix + key}, b.interval, b.capacity, take).Int64Slice()
	if err == nil && len(answer) != 2 {
		err = fmt.Errorf("the script answered %d numbers instead of 2", len(answer))
	}
	if err != nil {
		if ctx.Err() == nil { // else it is the caller who went away
			r.failed(err)
		}
		return Decision{}, false
	}
	r.answered()
	return b.decision(answer[0] == 1, answer[1]), true
}

// mayAsk lets everybody ask while Redis answers, and otherwise one request after each rest.
func (r *Redis) mayAsk() bool {
	until, now := r.restUntil.Load(), int64(time.Since(r.start))
	return until == 0 || now >= until && r.restUntil.CompareAndSwap(until, now+int64(redisRest))
}

func (r *Redis) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restUntil.Store(int64(time.Since(r.start) + redisRest))
	if !r.failing {
		r.failing = true
		r.options.Report(fmt.Errorf("rate limits are counted by each replica for itself while Redis does not answer: %w", err))
	}
}

func (r *Redis) answered() {
	if r.restUntil.Load() == 0 { // nearly always: no lock
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.restUntil.Store(0)
	if r.failing {
		r.failing = false
		r.options.Report(nil)
	}
}
