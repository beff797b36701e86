package tenantconfig

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zones must be those of the build, not of the host
)

// FieldError says which field is wrong and why.
type FieldError struct {
	// Field is a path such as services[1].requires[0].anyOf[0].
	Field string
	// Message says what is wrong and what would be right.
	Message string
}

func (e FieldError) Error() string { return e.Field + ": " + e.Message }

// ValidationError is everything that is wrong with a document, in document order.
type ValidationError struct{ Errors []FieldError }

func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Errors))
	for i, fieldError := range e.Errors {
		lines[i] = fieldError.Error()
	}
	return strings.Join(lines, "; ")
}

const (
	maxNameLength = 120
	maxDuration   = 24 * time.Hour
)

var (
	idPattern    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	keyIDPattern = regexp.MustCompile(`^[a-z0-9]{6,32}$`)
	e164Pattern  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// Validate checks everything that can be known from the document alone. The error is a
// *ValidationError that lists every fault, or nil.
func (d *Document) Validate() error {
	v := &validator{}
	v.tenant(d.Tenant)
	policies := v.policies(d.Policies)
	switch {
	case d.DefaultPolicy == "":
		v.addf("defaultPolicy", "is required: name one of the policies")
	case !policies[d.DefaultPolicy]:
		v.addf("defaultPolicy", "there is no policy named %q", d.DefaultPolicy)
	}
	resources := v.resources(d.Resources, policies)
	v.services(d.Services, resources)
	v.database(d.Database)
	v.access(d.Access)
	if len(v.errors) == 0 {
		return nil
	}
	return &ValidationError{Errors: v.errors}
}

type validator struct{ errors []FieldError }

func (v *validator) addf(field, format string, args ...any) {
	v.errors = append(v.errors, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (v *validator) name(field, name string) {
	switch length := len([]rune(name)); {
	case strings.TrimSpace(name) == "":
		v.addf(field, "is required")
	case length > maxNameLength:
		v.addf(field, "has %d characters; at most %d are allowed", length, maxNameLength)
	}
}

// unique remembers an id and reports a malformed or repeated one.
func (v *validator) unique(field, id string, seen map[string]bool) {
	switch {
	case !idPattern.MatchString(id):
		v.addf(field, "%q is not an identifier: use 1 to 40 lower-case letters, digits and hyphens, with a letter or digit at both ends", id)
	case seen[id]:
		v.addf(field, "%q is used twice; identifiers must be unique", id)
	}
	seen[id] = true
}

func (v *validator) length(field string, d Duration, atLeast, atMost time.Duration) {
	if d.Std() < atLeast || d.Std() > atMost {
		v.addf(field, "is %s; it must be from %s to %s", d, Duration(atLeast), Duration(atMost))
	}
}

func (v *validator) tenant(t Tenant) {
	v.name("tenant.name", t.Name)
	v.name("tenant.displayName", t.DisplayName)
	// LoadLocation accepts "" and "Local", which would silently mean UTC and the host's zone.
	if _, err := time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "" || t.TimeZone == "Local" {
		v.addf("tenant.timeZone", "%q is not a time zone: use an IANA name such as Europe/London", t.TimeZone)
	}
	if t.Contact.Phone != "" && !e164Pattern.MatchString(t.Contact.Phone) {
		v.addf("tenant.contact.phone", "%q is not an E.164 number: write + and the country code, such as +442079460000", t.Contact.Phone)
	}
}

func (v *validator) resources(resources []Resource, policies map[string]bool) map[string]bool {
	seen := map[string]bool{}
	for i, r := range resources {
		at := fmt.Sprintf("resources[%d]", i)
		v.unique(at+".id", r.ID, seen)
		v.name(at+".name", r.Name)
		if !slices.Contains([]ResourceKind{ResourceStaff, ResourceRoom, ResourceEquipment}, r.Kind) {
			v.addf(at+".kind", "%q is not a kind of resource: use Staff, Room or Equipment", r.Kind)
		}
		if r.Capacity < 1 || r.Capacity > 1000 {
			v.addf(at+".capacity", "is %d; it must be from 1 to 1000", r.Capacity)
		}
		if r.Policy != "" && !policies[r.Policy] {
			v.addf(at+".policy", "there is no policy named %q", r.Policy)
		}
	}
	return seen
}

func (v *validator) services(services []Service, resources map[string]bool) {
	seen := map[string]bool{}
	for i, s := range services {
		at := fmt.Sprintf("services[%d]", i)
		v.unique(at+".id", s.ID, seen)
		v.name(at+".name", s.Name)
		v.length(at+".duration", s.Duration, time.Minute, maxDuration)
		if s.GroupSize < 1 || s.GroupSize > 1000 {
			v.addf(at+".groupSize", "is %d; it must be from 1 to 1000", s.GroupSize)
		}
		if len(s.Requires) == 0 {
			v.addf(at+".requires", "is empty: a service must occupy at least one resource")
		}
		for j, requirement := range s.Requires {
			v.requirement(fmt.Sprintf("%s.requires[%d].anyOf", at, j), requirement, resources)
		}
	}
}

func (v *validator) requirement(at string, requirement Requirement, resources map[string]bool) {
	if len(requirement.AnyOf) == 0 {
		v.addf(at, "is empty: name at least one resource")
	}
	seen := map[string]bool{}
	for i, id := range requirement.AnyOf {
		field := fmt.Sprintf("%s[%d]", at, i)
		switch {
		case !resources[id]:
			v.addf(field, "there is no resource %q", id)
		case seen[id]:
			v.addf(field, "%q is listed twice", id)
		}
		seen[id] = true
	}
}

func (v *validator) database(db Database) {
	switch db.Engine {
	case EnginePostgres:
		if db.URLKey == "" {
			v.addf("database.urlKey", "is required for Postgres: name the key that holds the connection URL")
		}
	case EngineSQLite, EngineJSONFile:
		if db.Path == "" {
			v.addf("database.path", "is required for %s: name the file that holds the data", db.Engine)
		}
	default:
		v.addf("database.engine", "%q is not an engine: use SQLite, Postgres or JSONFile", db.Engine)
	}
	if db.MaxConnections < 0 || db.MaxConnections > 1000 {
		v.addf("database.maxConnections", "is %d; it must be from 0 (the default) to 1000", db.MaxConnections)
	}
}

func (v *validator) access(a Access) {
	seen := map[string]bool{}
	for i, key := range a.Keys {
		at := fmt.Sprintf("access.keys[%d]", i)
		switch {
		case !keyIDPattern.MatchString(key.ID):
			v.addf(at+".id", "%q is not a key id: use 6 to 32 lower-case letters and digits", key.ID)
		case seen[key.ID]:
			v.addf(at+".id", "%q is used twice; identifiers must be unique", key.ID)
		}
		seen[key.ID] = true
		if !strings.HasPrefix(key.Hash, "$2") {
			v.addf(at+".hash", "is not a bcrypt hash")
		}
		if len(key.Scopes) == 0 {
			v.addf(at+".scopes", "is empty: a key without scopes can do nothing")
		}
	}
	if a.RateLimit.RequestsPerMinute < 0 || a.RateLimit.Burst < 0 {
		v.addf("access.rateLimit", "must not be negative")
	}
}
