package booking

import (
	"context"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// How far from a refused start alternatives are looked for: near first, and further when there are too few near.
var reaches = []time.Duration{2 * 24 * time.Hour, 7 * 24 * time.Hour, 31 * 24 * time.Hour}

// enough is the reach from which on a few alternatives are as good as many.
const enough = 7 * 24 * time.Hour

// alternatives returns the free slots nearest to the refused start, in order of time.
func (a *attempt) alternatives(ctx context.Context, reason availability.Reason) (slots []Slot, err error) {
	around := a.around(reason)
	for i, reach := range reaches {
		var known facts
		if i == 0 && a.near != nil && around.Equal(a.start) {
			known = *a.near
		} else if known, err = a.facts(ctx, later(around.Add(-reach), a.now), around.Add(reach)); err != nil {
			return nil, err
		}
		engine, err := newEngine(known.snapshot(a.service.catalog, a.plan, a.now))
		if err != nil {
			return nil, err
		}
		nearest, err := engine.Nearest(around, reach, MaxAlternatives)
		if err != nil {
			return nil, err
		}
		if len(nearest) == MaxAlternatives || len(nearest) > 0 && reach >= enough {
			return newSlots(engine, nearest), nil
		}
	}
	return nil, nil
}

// around is the instant near which to look: the start itself, or what comes nearest to it among the
// times at which bookings are taken at all.
func (a *attempt) around(reason availability.Reason) time.Time {
	switch {
	case reason.Code == availability.TooSoon, reason.Code == availability.TooFar:
		return reason.Bound
	case a.start.Before(a.now):
		return a.now
	default:
		return a.start
	}
}
