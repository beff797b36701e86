package compat

import (
	"context"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// CheckBook is the documented request of check-book, and the other names that clients send.
type CheckBook struct {
	_             struct{} `json:"-" additionalProperties:"true"`
	ClientKey     string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business." example:"bright-smile"`
	LeadPhone     string   `json:"leadPhone,omitempty" maxLength:"40" example:"+442079460123"`
	PreferredTime string   `json:"preferredTime,omitempty" maxLength:"60" doc:"Start: a time with its offset, or one in the business's time zone." example:"2026-11-24T09:00:00Z"`
	Duration      float64  `json:"duration,omitempty" minimum:"0" doc:"Minutes. If given, it must be that of the service." example:"30"`
	Service       string   `json:"service,omitempty" maxLength:"120" doc:"Id or name of the service. Needed where there are several." example:"checkup"`

	DurationMin     float64      `json:"durationMin,omitempty" minimum:"0" doc:"The same as duration."`
	DurationMinutes float64      `json:"durationMinutes,omitempty" minimum:"0" doc:"The same as duration."`
	Date            string       `json:"date,omitempty" maxLength:"20" doc:"With time, the same as preferredTime." example:"2026-11-24"`
	Time            string       `json:"time,omitempty" maxLength:"20" doc:"With date, the same as preferredTime." example:"09:00"`
	Start           string       `json:"start,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	StartTime       string       `json:"startTime,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	StartISO        string       `json:"startISO,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	StartPref       string       `json:"startPref,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	PreferredStart  string       `json:"preferredStart,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	RequestedStart  string       `json:"requestedStart,omitempty" maxLength:"60" doc:"The same as preferredTime."`
	Slot            *CheckedSlot `json:"slot,omitempty" doc:"One of the slots that find-slots gave."`
	CustomerName    string       `json:"customerName,omitempty" maxLength:"120" doc:"Name of the customer. Without one the customer is called by the number." example:"Ann Miller"`
	Lead            EarlierLead  `json:"lead,omitzero" doc:"The customer."`
}

// CheckedSlot is when an appointment is.
type CheckedSlot struct {
	_        struct{} `json:"-" additionalProperties:"true"`
	Start    string   `json:"start,omitempty" example:"2026-11-24T09:00:00.000Z"`
	End      string   `json:"end,omitempty" example:"2026-11-24T09:30:00.000Z"`
	TimeZone string   `json:"timezone,omitempty" example:"Europe/London"`
}

// CheckedBook is the answer of check-book: the documented properties, and those that it sent besides.
type CheckedBook struct {
	OK          bool               `json:"ok" example:"true"`
	Booked      bool               `json:"booked" example:"true"`
	Appointment CheckedAppointment `json:"appointment"`
	SMSSent     bool               `json:"smsSent" doc:"Whether a confirmation was sent before this answer." example:"false"`

	Slot   CheckedSlot   `json:"slot"`
	Google CheckedGoogle `json:"google"`
	SMS    *string       `json:"sms" doc:"Id of the confirmation that was sent; null while there is none."`
	Tenant string        `json:"tenant" example:"bright-smile"`
}

// CheckedAppointment is the booking that was made.
type CheckedAppointment struct {
	ID          string  `json:"id" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	GCalEventID *string `json:"gcal_event_id" doc:"Id in an outside calendar; null while there is none."`
	StartISO    string  `json:"start_iso" example:"2026-11-24T09:00:00.000Z"`
	EndISO      string  `json:"end_iso" example:"2026-11-24T09:30:00.000Z"`
	Status      string  `json:"status" example:"confirmed"`
}

// CheckedGoogle says what became of an outside calendar.
type CheckedGoogle struct {
	Skipped bool `json:"skipped" doc:"No event was made in an outside calendar." example:"true"`
}

type checkBookInput struct {
	ClientKey
	IdempotencyKey
	Body CheckBook
}

func (in *checkBookInput) names() []string { return append(in.ClientKey.names(), in.Body.ClientKey) }

// start is the wanted start under whichever name it came.
func (b CheckBook) start() string {
	slot, dated := "", ""
	if b.Slot != nil {
		slot = b.Slot.Start
	}
	if b.Date != "" && b.Time != "" {
		dated = b.Date + " " + b.Time
	}
	return first(b.PreferredTime, slot, b.Start, b.StartTime, b.StartISO, dated, b.StartPref, b.PreferredStart, b.RequestedStart)
}

func (p *paths) checkBook(ctx context.Context, in *checkBookInput) (*struct{ Body CheckedBook }, error) {
	body := in.Body
	wanted, err := service(ctx, body.Service)
	if err == nil {
		err = checkMinutes(wanted, body.Duration, body.DurationMin, body.DurationMinutes)
	}
	if err != nil {
		return nil, err
	}
	start, err := moment(ctx, "preferredTime", body.start())
	if err != nil {
		return nil, err
	}
	claim, err := p.Claim(ctx, in.Key, routeCheckBook)
	if err != nil {
		return nil, err
	}
	lead := EarlierLead{Name: first(body.CustomerName, body.Lead.Name), Phone: first(body.LeadPhone, body.Lead.Phone), Email: body.Lead.Email}
	made, err := p.book(ctx, booking.Request{ServiceID: wanted.ID, Start: start, Customer: lead.customer(), Idempotency: claim})
	if err != nil {
		return nil, err
	}
	current := tenant.FromContext(ctx)
	return &struct{ Body CheckedBook }{CheckedBook{
		OK: true, Booked: true,
		Appointment: CheckedAppointment{ID: made.ID, StartISO: isoTime(made.Start), EndISO: isoTime(made.End), Status: string(made.Status)},
		Slot:        CheckedSlot{Start: isoTime(made.Start), End: isoTime(made.End), TimeZone: current.Location.String()},
		Google:      CheckedGoogle{Skipped: true},
		Tenant:      current.Document.Tenant.Name,
	}}, nil
}
