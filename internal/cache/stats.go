package cache

import (
	"fmt"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// Stats are a cache's figures since its process began.
type Stats struct {
	// Size and MaxSize count entries of this process. Size includes those that are no longer valid but still there.
	Size, MaxSize int
	// Hits and Misses count the questions that this process did and did not answer from memory.
	Hits, Misses int64
	// Sets counts what was stored, Deletes what was removed: expired, pushed out by others, or cleared.
	Sets, Deletes int64
	// Bytes is the memory of the entries' names and values.
	Bytes int64
}

// HitRate is the share of hits in per cent, such as "11.82%".
func (s Stats) HitRate() string {
	asked := s.Hits + s.Misses
	if asked == 0 {
		return "0.00%"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(s.Hits)/float64(asked))
}

type counts struct {
	maxSize                           int
	hits, misses, sets, deletes, size atomic.Int64
}

func (c *counts) asked(found bool) {
	if found {
		c.hits.Add(1)
	} else {
		c.misses.Add(1)
	}
}

func (c *counts) stored(name string, value []byte) {
	c.sets.Add(1)
	c.size.Add(int64(len(name) + len(value)))
}

// deleted also hears of entries that were replaced by a newer one.
func (c *counts) deleted(event otter.DeletionEvent[string, entry]) {
	c.size.Add(-int64(len(event.Key) + len(event.Value.value)))
	if event.Cause != otter.CauseReplacement {
		c.deletes.Add(1)
	}
}

// Stats returns the cache's figures.
func (c *Cache) Stats() Stats {
	return Stats{
		Size: c.entries.EstimatedSize(), MaxSize: c.counts.maxSize,
		Hits: c.counts.hits.Load(), Misses: c.counts.misses.Load(),
		Sets: c.counts.sets.Load(), Deletes: c.counts.deletes.Load(), Bytes: max(0, c.counts.size.Load()),
	}
}
