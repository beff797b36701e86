package shown

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
)

const (
	// TTL is how long what is taken is kept at most. It adds to the age of answers that are made of it.
	TTL = time.Second
	// maxRows bounds what is kept, in rows of each kind; a question whose answer has more is not kept.
	maxRows = 20_000
)

// Taken is a booking.Taken that reads another one, and remembers. It is safe for concurrent use.
type Taken struct {
	from     booking.Taken
	occupied memory[booking.Occupied]
	counted  memory[time.Time]
}

// New returns a Taken for one store under the cache's invalidations.
func New(from booking.Taken, invalidations *cache.Cache) *Taken {
	return &Taken{
		from:     from,
		occupied: memory[booking.Occupied]{invalidations: invalidations},
		counted:  memory[time.Time]{invalidations: invalidations},
	}
}

// Occupied implements booking.Taken.
func (t *Taken) Occupied(ctx context.Context, resourceIDs []string, within booking.Interval) ([]booking.Occupied, error) {
	whole, err := t.occupied.get(ctx, resourceIDs, within, t.from.Occupied)
	if err != nil {
		return nil, err
	}
	list := make([]booking.Occupied, 0, len(whole))
	for _, o := range whole {
		if o.Blocked.Start.Before(within.End) && within.Start.Before(o.Blocked.End) {
			list = append(list, o)
		}
	}
	return list, nil
}

// CountByStart implements booking.Taken.
func (t *Taken) CountByStart(ctx context.Context, resourceIDs []string, within booking.Interval) ([]time.Time, error) {
	whole, err := t.counted.get(ctx, resourceIDs, within, t.from.CountByStart)
	if err != nil {
		return nil, err
	}
	list := make([]time.Time, 0, len(whole))
	for _, start := range whole {
		if !start.Before(within.Start) && start.Before(within.End) {
			list = append(list, start)
		}
	}
	return list, nil
}

// memory keeps lists by the question. Nobody changes a list that is kept.
type memory[T any] struct {
	invalidations *cache.Cache
	mu            sync.RWMutex
	kept          map[string]kept[T]
	rows          int
}

type kept[T any] struct {
	list    []T
	stamp   uint64
	expires time.Time
}

type question[T any] func(ctx context.Context, resourceIDs []string, within booking.Interval) ([]T, error)

// get returns the answer for all of the days on which the interval lies.
func (m *memory[T]) get(ctx context.Context, resourceIDs []string, within booking.Interval, ask question[T]) ([]T, error) {
	if !within.Start.Before(within.End) {
		return nil, nil
	}
	stamp, valid := m.invalidations.Stamp(cache.GroupBookings)
	if !valid {
		return ask(ctx, resourceIDs, within)
	}
	days := wholeDays(within)
	key := strconv.FormatInt(days.Start.Unix(), 36) + " " + strconv.FormatInt(days.End.Unix(), 36) + " " + strings.Join(resourceIDs, " ")
	begun := time.Now()
	m.mu.RLock()
	known := m.kept[key]
	m.mu.RUnlock()
	if known.stamp == stamp && begun.Before(known.expires) {
		return known.list, nil
	}
	list, err := ask(ctx, resourceIDs, days)
	if err == nil {
		m.put(key, kept[T]{list, stamp, begun.Add(TTL)})
	}
	return list, err
}

// put keeps a list, and forgets all others when that makes too many rows: they would not be of use for long.
func (m *memory[T]) put(key string, k kept[T]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if replaced, found := m.kept[key]; found {
		m.rows -= weight(replaced)
		delete(m.kept, key)
	}
	if m.kept == nil || m.rows+weight(k) > maxRows {
		m.kept, m.rows = map[string]kept[T]{}, 0
	}
	if weight(k) <= maxRows {
		m.kept[key] = k
		m.rows += weight(k)
	}
}

// weight counts an empty list too: there may be very many of them.
func weight[T any](k kept[T]) int { return 1 + len(k.list) }

// wholeDays is the interval widened to days in UTC.
func wholeDays(within booking.Interval) booking.Interval {
	const day = 24 * time.Hour
	start, end := within.Start.UTC().Truncate(day), within.End.UTC().Truncate(day)
	if end.Before(within.End) {
		end = end.Add(day)
	}
	return booking.Interval{Start: start, End: end}
}
