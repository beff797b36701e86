package cache_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/testing/redistest"
)

func replica(t *testing.T, server *redistest.Server) *cache.Cache {
	return newCache(t, cache.Options{Redis: server.Client(), Prefix: "test:", Timeout: patience})
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// truth is a database: a number that only grows.
type truth struct{ version atomic.Int64 }

func (d *truth) load(context.Context) ([]byte, error) {
	read := d.version.Load()
	for range rand.IntN(4) { // so that invalidations happen between reading and storing
		runtime.Gosched()
	}
	return strconv.AppendInt(nil, read, 10), nil
}

func read(t *testing.T, c *cache.Cache, d *truth) int64 {
	value, err := c.GetOrLoad(t.Context(), key("a"), d.load)
	if err != nil {
		t.Error(err)
		return 0
	}
	version, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		t.Error(err)
	}
	return version
}

// TestNeverFromBeforeAnInvalidation: whoever asks a replica after its Invalidate returned sees what was written
// before, whatever else runs on all replicas, and in the end every replica sees the last write.
func TestNeverFromBeforeAnInvalidation(t *testing.T) {
	t.Parallel()
	for name, replicas := range map[string]func(*testing.T) []*cache.Cache{
		"memory": func(t *testing.T) []*cache.Cache { return []*cache.Cache{newCache(t, cache.Options{})} },
		"Redis": func(t *testing.T) []*cache.Cache {
			server := redistest.Start(t)
			return []*cache.Cache{replica(t, server), replica(t, server), replica(t, server)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const writes, readers = 300, 4
			caches := replicas(t)
			var d truth
			var running sync.WaitGroup
			ctx, stop := context.WithCancel(t.Context())
			floors := make([]atomic.Int64, len(caches)) // what each replica must show at least
			reads := make([]atomic.Int64, len(caches))
			for i, c := range caches {
				for range readers {
					running.Go(func() {
						for ctx.Err() == nil {
							floor := floors[i].Load()
							if got := read(t, c, &d); got < floor {
								t.Errorf("replica %d shows version %d after an invalidation for %d", i, got, floor)
								return
							}
							reads[i].Add(1)
						}
					})
				}
			}
			var writers sync.WaitGroup
			for i, c := range caches {
				writers.Go(func() {
					for range writes {
						// Without a read in between, writes could be over before any reader has begun.
						for before := reads[i].Load(); reads[i].Load() == before && !t.Failed(); {
							runtime.Gosched()
						}
						written := d.version.Add(1)
						c.Invalidate(ctx, "bookings")
						floors[i].Store(written)
					}
				})
			}
			writers.Wait()
			last := d.version.Load()
			for _, c := range caches {
				eventually(t, "a replica shows the last write", func() bool { return read(t, c, &d) == last })
			}
			for _, c := range caches {
				eventually(t, "a replica answers from memory", func() bool { return c.Stats().Hits > 0 })
			}
			stop()
			running.Wait()
		})
	}
}

func TestReplicasShare(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	a, b := replica(t, server), replica(t, server)
	var s source
	// The first load makes the groups' tokens, the second is kept in Redis.
	want(t, a, key("warm"), s.load, "1")
	want(t, a, key("x"), s.load, "2")
	want(t, b, key("x"), s.load, "2")
	if n := s.loads.Load(); n != 2 {
		t.Fatalf("%d loads; want the second replica to find the first one's answer", n)
	}
	if ttl := server.Client().PTTL(t.Context(), "test:entry:x").Val(); ttl <= 0 || ttl > time.Minute {
		t.Errorf("the entry lives for %s in Redis", ttl)
	}
	a.Invalidate(t.Context(), "bookings")
	eventually(t, "the other replica hears of it", func() bool {
		_, found := b.Get(key("x"))
		return !found
	})
	want(t, b, key("x"), s.load, "3")
	want(t, replica(t, server), key("x"), s.load, "3")
	a.Clear(t.Context())
	want(t, replica(t, server), key("x"), s.load, "4")
}

// TestOtherTenantsAreApart: two prefixes on one Redis.
func TestOtherTenantsAreApart(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	one := newCache(t, cache.Options{Redis: server.Client(), Prefix: "one:", Timeout: patience})
	two := newCache(t, cache.Options{Redis: server.Client(), Prefix: "two:", Timeout: patience})
	var s source
	for range 2 {
		one.Clear(t.Context())
		two.Clear(t.Context())
	}
	want(t, one, key("x"), s.load, "1")
	want(t, two, key("x"), s.load, "2")
}

// TestOutage: without Redis a replica goes on alone, and what it invalidated meanwhile is never read from Redis
// afterwards, by nobody.
func TestOutage(t *testing.T) {
	t.Parallel()
	for name, outage := range map[string]struct{ begin, end func(*redistest.Server) }{
		"crash":  {(*redistest.Server).Halt, (*redistest.Server).Boot},
		"freeze": {(*redistest.Server).Freeze, (*redistest.Server).Thaw},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			var failures, recoveries atomic.Int64
			c := newCache(t, cache.Options{Redis: server.Client(), Prefix: "test:", Timeout: time.Second, Report: func(err error) {
				if err == nil {
					recoveries.Add(1)
				} else {
					failures.Add(1)
				}
			}})
			var d truth
			_, _ = read(t, c, &d), d.version.Add(1)
			c.Invalidate(t.Context(), "bookings")
			if got := read(t, c, &d); got != 1 {
				t.Fatalf("before the outage: version %d", got)
			}
			outage.begin(server)
			begun := time.Now()
			for version := int64(2); version < 20; version++ {
				d.version.Store(version)
				c.Invalidate(t.Context(), "bookings")
				if got := read(t, c, &d); got != version {
					t.Errorf("during the outage: version %d; want %d", got, version)
				}
			}
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("the outage made 18 changes take %s", took)
			}
			outage.end(server)
			eventually(t, "the cache returns to Redis", func() bool {
				c.Invalidate(t.Context(), "another group")
				return recoveries.Load() == 1
			})
			if got := read(t, replica(t, server), &d); got != 19 {
				t.Errorf("after the outage another replica finds version %d in Redis", got)
			}
			if failures.Load() != 1 {
				t.Errorf("the outage was reported %d times", failures.Load())
			}
		})
	}
}
