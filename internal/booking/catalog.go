package booking

import (
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Catalog is a tenant's document made ready for questions: schedules compiled, identifiers resolved.
// It is immutable and safe for concurrent use.
type Catalog struct {
	document  *tenantconfig.Document
	location  *time.Location
	rules     *tenantconfig.Policy // the tenant's policy: every rule but the hours of single resources
	services  map[string]*offer
	resources map[string]tenantconfig.Resource
}

// offer is one service with what its questions need.
type offer struct {
	service tenantconfig.Service
	// plans has the way to book the service under "", and restricted to each resource under its id.
	plans map[string]*plan
}

// NewCatalog compiles a document. It accepts exactly the documents that Validate accepts, and keeps
// doc, which must not change afterwards.
func NewCatalog(doc *tenantconfig.Document) (*Catalog, error) {
	if err := doc.Validate(); err != nil {
		return nil, err
	}
	location, err := localtime.LoadZone(doc.Tenant.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("tenant.timeZone: %w", err)
	}
	c := &Catalog{
		document:  doc,
		location:  location,
		services:  make(map[string]*offer, len(doc.Services)),
		resources: make(map[string]tenantconfig.Resource, len(doc.Resources)),
	}
	policies, err := c.compilePolicies()
	if err != nil {
		return nil, err
	}
	for _, resource := range doc.Resources {
		c.resources[resource.ID] = resource
	}
	for _, service := range doc.Services {
		c.services[service.ID] = c.compileService(service, policies)
	}
	return c, nil
}

// Document returns the document that the catalog was made from. It must not be changed.
func (c *Catalog) Document() *tenantconfig.Document { return c.document }

// Location returns the tenant's time zone.
func (c *Catalog) Location() *time.Location { return c.location }

// Services returns the services in the document's order. The slice must not be changed.
func (c *Catalog) Services() []tenantconfig.Service { return c.document.Services }

// Service returns the service with the id.
func (c *Catalog) Service(id string) (tenantconfig.Service, bool) {
	offer, found := c.services[id]
	if !found {
		return tenantconfig.Service{}, false
	}
	return offer.service, true
}

// Resource returns the resource with the id.
func (c *Catalog) Resource(id string) (tenantconfig.Resource, bool) {
	resource, found := c.resources[id]
	return resource, found
}

// compilePolicies returns the engine's view of each policy by name: its own hours under the rules of
// the tenant's policy (docs/adr/0002-which-policy-applies.md).
func (c *Catalog) compilePolicies() (map[string]*availability.Policy, error) {
	for i := range c.document.Policies {
		if c.document.Policies[i].Name == c.document.DefaultPolicy {
			c.rules = &c.document.Policies[i]
		}
	}
	policies := make(map[string]*availability.Policy, len(c.document.Policies))
	for i := range c.document.Policies {
		policy := &c.document.Policies[i]
		schedule, err := policy.Schedule(c.location)
		if err != nil {
			return nil, fmt.Errorf("policies[%d] (%s): %w", i, policy.Name, err)
		}
		policies[policy.Name] = &availability.Policy{Schedule: schedule, Rules: compileRules(c.rules)}
	}
	return policies, nil
}

func compileRules(p *tenantconfig.Policy) availability.Rules {
	return availability.Rules{
		Grid: availability.Grid{
			Interval: p.Slots.Interval.Std(),
			Anchor:   availability.Anchor(p.Slots.Anchor),
		},
		MinimumNotice: p.Notice.Minimum.Std(),
		MaximumDays:   p.Notice.MaximumDays,
		BufferBefore:  p.Buffers.Before.Std(),
		BufferAfter:   p.Buffers.After.Std(),
		Limits: availability.Limits{
			PerDay:          p.Limits.PerDay,
			PerWeek:         p.Limits.PerWeek,
			OpenPerCustomer: p.Limits.OpenPerCustomer,
		},
	}
}
