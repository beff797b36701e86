package rig

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Offer is one service of a Business.
type Offer struct {
	ID       string
	Duration time.Duration
}

// Business describes a tenant that is open day and night, so that every start on the grid can be booked and only
// bookings are in the way of bookings.
type Business struct {
	Resources int
	Interval  time.Duration
	Offers    []Offer
}

// ResourceID names a business's resources, from 0.
func ResourceID(i int) string { return fmt.Sprintf("chair-%d", i) }

// Days is how far ahead a Business takes bookings.
const Days = 700

// unlimited is a rate that no load of ours reaches: what is measured is the booking, not its limit.
const unlimited = 100_000_000

// Document is the tenant's document, without database and keys, which NewServer adds.
func (b Business) Document() *tenantconfig.Document {
	everyDay := []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	document := &tenantconfig.Document{
		Version: tenantconfig.Current(),
		Tenant:  tenantconfig.Tenant{Name: "rig", DisplayName: "The Rig", TimeZone: "Europe/London", Locale: "en-GB", Region: "GB"},
		Policies: []tenantconfig.Policy{{
			Name:         "always",
			Hours:        []tenantconfig.Hours{{Days: everyDay, Spans: []tenantconfig.Span{{From: 0, To: 24 * 60}}}},
			Slots:        tenantconfig.SlotGrid{Interval: tenantconfig.Duration(b.Interval), Anchor: tenantconfig.AnchorClock},
			Notice:       tenantconfig.Notice{MaximumDays: Days + 5},
			Holds:        tenantconfig.Holds{TTL: tenantconfig.Duration(5 * time.Minute)},
			Confirmation: tenantconfig.ConfirmAutomatic,
		}},
		DefaultPolicy: "always",
		Access:        tenantconfig.Access{RateLimit: tenantconfig.RateLimit{RequestsPerMinute: unlimited, Burst: unlimited}},
	}
	ids := make([]string, b.Resources)
	for i := range ids {
		ids[i] = ResourceID(i)
		document.Resources = append(document.Resources, tenantconfig.Resource{ID: ids[i], Kind: tenantconfig.ResourceEquipment, Name: ids[i], Capacity: 1})
	}
	for _, offer := range b.Offers {
		document.Services = append(document.Services, tenantconfig.Service{
			ID: offer.ID, Name: offer.ID, Duration: tenantconfig.Duration(offer.Duration), GroupSize: 1,
			Requires: []tenantconfig.Requirement{{AnyOf: ids}},
		})
	}
	return document
}

// FirstDay is the UTC midnight from which a Business's starts are counted: a few days ahead, so that it stays in
// the future.
func FirstDay(now time.Time) time.Time { return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 3) }
