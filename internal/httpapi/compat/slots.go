package compat

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	// findDays and findSlots bound what find-slots answers, as they did.
	findDays  = 14
	findSlots = 30
)

// AvailableSlots is the answer of /api/available-slots.
type AvailableSlots struct {
	Success    bool       `json:"success" example:"true"`
	Slots      []SlotTime `json:"slots"`
	TotalSlots int        `json:"totalSlots" example:"40"`
}

// SlotTime is a slot as people read it, in the business's time zone, and as programs do.
type SlotTime struct {
	Date          string `json:"date" doc:"Day/month/year." example:"23/11/2026"`
	StartTime     string `json:"startTime" example:"09:00"`
	EndTime       string `json:"endTime" example:"10:00"`
	StartDateTime string `json:"startDateTime" example:"2026-11-23T09:00:00.000Z"`
	EndDateTime   string `json:"endDateTime" example:"2026-11-23T10:00:00.000Z"`
}

func slotTime(start, end time.Time, zone *time.Location) SlotTime {
	return SlotTime{
		Date: start.In(zone).Format("02/01/2006"), StartTime: start.In(zone).Format("15:04"), EndTime: end.In(zone).Format("15:04"),
		StartDateTime: isoTime(start), EndDateTime: isoTime(end),
	}
}

type availableInput struct {
	ClientKey
	Days    int    `query:"days" minimum:"1" maximum:"62" default:"7" doc:"How many days ahead." example:"7"`
	Service string `query:"service" maxLength:"120" doc:"Id or name of the service. Needed where there are several." example:"checkup"`
}

// FoundSlots is the answer of find-slots.
type FoundSlots struct {
	OK     bool        `json:"ok" example:"true"`
	Slots  []FoundSlot `json:"slots" doc:"At most 30."`
	Params FindParams  `json:"params"`
}

// FoundSlot is a slot with its time zone.
type FoundSlot struct {
	Start    string `json:"start" example:"2026-11-23T09:00:00.000Z"`
	End      string `json:"end" doc:"End of the appointment, without buffers." example:"2026-11-23T09:30:00.000Z"`
	TimeZone string `json:"timezone" example:"Europe/London"`
}

// FindParams is what was looked for.
type FindParams struct {
	DurationMin float64 `json:"durationMin" example:"30"`
	BufferMin   float64 `json:"bufferMin" doc:"Blocked after each booking." example:"0"`
	StepMinutes float64 `json:"stepMinutes" doc:"Time between two starts." example:"30"`
}

type findInput struct {
	ClientKey
	Body struct {
		_           struct{} `json:"-" additionalProperties:"true"`
		ClientKey   string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		Service     string   `json:"service,omitempty" maxLength:"120" doc:"Id or name of the service. Needed where there are several." example:"checkup"`
		DurationMin float64  `json:"durationMin,omitempty" minimum:"0" doc:"If given, it must be that of the service." example:"30"`
		StepMinutes float64  `json:"stepMinutes,omitempty" minimum:"0" maximum:"1440" doc:"Least time between two starts; the grid of the business decides where they are." example:"30"`
	}
}

func (in *findInput) names() []string { return append(in.ClientKey.names(), in.Body.ClientKey) }

func (p *paths) registerSlots() {
	register(p, operation{
		id: "available-slots", method: http.MethodGet, path: "/api/available-slots", scope: auth.ScopeBookingsRead,
		summary: "Free slots of the next days", description: "Use /api/v1/slots.",
	}, p.availableSlots)
	register(p, operation{
		id: "find-slots", method: http.MethodPost, path: "/api/calendar/find-slots", scope: auth.ScopeBookingsRead,
		summary: "Free slots of the next two weeks", description: "Use /api/v1/slots.",
	}, p.findSlots)
}

func (p *paths) availableSlots(ctx context.Context, in *availableInput) (*struct{ Body AvailableSlots }, error) {
	wanted, err := service(ctx, in.Service)
	if err != nil {
		return nil, err
	}
	current, now := tenant.FromContext(ctx), p.Clock()
	slots, err := current.Bookings.Slots(ctx, booking.SlotQuery{ServiceID: wanted.ID, From: now, To: now.Add(time.Duration(in.Days) * 24 * time.Hour)})
	if err != nil {
		return nil, err
	}
	out := AvailableSlots{Success: true, Slots: make([]SlotTime, len(slots)), TotalSlots: len(slots)}
	for i, slot := range slots {
		out.Slots[i] = slotTime(slot.Start, slot.End, current.Location)
	}
	return &struct{ Body AvailableSlots }{out}, nil
}

func (p *paths) findSlots(ctx context.Context, in *findInput) (*struct{ Body FoundSlots }, error) {
	wanted, err := service(ctx, in.Body.Service)
	if err == nil {
		err = checkMinutes(wanted, in.Body.DurationMin)
	}
	if err != nil {
		return nil, err
	}
	current, now, policy := tenant.FromContext(ctx), p.Clock(), rules(ctx)
	slots, err := current.Bookings.Slots(ctx, booking.SlotQuery{ServiceID: wanted.ID, From: now, To: now.Add(findDays * 24 * time.Hour)})
	if err != nil {
		return nil, err
	}
	step := max(policy.Slots.Interval.Std(), time.Duration(in.Body.StepMinutes*float64(time.Minute)))
	out := FoundSlots{OK: true, Slots: []FoundSlot{}, Params: FindParams{
		DurationMin: minutes(wanted.Duration), BufferMin: minutes(policy.Buffers.After), StepMinutes: step.Minutes(),
	}}
	var last time.Time
	for _, slot := range slots {
		if len(out.Slots) == findSlots {
			break
		}
		if last.IsZero() || slot.Start.Sub(last) >= step {
			last = slot.Start
			out.Slots = append(out.Slots, FoundSlot{Start: isoTime(slot.Start), End: isoTime(slot.End), TimeZone: current.Location.String()})
		}
	}
	return &struct{ Body FoundSlots }{out}, nil
}
