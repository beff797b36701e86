package document

import (
	"fmt"
	"path"

	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Keys of a tenant's bundle, besides tenantconfig.DocumentKey.
const (
	DatabaseURLKey tenantconfig.SecretKey = "database-url"
	RedisURLKey    tenantconfig.SecretKey = "redis-url"
	SessionKey     tenantconfig.SecretKey = "session-key"
	StatusTokenKey tenantconfig.SecretKey = "status-token"
)

// DataFolder is where the tenant's volume is mounted.
const DataFolder = "/data"

// SQLiteFile is the database of engine SQLite on it.
const SQLiteFile = DataFolder + "/frontdesk.db"

// Input is everything that a document is made of.
type Input struct {
	Tenant *v1alpha1.Tenant
	// Policies by name. One that the tenant names and that is missing here is a fault.
	Policies map[string]*v1alpha1.BookingPolicy
	// URL is where the tenant is reached from outside; empty when it is not.
	URL string
	// Keys that may call the API from the start.
	Keys []tenantconfig.APIKey
}

// Render makes the document, in the newest version, or says everything that is wrong with the objects.
func Render(in Input) (*tenantconfig.Document, []Fault) {
	c := &converter{}
	spec := in.Tenant.Spec
	doc := &tenantconfig.Document{
		Version: tenantconfig.Current(),
		Tenant: tenantconfig.Tenant{
			Namespace:   in.Tenant.Namespace,
			Name:        in.Tenant.Name,
			DisplayName: string(spec.DisplayName),
			TimeZone:    string(spec.TimeZone),
			Locale:      spec.Locale,
			Region:      string(spec.Region),
			URL:         in.URL,
		},
		DefaultPolicy: string(spec.BookingPolicyRef.Name),
		Resources:     resources(spec.Resources),
		Services:      c.services(spec.Services),
		Database:      database(spec.Database),
		Access:        access(spec.Access, in.Keys),
	}
	if spec.Contact != nil {
		doc.Tenant.Contact = tenantconfig.Contact{Email: string(spec.Contact.Email), Phone: string(spec.Contact.Phone)}
	}
	if spec.Cache != nil {
		doc.Cache.RedisURLKey = RedisURLKey
	}
	missing := missingPolicies(in)
	for _, name := range in.Tenant.BookingPolicyNames() {
		policy := in.Policies[name]
		if policy == nil {
			continue
		}
		converted, faults := convertPolicy(policy)
		c.faults = append(c.faults, faults...)
		doc.Policies = append(doc.Policies, converted)
	}
	// What Validate would say of values that could not be read, or of policies that are not there,
	// is said better already.
	if faults := append(missing, c.faults...); len(faults) > 0 {
		return nil, faults
	}
	if err := doc.Validate(); err != nil {
		return nil, translate(err, doc)
	}
	return doc, nil
}

func missingPolicies(in Input) []Fault {
	var faults []Fault
	check := func(field string, name v1alpha1.ObjectName) {
		if in.Policies[string(name)] == nil {
			faults = append(faults, Fault{
				Reason: v1alpha1.ReasonBookingPolicyNotFound, Field: field,
				Message: fmt.Sprintf("there is no BookingPolicy %q in namespace %s: create it or name another", name, in.Tenant.Namespace),
			})
		}
	}
	check("spec.bookingPolicyRef.name", in.Tenant.Spec.BookingPolicyRef.Name)
	for i, resource := range in.Tenant.Spec.Resources {
		if resource.BookingPolicyRef != nil {
			check(fmt.Sprintf("spec.resources[%d].bookingPolicyRef.name", i), resource.BookingPolicyRef.Name)
		}
	}
	return faults
}

func resources(resources []v1alpha1.Resource) []tenantconfig.Resource {
	var out []tenantconfig.Resource
	for _, r := range resources {
		resource := tenantconfig.Resource{
			ID:         string(r.ID),
			Kind:       tenantconfig.ResourceKind(r.Kind),
			Name:       string(r.Name),
			Capacity:   int(r.Capacity),
			CalendarID: r.CalendarID,
		}
		if r.BookingPolicyRef != nil {
			resource.Policy = string(r.BookingPolicyRef.Name)
		}
		out = append(out, resource)
	}
	return out
}

func (c *converter) services(services []v1alpha1.Service) []tenantconfig.Service {
	var out []tenantconfig.Service
	for i, s := range services {
		service := tenantconfig.Service{
			ID:          string(s.ID),
			Name:        string(s.Name),
			Description: s.Description,
			Duration:    c.duration(fmt.Sprintf("spec.services[%d].duration", i), s.Duration),
			GroupSize:   int(s.GroupSize),
		}
		for _, requirement := range s.Requires {
			anyOf := make([]string, len(requirement.AnyOf))
			for j, id := range requirement.AnyOf {
				anyOf[j] = string(id)
			}
			service.Requires = append(service.Requires, tenantconfig.Requirement{AnyOf: anyOf})
		}
		out = append(out, service)
	}
	return out
}

func database(db v1alpha1.Database) tenantconfig.Database {
	switch db.Engine {
	case v1alpha1.DatabaseEngineSQLite:
		return tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: SQLiteFile}
	case v1alpha1.DatabaseEngineJSONFile:
		return tenantconfig.Database{Engine: tenantconfig.EngineJSONFile, Path: path.Join(DataFolder, "frontdesk.json")}
	default: // CloudNativePG is Postgres to a server
		return tenantconfig.Database{Engine: tenantconfig.EnginePostgres, URLKey: DatabaseURLKey}
	}
}

func access(access *v1alpha1.Access, keys []tenantconfig.APIKey) tenantconfig.Access {
	out := tenantconfig.Access{Keys: keys, SessionKey: SessionKey, StatusTokenKey: StatusTokenKey}
	if access != nil && access.RateLimit != nil {
		out.RateLimit = tenantconfig.RateLimit{
			RequestsPerMinute: int(access.RateLimit.RequestsPerMinute),
			Burst:             int(ptr.Deref(access.RateLimit.Burst, max(1, access.RateLimit.RequestsPerMinute/10))),
		}
	}
	return out
}
