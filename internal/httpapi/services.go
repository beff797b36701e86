package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Service is something that can be booked.
type Service struct {
	ID          string        `json:"id" example:"checkup"`
	Name        string        `json:"name" example:"Check-up"`
	Description string        `json:"description,omitempty" doc:"What the service is, in a sentence or two." example:"A look at teeth and gums."`
	Duration    string        `json:"duration" doc:"Length of an appointment." example:"30m"`
	Minutes     float64       `json:"minutes" doc:"The same in minutes." example:"30"`
	GroupSize   int           `json:"groupSize" doc:"How many people share one session; 1 for an ordinary appointment." example:"1"`
	Requires    []Requirement `json:"requires" doc:"What one booking occupies: one resource for each entry."`
}

// Requirement is met by any one of its resources.
type Requirement struct {
	AnyOf []ResourceRef `json:"anyOf"`
}

// Catalogue is what the business offers.
type Catalogue struct {
	Business string    `json:"business" doc:"The business's name." example:"Bright Smile Dental"`
	TimeZone string    `json:"timeZone" doc:"IANA zone of its opening hours." example:"Europe/London"`
	Services []Service `json:"services"`
}

func (a *api) registerServices() {
	register(a, operation{
		id: "list-services", method: http.MethodGet, path: "/api/v1/services", tag: tagCatalog,
		summary:     "List services",
		description: "Lists what can be booked, in the business's own order.",
		scope:       auth.ScopeBookingsRead, timeout: 5 * time.Second, answer: typeOf[Success[Catalogue]](),
		cached: &cacheability{kind: "services", ttl: catalogueTTL},
	}, listServices)
}

// catalogueTTL is long: the catalogue changes with the revision of the configuration only.
const catalogueTTL = 5 * time.Minute

type servicesInput struct{ IfNoneMatch }

func listServices(ctx context.Context, in *servicesInput) (*encoded, error) {
	return cached(ctx, in.IfNoneMatch, func(ctx context.Context, out []byte) ([]byte, error) {
		body, err := encode(succeed(catalogue(ctx)).Body)
		return append(out, body...), err
	})
}

func catalogue(ctx context.Context) Catalogue {
	current := tenant.FromContext(ctx)
	catalog := current.Bookings.Catalog()
	services := catalog.Services()
	views := make([]Service, len(services))
	for i, service := range services {
		views[i] = serviceView(service, catalog)
	}
	return Catalogue{
		Business: current.Document.Tenant.DisplayName, TimeZone: current.Document.Tenant.TimeZone, Services: views,
	}
}

func serviceView(service tenantconfig.Service, catalog *booking.Catalog) Service {
	view := Service{
		ID: service.ID, Name: service.Name, Description: service.Description,
		Duration: service.Duration.String(), Minutes: service.Duration.Std().Minutes(),
		GroupSize: service.GroupSize, Requires: make([]Requirement, len(service.Requires)),
	}
	for i, requirement := range service.Requires {
		refs := make([]ResourceRef, len(requirement.AnyOf))
		for j, id := range requirement.AnyOf {
			resource, _ := catalog.Resource(id)
			refs[j] = ResourceRef{ID: id, Name: resource.Name, Kind: resource.Kind}
		}
		view.Requires[i] = Requirement{AnyOf: refs}
	}
	return view
}
