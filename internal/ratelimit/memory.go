package ratelimit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	shardCount = 32
	// evictionSample is how many keys are looked at to make room for a new one.
	evictionSample = 8
)

// Memory is a Limiter for one process. It remembers a bounded number of keys. When there are more, it forgets
// one whose bucket is full, which loses nothing; when it finds none, the one of a few that is nearest to full.
type Memory struct {
	now    func() int64 // microseconds since the limiter was made
	seed   maphash.Seed
	limit  int // of keys in one shard
	shards [shardCount]shard
}

type shard struct {
	mu sync.Mutex
	// full is when the bucket of each key will be full again.
	full map[string]int64
	_    [40]byte // keeps two shards' locks out of one cache line
}

// NewMemory returns a limiter that remembers about maxKeys keys, by the given clock.
func NewMemory(maxKeys int, clock func() time.Time) *Memory {
	start := clock()
	m := &Memory{
		// Since the start, because that is measured on the monotonic clock.
		now:   func() int64 { return clock().Sub(start).Microseconds() },
		seed:  maphash.MakeSeed(),
		limit: max(evictionSample, (maxKeys+shardCount-1)/shardCount),
	}
	for i := range m.shards {
		m.shards[i].full = map[string]int64{}
	}
	return m
}

func (m *Memory) shard(key string) *shard {
	return &m.shards[maphash.String(m.seed, key)%shardCount]
}

// Take implements Limiter.
func (m *Memory) Take(_ context.Context, key string, quota Quota) Decision {
	b, s := quota.bucket(), m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	// Asked under the lock: of two requests the one that comes second must not have the earlier time.
	now := m.now()
	full, known := s.full[key]
	spent := b.spent(full, now)
	if !b.covers(spent) {
		return b.decision(false, spent)
	}
	if !known && len(s.full) >= m.limit {
		s.makeRoom(now)
	}
	spent += b.interval
	s.full[key] = now + spent
	return b.decision(true, spent)
}

// Peek implements Limiter.
func (m *Memory) Peek(_ context.Context, key string, quota Quota) Decision {
	b, s := quota.bucket(), m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	spent := b.spent(s.full[key], m.now())
	return b.decision(b.covers(spent), spent)
}

// makeRoom forgets at least one of a few keys, which are random because a map's order is.
func (s *shard) makeRoom(now int64) {
	var fullest string
	earliest, looked, forgotten := int64(0), 0, false
	for key, full := range s.full {
		if full <= now {
			delete(s.full, key)
			forgotten = true
		} else if looked == 0 || full < earliest {
			fullest, earliest = key, full
		}
		if looked++; looked == evictionSample {
			break
		}
	}
	if !forgotten {
		delete(s.full, fullest)
	}
}

// Len is how many keys are remembered.
func (m *Memory) Len() int {
	total := 0
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		total += len(s.full)
		s.mu.Unlock()
	}
	return total
}
