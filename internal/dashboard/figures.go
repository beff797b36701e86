package dashboard

import (
	"context"
	"encoding/json"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// figures are what the page counts. They are of all bookings, however many of them the page lists.
type figures struct {
	// Day are those of the day, Week those of its week, from Monday.
	Day, Week booking.Figures
}

// figuresTTL bounds how old figures may become should a replica not hear of changes; each change of a booking ends them at once.
const figuresTTL = time.Minute

// figuresOn returns the figures of a local date. People leave the page open, and look at it all at once in the morning:
// they are counted once for all.
func figuresOn(ctx context.Context, current *tenant.Tenant, date localtime.Date) (figures, error) {
	key := cache.Key{
		Kind: "figures", Name: "dashboard-figures " + current.Revision + " " + date.String(),
		TTL: figuresTTL, Groups: []string{cache.GroupBookings},
	}
	kept, err := current.Cache.GetOrLoad(ctx, key, func(ctx context.Context) ([]byte, error) {
		counted, err := countFigures(ctx, current, date)
		if err != nil {
			return nil, err
		}
		return json.Marshal(counted)
	})
	if err != nil {
		return figures{}, err
	}
	var counted figures
	return counted, json.Unmarshal(kept, &counted)
}

func countFigures(ctx context.Context, current *tenant.Tenant, date localtime.Date) (counted figures, err error) {
	if counted.Day, err = current.Bookings.Figures(ctx, days(current.Location, date, 1)); err != nil {
		return figures{}, err
	}
	counted.Week, err = current.Bookings.Figures(ctx, days(current.Location, date.Monday(), 7))
	return counted, err
}

// days is the time of so many local dates. It is empty where the zone skipped them.
func days(zone *time.Location, first localtime.Date, count int) booking.Interval {
	return booking.Interval{
		Start: time.Unix(localtime.StartOfDay(zone, first), 0),
		End:   time.Unix(localtime.StartOfDay(zone, first+localtime.Date(count)), 0),
	}
}
