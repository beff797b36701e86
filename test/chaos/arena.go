package main

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	visit      = "visit"
	slotLength = 30 * time.Minute
	// arenaSlots is how many slots the clients race for between two kills; few, so that they are in each other's way.
	arenaSlots  = 12
	arenaChairs = 4
)

// slot is one half hour of one chair.
type slot struct {
	chair string
	start time.Time
}

func (s slot) name() string { return slotName(s.chair, s.start) }

func slotName(chair string, start time.Time) string {
	return chair + "@" + start.UTC().Format("2006-01-02T15:04")
}

// living is a booking that was acknowledged and that, as far as is known, nobody cancels yet.
type living struct {
	slot    slot
	key, id string
}

// arena is the slots that are fought for now. It moves on with each kill, so that each slot's history stays short
// enough to be judged, and so that what was decided before a kill lies still and must survive all later ones.
type arena struct {
	name  string
	first time.Time

	mu    sync.Mutex
	round int
	alive []living
}

func newArena(name string, now time.Time) *arena { return &arena{name: name, first: rig.FirstDay(now)} }

// advance goes on to the next slots.
func (a *arena) advance() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.round++
	a.alive = nil
}

func (a *arena) pick(random *rand.Rand) slot {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := a.round*arenaSlots + random.IntN(arenaSlots)
	return slot{rig.ResourceID(i % arenaChairs), a.first.Add(time.Duration(i/arenaChairs) * slotLength)}
}

func (a *arena) add(l living) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.alive = append(a.alive, l)
}

// take returns a booking to cancel. Now and then it stays in the list, and two clients cancel it.
func (a *arena) take(random *rand.Rand) (living, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.alive) == 0 {
		return living{}, false
	}
	i := random.IntN(len(a.alive))
	l := a.alive[i]
	if random.IntN(10) > 0 {
		a.alive[i] = a.alive[len(a.alive)-1]
		a.alive = a.alive[:len(a.alive)-1]
	}
	return l, true
}

func (a *arena) peek(random *rand.Rand) (living, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.alive) == 0 {
		return living{}, false
	}
	return a.alive[random.IntN(len(a.alive))], true
}
