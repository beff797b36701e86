package compat

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	routeAppointmentCancel     = "POST /api/appointments/{clientKey}/{id}/cancel"
	routeAppointmentReschedule = "POST /api/appointments/{clientKey}/{id}/reschedule"
	// maxSearched bounds the bookings that a look-up by name or address reads.
	maxSearched = 5000
	// maxListed bounds the appointments of one answer.
	maxListed = 100
)

// Appointment is a booking as the earlier system showed it.
type Appointment struct {
	ID                 string              `json:"id" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	AppointmentID      string              `json:"appointmentId" doc:"The same." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	ClientKey          string              `json:"clientKey" example:"bright-smile"`
	LeadID             string              `json:"leadId" doc:"Id of the customer." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c12"`
	GCalEventID        *string             `json:"gcalEventId" doc:"Id in an outside calendar; null while there is none."`
	StartTime          string              `json:"startTime" example:"2026-11-24T09:00:00.000Z"`
	EndTime            string              `json:"endTime" example:"2026-11-24T09:30:00.000Z"`
	Status             string              `json:"status" example:"confirmed"`
	CancelledAt        *string             `json:"cancelledAt"`
	CancellationReason *string             `json:"cancellationReason"`
	RescheduledFromID  *string             `json:"rescheduledFromId" doc:"Always null: a booking keeps its id when it is moved."`
	CreatedAt          string              `json:"createdAt" example:"2026-11-20T14:03:11.000Z"`
	Customer           AppointmentCustomer `json:"customer"`
}

