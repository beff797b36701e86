package httpapi

import (
	"reflect"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Success is the body of every answer that is not an error.
type Success[T any] struct {
	OK   bool `json:"ok" doc:"Always true." example:"true"`
	Data T    `json:"data"`
}

// output is a successful answer without headers of its own.
type output[T any] struct{ Body Success[T] }

func succeed[T any](data T) *output[T] { return &output[T]{Body: Success[T]{OK: true, Data: data}} }

func typeOf[T any]() reflect.Type { return reflect.TypeFor[T]() }

// Slot is a start that can be booked.
type Slot struct {
	Start      time.Time `json:"start" doc:"Start, in the business's time zone." example:"2026-11-24T09:00:00+00:00"`
	End        time.Time `json:"end" doc:"End, in the business's time zone." example:"2026-11-24T09:30:00+00:00"`
	StartUTC   time.Time `json:"startUtc" doc:"Start, in UTC." example:"2026-11-24T09:00:00Z"`
	Resources  []string  `json:"resources" doc:"Ids of the people, rooms and equipment that are free then." example:"[\"dr-khan\"]"`
	PlacesLeft int       `json:"placesLeft" doc:"How many people can still join; 1 for an ordinary appointment." example:"1"`
}

func slotViews(slots []booking.Slot, location *time.Location) []Slot {
	views := make([]Slot, len(slots))
	for i, slot := range slots {
		views[i] = Slot{
			Start: slot.Start.In(location), End: slot.End.In(location), StartUTC: slot.Start.UTC(),
			Resources: freeResources(slot.Candidates), PlacesLeft: slot.PlacesLeft,
		}
	}
	return views
}

// freeResources lists the resources of the candidates, best first, each once.
func freeResources(candidates []booking.Assignment) []string {
	resources := []string{}
	for _, assignment := range candidates {
		for _, unit := range assignment {
			if !contains(resources, unit.ResourceID) {
				resources = append(resources, unit.ResourceID)
			}
		}
	}
	return resources
}

// contains is for the handful of resources of one slot, where a map would cost more.
func contains(list []string, text string) bool {
	for _, entry := range list {
		if entry == text {
			return true
		}
	}
	return false
}

// ServiceRef names a service.
type ServiceRef struct {
	ID   string `json:"id" example:"checkup"`
	Name string `json:"name" doc:"Empty when the service is no longer offered." example:"Check-up"`
}

// ResourceRef names a person, a room or a piece of equipment.
type ResourceRef struct {
	ID   string                    `json:"id" example:"dr-khan"`
	Name string                    `json:"name" doc:"Empty when the resource no longer exists." example:"Dr Khan"`
	Kind tenantconfig.ResourceKind `json:"kind,omitempty" enum:"Staff,Room,Equipment" example:"Staff"`
}

// Customer is the person a booking is for.
type Customer struct {
	ID    string `json:"id,omitempty" doc:"The customer's id; set by the service."`
	Name  string `json:"name" example:"Ann Miller"`
	Phone string `json:"phone,omitempty" doc:"In E.164 form." example:"+442079460123"`
	Email string `json:"email,omitempty" example:"ann@example.com"`
}

// Booking is one appointment of one customer.
type Booking struct {
	ID                 string         `json:"id" format:"uuid" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"`
	Status             booking.Status `json:"status" enum:"held,pending,confirmed,cancelled,completed,no_show,expired" example:"confirmed"`
	Service            ServiceRef     `json:"service"`
	Resources          []ResourceRef  `json:"resources" doc:"What the booking occupies."`
	Customer           Customer       `json:"customer"`
	Series             string         `json:"series,omitempty" format:"uuid" doc:"Id of the series that the booking was made in." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
	WaitlistEntry      string         `json:"waitlistEntry,omitempty" format:"uuid" doc:"Id of the entry of the waitlist that the booking was offered to." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c33"`
	Start              time.Time      `json:"start" doc:"Start, in the time zone it was promised in." example:"2026-11-24T09:00:00+00:00"`
	End                time.Time      `json:"end" example:"2026-11-24T09:30:00+00:00"`
	StartUTC           time.Time      `json:"startUtc" doc:"Start, in UTC." example:"2026-11-24T09:00:00Z"`
	EndUTC             time.Time      `json:"endUtc" example:"2026-11-24T09:30:00Z"`
	TimeZone           string         `json:"timeZone" doc:"IANA zone in which the start was promised." example:"Europe/London"`
	LocalStart         string         `json:"localStart" doc:"Wall-clock time that was promised." example:"2026-11-24T09:00"`
	GroupSize          int            `json:"groupSize" doc:"How many people share the session; 1 for an ordinary appointment." example:"1"`
	Place              int            `json:"place" doc:"This booking's place in the session, from 1." example:"1"`
	HoldExpiresAt      *time.Time     `json:"holdExpiresAt,omitempty" doc:"When a held booking lets its slot go, or an expired one did." example:"2026-11-20T14:08:11Z"`
	Notes              string         `json:"notes,omitempty" example:"First visit"`
	CustomFields       CustomFields   `json:"customFields,omitempty"`
	Channel            string         `json:"channel" doc:"How the booking came: api, web, voice or sms." example:"api"`
	CreatedAt          time.Time      `json:"createdAt" example:"2026-11-20T14:03:11Z"`
	UpdatedAt          time.Time      `json:"updatedAt" example:"2026-11-20T14:03:11Z"`
	Version            int            `json:"version" doc:"Counts changes, from 1." example:"1"`
	Reschedules        int            `json:"reschedules" doc:"How often the booking was moved." example:"0"`
	CancelledAt        *time.Time     `json:"cancelledAt,omitempty"`
	CancellationReason string         `json:"cancellationReason,omitempty"`
}

func bookingView(b booking.Booking, catalog *booking.Catalog) Booking {
	zone := promisedZone(b, catalog)
	service, _ := catalog.Service(b.ServiceID)
	return Booking{
		ID: b.ID, Status: b.Status, Series: b.SeriesID, WaitlistEntry: b.WaitlistEntryID,
		Service:   ServiceRef{ID: b.ServiceID, Name: service.Name},
		Resources: resourceRefs(b.Units, catalog),
		Customer:  Customer{ID: b.Customer.ID, Name: b.Customer.Name, Phone: b.Customer.Phone, Email: b.Customer.Email},
		Start:     b.Start.In(zone), End: b.End.In(zone), StartUTC: b.Start.UTC(), EndUTC: b.End.UTC(),
		TimeZone: b.TimeZone, LocalStart: b.LocalStart, GroupSize: b.GroupSize, Place: b.Place,
		HoldExpiresAt: optionalTime(b.HoldExpiresAt), Notes: b.Notes, CustomFields: b.CustomFields, Channel: b.Channel,
		CreatedAt: b.CreatedAt.UTC(), UpdatedAt: b.UpdatedAt.UTC(), Version: b.Version, Reschedules: b.Reschedules,
		CancelledAt: optionalTime(b.CancelledAt), CancellationReason: b.CancellationReason,
	}
}

// promisedZone is the zone that the booking was made in. It differs from the tenant's only if that moved since.
func promisedZone(b booking.Booking, catalog *booking.Catalog) *time.Location {
	if b.TimeZone != "" && b.TimeZone != catalog.Location().String() {
		if promised, err := time.LoadLocation(b.TimeZone); err == nil {
			return promised
		}
	}
	return catalog.Location()
}

func resourceRefs(units booking.Assignment, catalog *booking.Catalog) []ResourceRef {
	refs := make([]ResourceRef, len(units))
	for i, unit := range units {
		resource, _ := catalog.Resource(unit.ResourceID)
		refs[i] = ResourceRef{ID: unit.ResourceID, Name: resource.Name, Kind: resource.Kind}
	}
	return refs
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}
