package cache

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"
)

const (
	// DefaultMaxSize is how many entries are kept when nothing else is said.
	DefaultMaxSize = 1000
	// share is the memory that one entry may take, in bytes; a larger one takes the places of several.
	share = 16 << 10
	// maxValue is the size, in bytes, above which an answer is not kept: one large calendar must not push out the
	// free slots of a whole day. Whoever reads those asks seldom, and what they cost is mostly to send them.
	maxValue = 64 << 10
	// loadTimeout bounds one load, which several callers may be waiting for.
	loadTimeout = 15 * time.Second
)

// Options are what a Cache is made of.
type Options struct {
	// MaxSize bounds the entries in this process, and their memory at 16 KiB for each; default DefaultMaxSize.
	MaxSize int
	// Redis is the second level, or nil. The client must honour the deadlines of contexts. Whoever made it closes
	// it, after the Cache.
	Redis redis.UniversalClient
	// Prefix keeps tenants that share a Redis apart.
	Prefix string
	// Report is told once when Redis begins to fail, and with nil when it is back.
	Report func(error)
	// Timeout bounds one question to Redis; default 250 ms.
	Timeout time.Duration
}

// Key says what an entry is and how long it may be used.
type Key struct {
	// Kind is what the answer is one of, under which it is counted, such as slots. There are few of them.
	Kind string
	// Name identifies the answer among all of a tenant, with everything that it depends on and that no group stands
	// for, such as the revision of the configuration.
	Name string
	// TTL is how long the answer may be used after its loading began.
	TTL time.Duration
	// Groups are what invalidates the answer.
	Groups []string
}

// Cache is safe for concurrent use. Values are shared: neither loaders nor readers may change one that was given
// out.
type Cache struct {
	entries     *otter.Cache[string, entry]
	generations *generations
	flights     singleflight.Group
	second      *second // nil without Redis
	counts      counts
}

type entry struct {
	value   []byte
	stamp   uint64
	expires time.Time
}

// New returns an empty cache. Close ends what it runs in the background.
func New(options Options) (*Cache, error) {
	c := &Cache{generations: newGenerations()}
	maxSize := cmp.Or(max(0, options.MaxSize), DefaultMaxSize)
	c.counts.maxSize = maxSize
	entries, err := otter.New(&otter.Options[string, entry]{
		MaximumWeight: uint64(maxSize),
		Weigher:       func(key string, e entry) uint32 { return uint32(1 + (len(key)+len(e.value))/share) },
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, entry]) time.Duration {
			return time.Until(e.Value.expires)
		}),
		OnAtomicDeletion: c.counts.deleted,
		Logger:           &otter.NoopLogger{},
	})
	if err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	c.entries = entries
	if options.Redis != nil {
		c.second = newSecond(options, c)
	}
	return c, nil
}

// Close ends the background work. A closed cache still answers, but hears of no other replica's changes any more.
func (c *Cache) Close() {
	if c.second != nil {
		c.second.close()
	}
	c.entries.StopAllGoroutines()
}

func (k Key) groups() []string {
	return append(k.Groups[:len(k.Groups):len(k.Groups)], everything)
}

// Stamp identifies the present generations of the groups, for what a process remembers beside the cache: while it is the
// same, none of them was invalidated. It is not valid with a second level, to which such things must not find their way.
func (c *Cache) Stamp(groups ...string) (stamp uint64, valid bool) {
	return c.generations.stamp(groups), c.second == nil
}

// Get returns the answer if this process has it, and does not load it otherwise. Only hits are counted: who misses goes
// on to GetOrLoad, and is counted there.
func (c *Cache) Get(key Key) ([]byte, bool) {
	value, found := c.get(key, c.generations.stamp(key.Groups))
	if found {
		c.counts.asked(key.Kind, true)
	}
	return value, found
}

func (c *Cache) get(key Key, stamp uint64) ([]byte, bool) {
	e, found := c.entries.GetIfPresent(key.Name)
	if !found || e.stamp != stamp {
		return nil, false
	}
	return e.value, true
}

// GetOrLoad returns the answer, loading it at most once for all who ask at the same time. The error is that of
// the load, which is not remembered, or the context's; a load that panics does so in each of its callers. The load's context does not end with the caller's: others may be
// waiting too.
func (c *Cache) GetOrLoad(ctx context.Context, key Key, load func(context.Context) ([]byte, error)) ([]byte, error) {
	stamp := c.generations.stamp(key.Groups)
	value, found := c.get(key, stamp)
	c.counts.asked(key.Kind, found)
	if found {
		return value, nil
	}
	// The stamp is part of the flight's name: who asks after an invalidation must not get what was read before it.
	result := c.flights.DoChan(key.Name+"\x00"+strconv.FormatUint(stamp, 36), func() (value any, err error) {
		// A panic in this goroutine would end the process: it is for those who asked to deal with.
		defer func() {
			if cause := recover(); cause != nil {
				value, err = panicked{fmt.Sprintf("load: %v\n%s", cause, debug.Stack())}, nil
			}
		}()
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return c.load(detached, key, stamp, load)
	})
	select {
	case outcome := <-result:
		if failure, ok := outcome.Val.(panicked); ok {
			panic(failure.report)
		}
		if outcome.Err != nil {
			return nil, outcome.Err
		}
		return outcome.Val.([]byte), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// panicked is what a load that panicked leaves to those who wait for it.
type panicked struct{ report string }

// load makes an entry under the stamp that was read before.
func (c *Cache) load(ctx context.Context, key Key, stamp uint64, load func(context.Context) ([]byte, error)) ([]byte, error) {
	if value, found := c.get(key, stamp); found { // by the flight before this one
		return value, nil
	}
	begun := time.Now()
	var keep func(context.Context, []byte)
	if c.second != nil {
		value, left, put := c.second.get(ctx, key)
		if value != nil {
			c.put(key, entry{value: value, stamp: stamp, expires: begun.Add(left)})
			return value, nil
		}
		keep = put
	}
	value, err := load(ctx)
	if err != nil {
		return nil, err
	}
	if len(value) > maxValue {
		return value, nil
	}
	c.put(key, entry{value: value, stamp: stamp, expires: begun.Add(key.TTL)})
	if keep != nil {
		keep(ctx, value)
	}
	return value, nil
}

func (c *Cache) put(key Key, e entry) {
	if !time.Now().Before(e.expires) { // its loading took longer than it may live
		return
	}
	c.counts.stored(key.Name, e.value)
	c.entries.Set(key.Name, e)
}

// Invalidate ends the validity of every entry of the groups, here and in Redis. When it returns, this replica
// answers none of them from before the call; others follow within moments.
func (c *Cache) Invalidate(ctx context.Context, groups ...string) {
	c.generations.next(groups)
	if c.second != nil {
		c.second.invalidate(context.WithoutCancel(ctx), groups)
		// Once more: between the two, an entry may have come from Redis under the new generation.
		c.generations.next(groups)
	}
}

// InvalidateHere ends the validity of the groups' entries in this process only: somebody else made a change
// and everybody hears of it.
func (c *Cache) InvalidateHere(groups ...string) { c.generations.next(groups) }

// Clear forgets everything, here and in Redis.
func (c *Cache) Clear(ctx context.Context) {
	c.Invalidate(ctx, everything)
	c.entries.InvalidateAll()
}

// forget ends the validity of everything in this process, after invalidations may have been missed.
func (c *Cache) forget() { c.generations.all() }
