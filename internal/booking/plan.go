package booking

import (
	"slices"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// plan is one way to book a service: its requirements, perhaps narrowed to one resource, and the
// resources that could meet them. It is shared by all questions and never changed.
type plan struct {
	id          string // of the service
	service     availability.Service
	resources   []availability.Resource // without anything that occupies them
	resourceIDs []string
	group       bool
}

func (c *Catalog) compileService(service tenantconfig.Service, policies map[string]*availability.Policy) *offer {
	requires := make([]availability.Requirement, len(service.Requires))
	named := map[string]bool{}
	for i, requirement := range service.Requires {
		requires[i].AnyOf = requirement.AnyOf
		for _, id := range requirement.AnyOf {
			named[id] = true
		}
	}
	o := &offer{service: service, plans: map[string]*plan{"": c.newPlan(service, requires, policies)}}
	for id := range named {
		o.plans[id] = c.newPlan(service, narrow(requires, id), policies)
	}
	return o
}

// narrow restricts the requirements so that the resource takes part. Where several list it, the one
// with the fewest others is narrowed, which leaves the most ways to meet the rest.
func narrow(requires []availability.Requirement, resourceID string) []availability.Requirement {
	best := -1
	for i, requirement := range requires {
		if slices.Contains(requirement.AnyOf, resourceID) &&
			(best < 0 || len(requirement.AnyOf) < len(requires[best].AnyOf)) {
			best = i
		}
	}
	narrowed := slices.Clone(requires)
	narrowed[best].AnyOf = []string{resourceID}
	return narrowed
}

func (c *Catalog) newPlan(service tenantconfig.Service, requires []availability.Requirement, policies map[string]*availability.Policy) *plan {
	p := &plan{
		id: service.ID,
		service: availability.Service{
			Duration:  service.Duration.Std(),
			Requires:  requires,
			GroupSize: service.GroupSize,
		},
		group: service.GroupSize > 1,
	}
	for _, requirement := range requires {
		p.resourceIDs = append(p.resourceIDs, requirement.AnyOf...)
	}
	slices.Sort(p.resourceIDs)
	p.resourceIDs = slices.Compact(p.resourceIDs)
	for _, id := range p.resourceIDs {
		resource := c.resources[id]
		policy := resource.Policy
		if policy == "" {
			policy = c.document.DefaultPolicy
		}
		p.resources = append(p.resources, availability.Resource{ID: id, Units: resource.Capacity, Policy: policies[policy]})
	}
	return p
}

// plan finds the way to book a service, restricted to one resource unless resourceID is empty. The
// error is an *Error.
func (c *Catalog) plan(serviceID, resourceID string) (*offer, *plan, error) {
	o, found := c.services[serviceID]
	if !found {
		return nil, nil, Errorf(CodeUnknownService, "There is no service %q. Choose one from the list of services.", clip(serviceID)).WithField("service")
	}
	if p, found := o.plans[resourceID]; found {
		return o, p, nil
	}
	if resource, found := c.resources[resourceID]; found {
		return nil, nil, Errorf(CodeUnknownResource, "%s is not available with %s. Choose one that this service lists, or leave it out to take whoever is free.",
			o.service.Name, resource.Name).WithField("resource")
	}
	return nil, nil, Errorf(CodeUnknownResource, "There is no staff member, room or equipment %q. Choose one that the service lists, or leave it out to take whoever is free.",
		clip(resourceID)).WithField("resource")
}
