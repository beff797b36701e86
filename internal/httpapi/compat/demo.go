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
	routeDemo = "POST /api/book-demo"
	// maxPreferred bounds the times that are tried.
	maxPreferred = 10
)

// DemoLead is who asks for a demo.
type DemoLead struct {
	_             struct{} `json:"-" additionalProperties:"true"`
	BusinessName  string   `json:"businessName,omitempty" maxLength:"120" example:"Miller Ltd"`
	DecisionMaker string   `json:"decisionMaker,omitempty" maxLength:"120" example:"Ann Miller"`
	Email         string   `json:"email,omitempty" maxLength:"254" example:"ann@example.com"`
	PhoneNumber   string   `json:"phoneNumber,omitempty" maxLength:"40" example:"+442079460123"`
}

// PreferredTime is a slot as available-slots gives it. StartDateTime is what counts.
type PreferredTime struct {
	_             struct{} `json:"-" additionalProperties:"true"`
	StartDateTime string   `json:"startDateTime" maxLength:"60" example:"2026-11-24T09:00:00.000Z"`
	EndDateTime   string   `json:"endDateTime,omitempty" maxLength:"60" example:"2026-11-24T10:00:00.000Z"`
	Date          string   `json:"date,omitempty" maxLength:"20" example:"24/11/2026"`
	StartTime     string   `json:"startTime,omitempty" maxLength:"20" example:"09:00"`
	EndTime       string   `json:"endTime,omitempty" maxLength:"20" example:"10:00"`
}

type demoInput struct {
	ClientKey
	IdempotencyKey
	Body struct {
		_              struct{}        `json:"-" additionalProperties:"true"`
		ClientKey      string          `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		Service        string          `json:"service,omitempty" maxLength:"120" doc:"Id or name of the service. Without it the one called demo, or the only one."`
		LeadData       *DemoLead       `json:"leadData,omitempty"`
		PreferredTimes []PreferredTime `json:"preferredTimes,omitempty" maxItems:"10" doc:"The first that is free is booked."`
		Name           string          `json:"name,omitempty" maxLength:"120" doc:"In the short form, instead of leadData." example:"Ann Miller"`
		Email          string          `json:"email,omitempty" maxLength:"254" doc:"In the short form." example:"ann@example.com"`
		Company        string          `json:"company,omitempty" maxLength:"120" doc:"In the short form." example:"Miller Ltd"`
		Phone          string          `json:"phone,omitempty" maxLength:"40" doc:"In the short form." example:"+442079460123"`
		SlotID         string          `json:"slotId,omitempty" maxLength:"60" doc:"In the short form, instead of preferredTimes: start of the slot." example:"2026-11-24T09:00:00.000Z"`
	}
}

func (in *demoInput) names() []string { return append(in.ClientKey.names(), in.Body.ClientKey) }

// lead is who asks, in whichever form.
func (in *demoInput) lead() DemoLead {
	if in.Body.LeadData != nil {
		return *in.Body.LeadData
	}
	return DemoLead{BusinessName: in.Body.Company, DecisionMaker: in.Body.Name, Email: in.Body.Email, PhoneNumber: in.Body.Phone}
}

// preferred are the wanted times, in whichever form.
func (in *demoInput) preferred() []PreferredTime {
	if len(in.Body.PreferredTimes) == 0 && in.Body.SlotID != "" {
		return []PreferredTime{{StartDateTime: in.Body.SlotID}}
	}
	return in.Body.PreferredTimes
}

// BookedDemo is the answer of book-demo.
type BookedDemo struct {
	Success bool        `json:"success" example:"true"`
	Booking DemoBooking `json:"booking"`
	Message string      `json:"message" example:"Booked for Tuesday 24 November 2026, 09:00 (Europe/London)."`
}

// DemoBooking is the booking that was made.
type DemoBooking struct {
	ID              string          `json:"id" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	Lead            DemoLead        `json:"lead"`
	Status          string          `json:"status" example:"confirmed"`
	CreatedAt       string          `json:"createdAt" example:"2026-11-20T14:03:11.000Z"`
	PreferredTimes  []PreferredTime `json:"preferredTimes"`
	ConfirmedTime   SlotTime        `json:"confirmedTime"`
	CalendarEventID *string         `json:"calendarEventId" doc:"Id in an outside calendar; null while there is none."`
}

func (p *paths) registerDemo() {
	register(p, operation{
		id: "book-demo", method: http.MethodPost, path: "/api/book-demo", scope: auth.ScopeBookingsWrite,
		summary: "Book a demo", description: "Books the first of the preferred times that is free. Use /api/v1/bookings.",
	}, p.bookDemo)
}

func (p *paths) bookDemo(ctx context.Context, in *demoInput) (*struct{ Body BookedDemo }, error) {
	current, lead, preferred := tenant.FromContext(ctx), in.lead(), in.preferred()
	name := in.Body.Service
	if _, found := current.Bookings.Catalog().Service("demo"); found && name == "" {
		name = "demo"
	}
	wanted, err := service(ctx, name)
	if err != nil {
		return nil, err
	}
	claim, err := p.Claim(ctx, in.Key, routeDemo)
	if err != nil {
		return nil, err
	}
	request := booking.Request{
		ServiceID: wanted.ID, Idempotency: claim, Notes: lead.BusinessName,
		Customer: EarlierLead{Name: first(lead.DecisionMaker, lead.BusinessName), Phone: lead.PhoneNumber, Email: lead.Email}.customer(),
	}
	made, err := p.firstFree(ctx, request, preferred)
	if err != nil {
		return nil, err
	}
	return &struct{ Body BookedDemo }{BookedDemo{
		Success: true,
		Booking: DemoBooking{
			ID: made.ID, Lead: lead, Status: string(made.Status), CreatedAt: isoTime(made.CreatedAt),
			PreferredTimes: preferred, ConfirmedTime: slotTime(made.Start, made.End, current.Location),
		},
		Message: "Booked for " + made.Start.In(current.Location).Format("Monday 2 January 2006, 15:04") + " (" + current.Location.String() + ").",
	}}, nil
}

// firstFree books the first time that can be had. When none can, the last refusal tells why, with alternatives.
func (p *paths) firstFree(ctx context.Context, request booking.Request, preferred []PreferredTime) (booking.Booking, error) {
	starts := make([]time.Time, min(len(preferred), maxPreferred))
	for i := range starts {
		var err error
		if starts[i], err = moment(ctx, "preferredTimes", preferred[i].StartDateTime); err != nil {
			return booking.Booking{}, err
		}
	}
	refusal := invalid("preferredTimes", "No time is named. Send at least one of the free slots.")
	for _, request.Start = range starts {
		made, err := p.book(ctx, request)
		if err == nil || !anotherTimeMayHelp(booking.CodeOf(err)) {
			return made, err
		}
		refusal = err
	}
	return booking.Booking{}, refusal
}

func anotherTimeMayHelp(code booking.Code) bool {
	switch code {
	case booking.CodeSlotTaken, booking.CodeOutsideHours, booking.CodeClosed, booking.CodeOffGrid, booking.CodeInThePast,
		booking.CodeTooSoon, booking.CodeTooFar, booking.CodeLimitReached:
		return true
	}
	return false
}
