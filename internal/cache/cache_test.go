package cache_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/frontdesk-dev/frontdesk/internal/cache"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits; it is far above what is expected.
const patience = 20 * time.Second

func newCache(t testing.TB, options cache.Options) *cache.Cache {
	t.Helper()
	if options.Report == nil {
		options.Report = func(err error) { t.Errorf("Redis: %v", err) }
	}
	c, err := cache.New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func key(name string) cache.Key {
	return cache.Key{Kind: "slots", Name: name, TTL: time.Minute, Groups: []string{"bookings"}}
}

// source counts how often it is loaded from.
type source struct{ loads atomic.Int64 }

func (s *source) load(context.Context) ([]byte, error) {
	return strconv.AppendInt(nil, s.loads.Add(1), 10), nil
}

func want(t *testing.T, c *cache.Cache, k cache.Key, load func(context.Context) ([]byte, error), expected string) {
	t.Helper()
	got, err := c.GetOrLoad(t.Context(), k, load)
	if err != nil || string(got) != expected {
		t.Errorf("%s: %q, %v; want %q", k.Name, got, err, expected)
	}
}

func TestHitsGroupsAndClear(t *testing.T) {
	t.Parallel()
	c := newCache(t, cache.Options{})
	var first, second source
	other := cache.Key{Kind: "services", Name: "other", TTL: time.Minute, Groups: []string{"config"}}
	for range 3 {
		want(t, c, key("a"), first.load, "1")
		want(t, c, other, second.load, "1")
	}
	c.Invalidate(t.Context(), "bookings")
	want(t, c, key("a"), first.load, "2")
	want(t, c, other, second.load, "1")
	if _, found := c.Get(other); !found {
		t.Error("Get does not find what GetOrLoad has loaded")
	}
	c.Clear(t.Context())
	if _, found := c.Get(other); found {
		t.Error("Get finds something in a cleared cache")
	}
	want(t, c, key("a"), first.load, "3")
	want(t, c, other, second.load, "2")
	if got := c.Stats(); got.Hits != 6 || got.Misses != 5 || got.Sets != 5 || got.Size != 2 || got.Deletes != 2 || got.Bytes != 8 ||
		got.MaxSize != cache.DefaultMaxSize || got.HitRate() != "54.55%" {
		t.Errorf("%+v, hit rate %s", got, got.HitRate())
	} else if diff := cmp.Diff(map[string]cache.Asked{"slots": {Hits: 2, Misses: 3}, "services": {Hits: 4, Misses: 2}}, got.Kinds); diff != "" {
		t.Errorf("by kind (-want +got):\n%s", diff)
	}
}

func TestHitRateOfAnUnusedCache(t *testing.T) {
	t.Parallel()
	if got := newCache(t, cache.Options{}).Stats().HitRate(); got != "0.00%" {
		t.Error(got)
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := cache.New(cache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var s source
		slow := func(ctx context.Context) ([]byte, error) {
			time.Sleep(10 * time.Second) // on the bubble's clock
			return s.load(ctx)
		}
		want(t, c, key("a"), slow, "1")
		time.Sleep(50*time.Second - time.Millisecond)
		want(t, c, key("a"), slow, "1")
		time.Sleep(time.Millisecond)
		want(t, c, key("a"), slow, "2") // a minute after the first loading began
	})
}

func TestOneLoadForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := cache.New(cache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var s source
		release := make(chan struct{})
		load := func(ctx context.Context) ([]byte, error) { <-release; return s.load(ctx) }
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { want(t, c, key("a"), load, "1") })
		}
		synctest.Wait() // until all of them wait
		close(release)
		group.Wait()
	})
}

// TestLeavingFailsNobody: the first caller goes away while others wait for the load that he began.
func TestLeavingFailsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := cache.New(cache.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		release := make(chan struct{})
		load := func(ctx context.Context) ([]byte, error) { <-release; return []byte("value"), ctx.Err() }
		leaving, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := c.GetOrLoad(leaving, key("a"), load)
			left <- err
		}()
		synctest.Wait()
		stayed := make(chan string)
		go func() {
			value, err := c.GetOrLoad(t.Context(), key("a"), load)
			stayed <- fmt.Sprint(string(value), err)
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who leaves gets %v", err)
		}
		close(release)
		if got := <-stayed; got != "value<nil>" {
			t.Errorf("who stays gets %s", got)
		}
	})
}

func TestErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	c := newCache(t, cache.Options{})
	failure := errors.New("away")
	if _, err := c.GetOrLoad(t.Context(), key("a"), func(context.Context) ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("%v; want the loader's error", err)
	}
	want(t, c, key("a"), new(source).load, "1")
}

// TestStaleFill: an answer that was read before an invalidation and arrives after it is given to who asked before
// it, is not kept, and is not given to who asks after it.
func TestStaleFill(t *testing.T) {
	t.Parallel()
	c := newCache(t, cache.Options{})
	reading, release := make(chan struct{}), make(chan struct{})
	old := make(chan string)
	go func() {
		value, err := c.GetOrLoad(t.Context(), key("a"), func(context.Context) ([]byte, error) {
			close(reading)
			<-release
			return []byte("old"), nil
		})
		old <- fmt.Sprint(string(value), err)
	}()
	<-reading
	c.Invalidate(t.Context(), "bookings")
	fresh := func(context.Context) ([]byte, error) { return []byte("new"), nil }
	want(t, c, key("a"), fresh, "new") // while the old one is still under way
	close(release)
	if got := <-old; got != "old<nil>" {
		t.Errorf("who asked before the invalidation gets %s", got)
	}
	never := func(context.Context) ([]byte, error) { return []byte("newer"), nil }
	if got, err := c.GetOrLoad(t.Context(), key("a"), never); err != nil || bytes.Equal(got, []byte("old")) {
		t.Errorf("after the late fill: %q, %v", got, err)
	}
}

// TestPanicsReachTheCallers: elsewhere they would end the process.
func TestPanicsReachTheCallers(t *testing.T) {
	t.Parallel()
	c := newCache(t, cache.Options{})
	var caught atomic.Int64
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			defer func() {
				if strings.Contains(fmt.Sprint(recover()), "no such unit") {
					caught.Add(1)
				}
			}()
			_, err := c.GetOrLoad(t.Context(), key("a"), func(context.Context) ([]byte, error) { panic("no such unit") })
			t.Errorf("a load that panicked returned %v", err)
		})
	}
	callers.Wait()
	if caught.Load() != 4 {
		t.Errorf("%d of 4 callers were told", caught.Load())
	}
	want(t, c, key("a"), func(context.Context) ([]byte, error) { return []byte("fine"), nil }, "fine")
}

func TestBounded(t *testing.T) {
	t.Parallel()
	const maxSize = 100
	c := newCache(t, cache.Options{MaxSize: maxSize})
	large := bytes.Repeat([]byte{'x'}, 100<<10)
	for i := range 20 * maxSize {
		load := func(context.Context) ([]byte, error) { return large[:(i%10)*(10<<10)], nil }
		if _, err := c.GetOrLoad(t.Context(), key(fmt.Sprint(i)), load); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(patience)
	for s := c.Stats(); s.Size > maxSize || s.Bytes > maxSize*(16<<10); s = c.Stats() { // eviction is not immediate
		if time.Now().After(deadline) {
			t.Fatalf("%+v; want at most %d entries of 16 KiB", s, maxSize)
		}
		time.Sleep(time.Millisecond) // between two looks
	}
	if s := c.Stats(); s.Size == 0 || s.Bytes == 0 || s.Deletes == 0 {
		t.Errorf("%+v; want a full cache", s)
	}
}

// A calendar of a busy year is larger than all free slots together.
func TestLargeAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	c := newCache(t, cache.Options{})
	for size, kept := range map[int]bool{64 << 10: true, 64<<10 + 1: false} {
		k := key(strconv.Itoa(size))
		loads := 0
		for range 2 {
			value, err := c.GetOrLoad(t.Context(), k, func(context.Context) ([]byte, error) { loads++; return make([]byte, size), nil })
			if err != nil || len(value) != size {
				t.Fatalf("%d bytes, %v; want %d", len(value), err, size)
			}
		}
		if (loads == 1) != kept {
			t.Errorf("an answer of %d bytes was loaded %d times", size, loads)
		}
	}
}

func BenchmarkHit(b *testing.B) {
	c := newCache(b, cache.Options{})
	k := key("a")
	if _, err := c.GetOrLoad(b.Context(), k, new(source).load); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, found := c.Get(k); !found {
				b.Fail()
			}
		}
	})
}
