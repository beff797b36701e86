package cache

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// defaultTimeout bounds one question to Redis.
	defaultTimeout = 250 * time.Millisecond
	// redisRest is how long Redis is left alone after it did not answer.
	redisRest = time.Second
	// tokenTTL is how long a group's token lives; a new one only costs loads.
	tokenTTL = 24 * time.Hour
)

// second is the level in Redis. A group's generation there is a random token; an entry is stored together with
// the tokens that held before it was loaded, and is valid while they are the same.
type second struct {
	client  redis.UniversalClient
	prefix  string
	report  func(error)
	timeout time.Duration
	cache   *Cache
	stop    context.CancelFunc
	stopped chan struct{}

	mu        sync.Mutex
	restUntil time.Time
	failing   bool
	// missed are groups whose invalidation Redis has not heard of; it is not read until it has. Sequence tells a
	// later invalidation of the same group from an earlier one.
	missed   map[string]uint64
	sequence uint64
}

func newSecond(options Options, cache *Cache) *second {
	ctx, stop := context.WithCancel(context.Background())
	s := &second{
		client: options.Redis, prefix: options.Prefix, report: options.Report, cache: cache,
		timeout: cmp.Or(options.Timeout, defaultTimeout),
		stop:    stop, stopped: make(chan struct{}), missed: map[string]uint64{},
	}
	go s.listen(ctx)
	return s
}

func (s *second) close() {
	s.stop()
	<-s.stopped
}

func (s *second) channel() string { return s.prefix + "invalidated" }

func (s *second) tokenKeys(groups []string) []string {
	keys := make([]string, len(groups), len(groups)+1)
	for i, group := range groups {
		keys[i] = s.prefix + "group:" + group
	}
	return keys
}

func (s *second) entryKey(key Key) string { return s.prefix + "entry:" + key.Name }

// get returns a valid entry and how long it may still be used, or what to call with the value once that is loaded.
// Both are nil when Redis cannot be used.
func (s *second) get(ctx context.Context, key Key) (value []byte, left time.Duration, put func(context.Context, []byte)) {
	if !s.usable(ctx) {
		return nil, 0, nil
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	groups := key.groups()
	pipe := s.client.Pipeline()
	// In one command, so that the entry is judged by the tokens of the same moment.
	read := pipe.MGet(limited, append(s.tokenKeys(groups), s.entryKey(key))...)
	ttl := pipe.PTTL(limited, s.entryKey(key))
	if _, err := pipe.Exec(limited); err != nil {
		s.failed(ctx, err)
		return nil, 0, nil
	}
	s.answered()
	values := read.Val()
	tokens, complete := joinTokens(values[:len(groups)])
	if !complete {
		s.makeTokens(ctx, groups)
		return nil, 0, nil
	}
	if stored, ok := values[len(groups)].(string); ok && ttl.Val() > 0 {
		if body, valid := strings.CutPrefix(stored, tokens); valid {
			return []byte(body), min(ttl.Val(), key.TTL), nil
		}
	}
	begun := time.Now()
	return nil, 0, func(ctx context.Context, value []byte) { s.put(ctx, key, tokens, value, key.TTL-time.Since(begun)) }
}

func joinTokens(values []any) (string, bool) {
	var joined strings.Builder
	for _, value := range values {
		token, ok := value.(string)
		if !ok {
			return "", false
		}
		joined.WriteString(token) // all of the same length, so the sequence is unambiguous
	}
	return joined.String(), true
}

func (s *second) put(ctx context.Context, key Key, tokens string, value []byte, ttl time.Duration) {
	if ttl < time.Millisecond {
		return
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.client.Set(limited, s.entryKey(key), tokens+string(value), ttl).Err(); err != nil {
		s.failed(ctx, err)
	}
}

// makeTokens gives tokens to the groups that have none, so that the next load can be kept.
func (s *second) makeTokens(ctx context.Context, groups []string) {
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	pipe := s.client.Pipeline()
	for _, key := range s.tokenKeys(groups) {
		pipe.SetNX(limited, key, rand.Text(), tokenTTL)
	}
	if _, err := pipe.Exec(limited); err != nil {
		s.failed(ctx, err)
	}
}

// invalidate replaces the groups' tokens and tells the other replicas. What Redis does not hear now it is told
// before it is read again.
func (s *second) invalidate(ctx context.Context, groups []string) {
	s.mu.Lock()
	for _, group := range groups {
		s.sequence++
		s.missed[group] = s.sequence
	}
	s.mu.Unlock()
	s.usable(ctx)
}

// usable says whether Redis may be asked, after telling it what it has missed.
func (s *second) usable(ctx context.Context) bool {
	s.mu.Lock()
	resting, missed := time.Now().Before(s.restUntil), maps.Clone(s.missed)
	s.mu.Unlock()
	if resting {
		return false
	}
	if len(missed) == 0 {
		return true
	}
	if err := s.tell(ctx, slices.Collect(maps.Keys(missed))); err != nil {
		s.failed(ctx, err)
		return false
	}
	s.mu.Lock()
	for group, sequence := range missed {
		if s.missed[group] == sequence { // else it was invalidated again meanwhile
			delete(s.missed, group)
		}
	}
	s.mu.Unlock()
	s.answered()
	return true
}

func (s *second) tell(ctx context.Context, groups []string) error {
	message, err := json.Marshal(groups)
	if err != nil {
		return fmt.Errorf("encode an invalidation: %w", err)
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	_, err = s.client.TxPipelined(limited, func(pipe redis.Pipeliner) error {
		for _, key := range s.tokenKeys(groups) {
			pipe.Set(limited, key, rand.Text(), tokenTTL)
		}
		pipe.Publish(limited, s.channel(), message)
		return nil
	})
	return err
}

// listen puts the other replicas' invalidations into effect. Each time it begins to hear, it may have missed some.
func (s *second) listen(ctx context.Context) {
	defer close(s.stopped)
	subscription := s.client.Subscribe(ctx, s.channel())
	defer func() { _ = subscription.Close() }() // the connection is of no further use either way
	heard := subscription.ChannelWithSubscriptions()
	for {
		select {
		case <-ctx.Done():
			return
		case event, open := <-heard:
			if !open {
				return
			}
			s.hear(event)
		}
	}
}

func (s *second) hear(event any) {
	var groups []string
	if message, ok := event.(*redis.Message); ok && json.Unmarshal([]byte(message.Payload), &groups) == nil {
		s.cache.InvalidateHere(groups...)
		return
	}
	s.cache.forget()
}

func (s *second) failed(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, redis.ErrClosed) {
		return // it is the caller who went away, or this cache
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restUntil = time.Now().Add(redisRest)
	if !s.failing {
		s.failing = true
		s.report(fmt.Errorf("each replica has a cache of its own while Redis does not answer: %w", err))
	}
}

func (s *second) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		s.failing = false
		s.report(nil)
	}
}
