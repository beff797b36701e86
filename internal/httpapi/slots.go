package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/shown"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// FreeSlots is the answer to a question for slots.
type FreeSlots struct {
	Service  ServiceRef `json:"service"`
	TimeZone string     `json:"timeZone" doc:"IANA zone of the business." example:"Europe/London"`
	Slots    []Slot     `json:"slots" doc:"What can be booked, in order of time."`
	More     bool       `json:"more" doc:"There are more slots in the window than the limit allows. Ask again from after the last start." example:"false"`
}

type slotsInput struct {
	IfNoneMatch
	Service  string `query:"service" required:"true" doc:"Id of the service." example:"checkup"`
	Resource string `query:"resource" doc:"Id of the one resource that is wanted; any without it." example:"dr-khan"`
	From     string `query:"from" doc:"Earliest start: a date or a time. Default: now." example:"2026-11-24"`
	To       string `query:"to" doc:"Latest start: a date (that whole day is included) or a time (excluded). Default: seven days after from." example:"2026-11-30"`
	Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"200" doc:"At most so many slots." example:"20"`
}

// slotsAge bounds how old slots can be. Each change of a booking makes them anew; time alone changes what is free too:
// notice runs out, and holds do.
const slotsAge = 5 * time.Second

// slotsTTL is how long slots are kept, which may be made of what was known a little before.
const slotsTTL = slotsAge - shown.TTL

func (a *api) registerSlots() {
	register(a, operation{
		id: "list-slots", method: http.MethodGet, path: "/api/v1/slots", tag: tagCatalog,
		summary: "Find free slots",
		description: "Lists the starts at which the service can be booked now. A slot that is listed can be taken by someone else before you book it. " +
			"The answer is at most five seconds old.",
		scope: auth.ScopeBookingsRead, timeout: 10 * time.Second, answer: typeOf[Success[FreeSlots]](),
		cached: &cacheability{kind: "slots", ttl: slotsTTL, groups: []string{cache.GroupBookings}},
	}, listSlots)
}

func listSlots(ctx context.Context, in *slotsInput) (*encoded, error) {
	return cached(ctx, in.IfNoneMatch, func(ctx context.Context, out []byte) ([]byte, error) {
		found, err := findSlots(ctx, in)
		if err != nil {
			return nil, err
		}
		return found.appendJSON(out), nil
	})
}

func findSlots(ctx context.Context, in *slotsInput) (*freeSlots, error) {
	current := tenant.FromContext(ctx)
	from, err := firstMoment("from", in.From, current.Location)
	if err != nil {
		return nil, err
	}
	to, err := lastMoment("to", in.To, current.Location)
	if err != nil {
		return nil, err
	}
	slots, err := current.Bookings.Slots(ctx, booking.SlotQuery{
		ServiceID: in.Service, ResourceID: in.Resource, From: from, To: to, Limit: in.Limit + 1, // one more tells whether there are more
		Taken: current.Shown,
	})
	if err != nil {
		return nil, err
	}
	more := len(slots) > in.Limit
	if more {
		slots = slots[:in.Limit]
	}
	service, _ := current.Bookings.Catalog().Service(in.Service)
	return &freeSlots{service: ServiceRef{ID: service.ID, Name: service.Name}, zone: current.Location, slots: slots, more: more}, nil
}
