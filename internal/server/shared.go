package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/configwatch"
	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	// defaultRequestsPerMinute and defaultBurst are the rate limit of a document that says none.
	defaultRequestsPerMinute = 600
	defaultBurst             = 100
	// maxCounted bounds the keys and addresses that requests are counted for, at about 100 bytes each.
	maxCounted = 50_000
	// redisDialTimeout bounds connecting; questions have shorter deadlines of their own.
	redisDialTimeout = 2 * time.Second
)

// shared is what all revisions with the same Redis have in common: what is counted and what is remembered.
type shared struct {
	redisURL string
	client   *redis.Client // nil without Redis
	cache    *cache.Cache
	limiter  ratelimit.Limiter
	counted  func() int
}

// sharedOf returns the present shared if the revision uses the same Redis, and else a new one. A Redis that does
// not answer is no error: the server does without until it does.
func (s *Server) sharedOf(update configwatch.Update) (*shared, error) {
	url := ""
	if key := update.Document.Cache.RedisURLKey; key != "" {
		var err error
		if url, err = update.Bundle.Secret(key); err != nil {
			return nil, err
		}
	}
	if current := s.shared.Load(); current != nil && current.redisURL == url {
		return current, nil
	}
	memory := ratelimit.NewMemory(maxCounted, s.options.Clock)
	next := &shared{redisURL: url, limiter: memory, counted: memory.Len}
	options := cache.Options{MaxSize: s.options.CacheMaxSize, Timeout: s.options.RedisTimeout}
	if url != "" {
		client, err := openRedis(url)
		if err != nil {
			return nil, err
		}
		prefix := fmt.Sprintf("frontdesk:%s/%s:", update.Document.Tenant.Namespace, update.Document.Tenant.Name)
		next.client = client
		next.limiter = ratelimit.NewRedis(ratelimit.RedisOptions{
			Client: client, Prefix: prefix + "limit:", Fallback: memory, Report: s.redisState("ratelimit"), Timeout: s.options.RedisTimeout,
		})
		options.Redis, options.Prefix, options.Report = client, prefix+"cache:", s.redisState("cache")
	}
	var err error
	next.cache, err = cache.New(options)
	return next, err
}

func openRedis(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		// Not the reason: it repeats the URL, which holds a password.
		return nil, errors.New("cache.redisURLKey: the URL is not one of a Redis: write redis://user:password@host:6379/0, or rediss:// for TLS")
	}
	options.ContextTimeoutEnabled = true
	options.DialTimeout = redisDialTimeout
	options.MaxRetries = -1 // who asks has an answer of its own, and no time
	return redis.NewClient(options), nil
}

// redisState returns what hears whether Redis serves a use.
func (s *Server) redisState(use string) func(error) {
	s.metrics.RedisState(use, true)
	return func(err error) {
		s.metrics.RedisState(use, err == nil)
		if err != nil {
			s.options.Logger.Error("Redis does not answer", "use", use, "error", err)
		} else {
			s.options.Logger.Info("Redis answers again", "use", use)
		}
	}
}

// adopt makes the shared the present one and closes the one before. What still uses that gets answers from its memory.
func (s *Server) adopt(next *shared) error {
	previous := s.shared.Swap(next)
	if previous == nil || previous == next {
		return nil
	}
	if next == nil || next.client == nil {
		s.metrics.RedisUnused()
	}
	return previous.close()
}

// discard closes a shared that is not going to be used after all.
func (s *Server) discard(unused *shared) error {
	if unused == s.shared.Load() {
		return nil
	}
	return unused.close()
}

func (c *shared) close() error {
	c.cache.Close()
	if c.client == nil {
		return nil
	}
	return c.client.Close()
}

// limitsOf is the document's rate limit.
func limitsOf(limit tenantconfig.RateLimit, shared *shared) *tenant.Limits {
	perMinute, burst := limit.RequestsPerMinute, limit.Burst
	if perMinute == 0 {
		perMinute = defaultRequestsPerMinute
	}
	if burst == 0 {
		burst = min(defaultBurst, perMinute)
	}
	return &tenant.Limits{Limiter: shared.limiter, Quota: ratelimit.PerMinute(perMinute, burst), Counted: shared.counted}
}

// changed forgets the answers that a change of a booking has made wrong.
func (s *Server) changed(ctx context.Context) {
	if present := s.shared.Load(); present != nil {
		present.cache.Invalidate(ctx, cache.GroupBookings)
	}
}

// listening is a store whose change feed is heard until it is closed.
type listening struct {
	booking.Store
	stop    context.CancelFunc
	stopped chan struct{}
}

// Close ends the listening, then closes the store.
func (l *listening) Close() error {
	l.stop()
	<-l.stopped
	return l.Store.Close()
}

// listen forgets the same when another replica makes a change, if the store tells of it.
func (s *Server) listen(ctx context.Context, store booking.Store) booking.Store {
	feed, tells := store.(booking.ChangeFeed)
	if !tells {
		return store
	}
	hearing, stop := context.WithCancel(context.WithoutCancel(ctx))
	changes, err := feed.Changes(hearing)
	if err != nil {
		stop()
		s.options.Logger.WarnContext(ctx, "other replicas' changes are not heard of: cached answers may be up to a minute old", "error", err)
		return store
	}
	heard := &listening{Store: store, stop: stop, stopped: make(chan struct{})}
	go func() {
		defer close(heard.stopped)
		for range changes {
			if present := s.shared.Load(); present != nil {
				present.cache.InvalidateHere(cache.GroupBookings)
			}
		}
	}()
	return heard
}

// cacheMaxSize reads CACHE_MAX_SIZE where the option says nothing.
func cacheMaxSize(option int) (int, error) {
	text := os.Getenv("CACHE_MAX_SIZE")
	if option != 0 || text == "" {
		return option, nil
	}
	size, err := strconv.Atoi(text)
	if err != nil || size < 1 {
		return 0, fmt.Errorf("CACHE_MAX_SIZE is %q: give a number of entries, 1 or more", text)
	}
	return size, nil
}

// trustedProxies checks the networks whose X-Forwarded-For is believed.
func trustedProxies(networks []string) ([]string, error) {
	for _, network := range networks {
		if _, err := netip.ParsePrefix(network); err != nil {
			return nil, fmt.Errorf("trusted proxies: %q is not a network such as 10.0.0.0/8: %w", network, err)
		}
	}
	return networks, nil
}

// measureCache registers the cache's metrics.
func (s *Server) measureCache() {
	measure := func(of func(cache.Stats) float64) func() float64 {
		return func() float64 {
			present := s.shared.Load()
			if present == nil {
				return 0
			}
			return of(present.cache.Stats())
		}
	}
	counter := func(result string, of func(cache.Stats) float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "frontdesk_cache_requests_total", Help: "Questions to the cache of this process, by result: hit or miss.",
			ConstLabels: prometheus.Labels{"result": result},
		}, measure(of))
	}
	gauge := func(name, help string, of func(cache.Stats) float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, measure(of))
	}
	s.metrics.Registry().MustRegister(
		counter("hit", func(c cache.Stats) float64 { return float64(c.Hits) }),
		counter("miss", func(c cache.Stats) float64 { return float64(c.Misses) }),
		gauge("frontdesk_cache_entries", "Entries in the cache of this process.", func(c cache.Stats) float64 { return float64(c.Size) }),
		gauge("frontdesk_cache_bytes", "Memory of the cached answers.", func(c cache.Stats) float64 { return float64(c.Bytes) }),
	)
}
