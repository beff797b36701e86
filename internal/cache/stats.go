package cache

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// Stats are a cache's figures since its process began.
type Stats struct {
	// Size and MaxSize count entries of this process. Size includes those that are no longer valid but still there.
	Size, MaxSize int
	// Asked counts all questions.
	Asked
	// Kinds counts those of each kind that was ever asked for.
	Kinds map[string]Asked
	// Sets counts what was stored, Deletes what was removed: expired, pushed out by others, or cleared.
	Sets, Deletes int64
	// Bytes is the memory of the entries' names and values.
	Bytes int64
}

// Asked counts the questions that a process did and did not answer from memory.
type Asked struct{ Hits, Misses int64 }

// HitRate is the share of hits in per cent, such as "11.82%".
func (a Asked) HitRate() string {
	all := a.Hits + a.Misses
	if all == 0 {
		return "0.00%"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(a.Hits)/float64(all))
}

type counts struct {
	maxSize             int
	sets, deletes, size atomic.Int64
	kinds               sync.Map // of names to *questions
}

// questions are what becomes an Asked.
type questions struct{ hits, misses atomic.Int64 }

func (c *counts) asked(kind string, found bool) {
	counted, known := c.kinds.Load(kind)
	if !known {
		counted, _ = c.kinds.LoadOrStore(kind, new(questions))
	}
	if found {
		counted.(*questions).hits.Add(1)
	} else {
		counted.(*questions).misses.Add(1)
	}
}

func (c *counts) byKind() (all Asked, kinds map[string]Asked) {
	kinds = map[string]Asked{}
	for kind, counted := range c.kinds.Range {
		asked := Asked{Hits: counted.(*questions).hits.Load(), Misses: counted.(*questions).misses.Load()}
		kinds[kind.(string)] = asked
		all.Hits, all.Misses = all.Hits+asked.Hits, all.Misses+asked.Misses
	}
	return all, kinds
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
	all, kinds := c.counts.byKind()
	return Stats{
		Size: c.entries.EstimatedSize(), MaxSize: c.counts.maxSize,
		Asked: all, Kinds: kinds,
		Sets: c.counts.sets.Load(), Deletes: c.counts.deletes.Load(), Bytes: max(0, c.counts.size.Load()),
	}
}