// AppointmentCustomer is who an appointment is for.
type AppointmentCustomer struct {
	Name    string  `json:"name" example:"Ann Miller"`
	Phone   *string `json:"phone" example:"+442079460123"`
	Email   *string `json:"email" example:"ann@example.com"`
	Service string  `json:"service" doc:"Name of the service." example:"Check-up"`
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func appointment(ctx context.Context, b booking.Booking) Appointment {
	current := tenant.FromContext(ctx)
	name := b.ServiceID
	if offered, found := current.Bookings.Catalog().Service(b.ServiceID); found {
		name = offered.Name
	}
	return Appointment{
		ID: b.ID, AppointmentID: b.ID, ClientKey: current.Document.Tenant.Name, LeadID: b.Customer.ID,
		StartTime: isoTime(b.Start), EndTime: isoTime(b.End), Status: string(b.Status),
		CancelledAt: isoOrNull(b.CancelledAt), CancellationReason: orNull(b.CancellationReason), CreatedAt: isoTime(b.CreatedAt),
		Customer: AppointmentCustomer{Name: b.Customer.Name, Phone: orNull(b.Customer.Phone), Email: orNull(b.Customer.Email), Service: name},
	}
}

// AppointmentFound is the answer about one appointment.
type AppointmentFound struct {
	Success             bool        `json:"success" example:"true"`
	Appointment         Appointment `json:"appointment"`
	AlternativesOffered *bool       `json:"alternativesOffered,omitempty" doc:"After cancel: whether there are alternatives beside it."`
	Alternatives        []FoundSlot `json:"alternatives,omitempty" doc:"Free slots of the same service, if they were asked for."`
}

// Appointments is the answer about several.
type Appointments struct {
	Success      bool          `json:"success" example:"true"`
	Count        int           `json:"count" example:"1"`
	Appointments []Appointment `json:"appointments" doc:"In the order of their start; at most 100."`
}

// OfClient is the business in the path. (Exported for huma.)
type OfClient struct {
	ClientKey
	InPath string `path:"clientKey" maxLength:"120" doc:"Name of the business." example:"bright-smile"`
}

func (o *OfClient) names() []string { return append(o.ClientKey.names(), o.InPath) }

type lookupInput struct {
	OfClient
	Phone         string `query:"phone" maxLength:"40" doc:"Phone number of the customer." example:"+442079460123"`
	Name          string `query:"name" maxLength:"120" doc:"Part of the customer's name." example:"miller"`
	Email         string `query:"email" maxLength:"254" doc:"E-mail address of the customer." example:"ann@example.com"`
	AppointmentID string `query:"appointmentId" maxLength:"120" doc:"Id of the booking."`
	Status        string `query:"status" enum:"held,pending,confirmed,cancelled,completed,no_show" doc:"Only this status." example:"confirmed"`
}

type upcomingInput struct {
	OfClient
	Phone string `query:"phone" required:"true" minLength:"1" maxLength:"40" doc:"Phone number of the customer." example:"+442079460123"`
}

type appointmentInput struct {
	OfClient
	ID string `path:"id" maxLength:"120" doc:"Id of the booking." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
}

type appointmentRescheduleInput struct {
	OfClient
	IdempotencyKey
	ID   string `path:"id" maxLength:"120" doc:"Id of the booking." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	Body struct {
		_          struct{} `json:"-" additionalProperties:"true"`
		ClientKey  string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		NewTime    string   `json:"newTime" maxLength:"60" doc:"New start." example:"2026-11-25T09:00:00Z"`
		NewEndTime string   `json:"newEndTime,omitempty" maxLength:"60" doc:"Not needed: the service has its length."`
	}
}

func (in *appointmentRescheduleInput) names() []string {
	return append(in.OfClient.names(), in.Body.ClientKey)
}

type appointmentCancelInput struct {
	OfClient
	IdempotencyKey
	ID   string `path:"id" maxLength:"120" doc:"Id of the booking." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	Body struct {
		_                 struct{} `json:"-" additionalProperties:"true"`
		ClientKey         string   `json:"clientKey,omitempty" maxLength:"120" doc:"Name of the business."`
		Reason            string   `json:"reason,omitempty" maxLength:"500" example:"Fell ill"`
		OfferAlternatives bool     `json:"offerAlternatives,omitempty" doc:"Answer with free slots of the same service."`
	}
}

func (in *appointmentCancelInput) names() []string {
	return append(in.OfClient.names(), in.Body.ClientKey)
}

func (p *paths) registerAppointments() {
	register(p, operation{
		id: "lookup-appointments", method: http.MethodGet, path: "/api/appointments/{clientKey}/lookup", scope: auth.ScopeBookingsRead,
		summary: "Find appointments", description: "By phone, name, e-mail or id: at least one. Use /api/v1/bookings.",
	}, p.lookup)
	register(p, operation{
		id: "upcoming-appointments", method: http.MethodGet, path: "/api/appointments/{clientKey}/upcoming", scope: auth.ScopeBookingsRead,
		summary: "A customer's next appointments", description: "Use /api/v1/bookings.",
	}, p.upcoming)
	register(p, operation{
		id: "get-appointment", method: http.MethodGet, path: "/api/appointments/{clientKey}/{id}", scope: auth.ScopeBookingsRead,
		summary: "Read an appointment", description: "Use /api/v1/bookings/{id}.",
	}, func(ctx context.Context, in *appointmentInput) (*struct{ Body AppointmentFound }, error) {
		b, err := tenant.FromContext(ctx).Bookings.Get(ctx, in.ID)
		return foundAppointment(ctx, b, err)
	})
	register(p, operation{
		id: "reschedule-appointment", method: http.MethodPost, path: "/api/appointments/{clientKey}/{id}/reschedule", scope: auth.ScopeBookingsWrite,
		summary: "Move an appointment", description: "Use /api/v1/bookings/{id}/reschedule.",
	}, func(ctx context.Context, in *appointmentRescheduleInput) (*struct{ Body AppointmentFound }, error) {
		b, err := p.reschedule(ctx, in.Key, routeAppointmentReschedule, in.ID, in.Body.NewTime, "newTime")
		return foundAppointment(ctx, b, err)
	})
	register(p, operation{
		id: "cancel-appointment", method: http.MethodPost, path: "/api/appointments/{clientKey}/{id}/cancel", scope: auth.ScopeBookingsWrite,
		summary: "Cancel an appointment", description: "Use /api/v1/bookings/{id}/cancel.",
	}, p.cancelAppointment)
}

func foundAppointment(ctx context.Context, b booking.Booking, err error) (*struct{ Body AppointmentFound }, error) {
	if err != nil {
		return nil, err
	}
	return &struct{ Body AppointmentFound }{AppointmentFound{Success: true, Appointment: appointment(ctx, b)}}, nil
}

func foundAppointments(ctx context.Context, list []booking.Booking) *struct{ Body Appointments } {
	out := Appointments{Success: true, Count: len(list), Appointments: make([]Appointment, len(list))}
	for i, b := range list {
		out.Appointments[i] = appointment(ctx, b)
	}
	return &struct{ Body Appointments }{out}
}

// matches says whether a booking is one that is looked for, but for its phone number, which the listing filters.
func (in *lookupInput) matches(b booking.Booking) bool {
	return (in.Name == "" || strings.Contains(strings.ToLower(b.Customer.Name), strings.ToLower(in.Name))) &&
		(in.Email == "" || strings.EqualFold(b.Customer.Email, in.Email)) &&
		(in.Status == "" || string(b.Status) == in.Status)
}

func (p *paths) lookup(ctx context.Context, in *lookupInput) (*struct{ Body Appointments }, error) {
	if in.Phone == "" && in.Name == "" && in.Email == "" && in.AppointmentID == "" {
		return nil, invalid("phone", "There is nothing to look for. Send phone, name, email or appointmentId.")
	}
	if in.AppointmentID != "" {
		b, err := tenant.FromContext(ctx).Bookings.Get(ctx, in.AppointmentID)
		switch {
		case booking.CodeOf(err) == booking.CodeNotFound || err == nil && !in.matches(b):
			return foundAppointments(ctx, nil), nil
		case err != nil:
			return nil, err
		}
		return foundAppointments(ctx, []booking.Booking{b}), nil
	}
	filter := booking.Filter{Phone: in.Phone, Limit: booking.MaxPageSize}
	if in.Status != "" {
		filter.Statuses = []booking.Status{booking.Status(in.Status)}
	}
	list, err := search(ctx, filter, in.matches)
	if err != nil {
		return nil, err
	}
	return foundAppointments(ctx, list), nil
}

// search reads page after page. What would take too long is refused rather than answered in part.
func search(ctx context.Context, filter booking.Filter, matches func(booking.Booking) bool) ([]booking.Booking, error) {
	var found []booking.Booking
	for read := 0; ; {
		page, next, more, err := tenant.FromContext(ctx).Bookings.List(ctx, filter)
		if err != nil {
			return nil, err
		}
		found = append(found, slices.DeleteFunc(page, func(b booking.Booking) bool { return !matches(b) })...)
		read += filter.Limit
		if len(found) >= maxListed {
			return found[:maxListed], nil
		}
		if !more {
			return found, nil
		}
		if read >= maxSearched {
			return nil, invalid("phone", "There are too many bookings to search by name or e-mail. Send the phone number or the appointmentId.")
		}
		filter.After = next
	}
}

func (p *paths) upcoming(ctx context.Context, in *upcomingInput) (*struct{ Body Appointments }, error) {
	list, _, _, err := tenant.FromContext(ctx).Bookings.List(ctx, booking.Filter{
		Phone: in.Phone, From: p.Clock(), Limit: maxListed, Statuses: []booking.Status{booking.StatusPending, booking.StatusConfirmed},
	})
	if err != nil {
		return nil, err
	}
	return foundAppointments(ctx, list), nil
}

func (p *paths) cancelAppointment(ctx context.Context, in *appointmentCancelInput) (*struct{ Body AppointmentFound }, error) {
	b, err := p.cancel(ctx, in.Key, routeAppointmentCancel, in.ID, in.Body.Reason)
	out, err := foundAppointment(ctx, b, err)
	if err != nil {
		return nil, err
	}
	if in.Body.OfferAlternatives {
		current := tenant.FromContext(ctx)
		// A courtesy: the appointment is cancelled, whatever becomes of this.
		slots, err := current.Bookings.Slots(ctx, booking.SlotQuery{ServiceID: b.ServiceID, Limit: booking.MaxAlternatives})
		if err == nil {
			for _, slot := range slots {
				out.Body.Alternatives = append(out.Body.Alternatives,
					FoundSlot{Start: isoTime(slot.Start), End: isoTime(slot.End), TimeZone: current.Location.String()})
			}
		}
	}
	offered := len(out.Body.Alternatives) > 0
	out.Body.AlternativesOffered = &offered
	return out, nil
}
