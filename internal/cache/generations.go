package cache

import (
	"hash/maphash"
	"sync/atomic"
)

// generations counts the invalidations of each group. Groups share a fixed number of counters: two that meet
// in one are invalidated together, which costs a load and nothing else.
type generations struct {
	seed     maphash.Seed
	counters [256]atomic.Uint64
}

func newGenerations() *generations { return &generations{seed: maphash.MakeSeed()} }

func (g *generations) counter(group string) *atomic.Uint64 {
	return &g.counters[maphash.String(g.seed, group)%uint64(len(g.counters))]
}

// GroupBookings is the group of what depends on bookings: each change of one invalidates it.
const GroupBookings = "bookings"

// everything is a group that every entry belongs to.
const everything = "*"

// stamp identifies the generations of the groups and of everything. Counters never decrease, so their sum is the same only while
// each of them is.
func (g *generations) stamp(groups []string) uint64 {
	sum := g.counter(everything).Load()
	for _, group := range groups {
		sum += g.counter(group).Load()
	}
	return sum
}

func (g *generations) next(groups []string) {
	for _, group := range groups {
		g.counter(group).Add(1)
	}
}

// all ends every generation.
func (g *generations) all() {
	for i := range g.counters {
		g.counters[i].Add(1)
	}
}
