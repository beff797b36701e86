package tenantconfig

import (
	"fmt"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // images have no zones of their own
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"
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
	maxTextLength = 512
	maxDuration   = 24 * time.Hour
	maxUnits      = 1000
	// maxRequires and maxChoices bound what one booking occupies and among how many it chooses.
	maxRequires = 8
	maxChoices  = 100
)

var (
	idPattern    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	keyIDPattern = regexp.MustCompile(`^[a-z0-9]{6,32}$`)
	e164Pattern  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// regionPattern and localePattern know shapes only: lists of regions and languages change.
	regionPattern = regexp.MustCompile(`^[A-Z]{2}$`)
	localePattern = regexp.MustCompile(`^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$`)
	// notZonePattern matches what the zone database of some hosts has, but that no IANA zone is called.
	notZonePattern = regexp.MustCompile(`^(localtime|posixrules|Factory|posix/.*|right/.*)$`)
	// secretKeyPattern is that of a Secret's keys. A leading dot would hide the file from ReadBundle.
	secretKeyPattern = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}$`)
)

// Validate checks everything that can be known from the document alone. The error is a
// *ValidationError that lists every fault, or nil.
func (d *Document) Validate() error {
	v := &validator{}
	if !readable(d.Version) {
		v.addf("version", "%q is not a document version that this build reads: use %q", d.Version, Current())
	}
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
	v.secretKey("cache.redisURLKey", d.Cache.RedisURLKey)
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
	if strings.TrimSpace(name) == "" {
		v.addf(field, "is required")
		return
	}
	v.text(field, name, maxNameLength)
}

// text checks a text that may be empty.
func (v *validator) text(field, text string, longest int) {
	switch length := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		v.addf(field, "is not valid UTF-8 text")
	case strings.ContainsFunc(text, unicode.IsControl):
		v.addf(field, "has a control character in it, such as a line break")
	case length > longest:
		v.addf(field, "has %d characters; at most %d are allowed", length, longest)
	}
}

// secretKey checks the name of another key of the bundle, which may be empty.
func (v *validator) secretKey(field string, key SecretKey) {
	if key != "" && (key == DocumentKey || !secretKeyPattern.MatchString(string(key))) {
		v.addf(field, "%q cannot be the key of a secret value: use letters, digits, hyphens, underscores and dots, with no dot in front", key)
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
	switch {
	case d < 0:
		v.addf(field, "is negative; it must be from %s to %s", Duration(atLeast), Duration(atMost))
	case d.Std() < atLeast || d.Std() > atMost:
		v.addf(field, "is %s; it must be from %s to %s", d, Duration(atLeast), Duration(atMost))
	case d.Std()%time.Second != 0:
		v.addf(field, "is %s; it must be in whole seconds", d)
	}
}

func (v *validator) tenant(t Tenant) {
	v.name("tenant.name", t.Name)
	v.name("tenant.displayName", t.DisplayName)
	// LoadLocation accepts "" and "Local", which would silently mean UTC and the host's zone.
	if _, err := time.LoadLocation(t.TimeZone); err != nil || t.TimeZone == "" || t.TimeZone == "Local" || notZonePattern.MatchString(t.TimeZone) {
		v.addf("tenant.timeZone", "%q is not a time zone: use an IANA name such as Europe/London", t.TimeZone)
	}
	if t.Locale != "" && !localePattern.MatchString(t.Locale) {
		v.addf("tenant.locale", "%q is not a language tag: use one such as en-GB", t.Locale)
	}
	if t.Region != "" && !regionPattern.MatchString(t.Region) {
		v.addf("tenant.region", "%q is not a region: use the two capital letters of ISO 3166-1, such as GB", t.Region)
	}
	v.contact(t.Contact)
	if address, err := url.Parse(t.URL); t.URL != "" && (err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http") {
		v.addf("tenant.url", "%q is not a web address: write one such as https://book.example.com", t.URL)
	}
}

func (v *validator) contact(c Contact) {
	if address, err := mail.ParseAddress(c.Email); c.Email != "" && (err != nil || address.Address != c.Email) {
		v.addf("tenant.contact.email", "%q is not an e-mail address: write one such as desk@example.com", c.Email)
	}
	if c.Phone != "" && !e164Pattern.MatchString(c.Phone) {
		v.addf("tenant.contact.phone", "%q is not an E.164 number: write + and the country code, such as +442079460000", c.Phone)
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
		if r.Capacity < 1 || r.Capacity > maxUnits {
			v.addf(at+".capacity", "is %d; it must be from 1 to %d", r.Capacity, maxUnits)
		}
		v.text(at+".calendarID", r.CalendarID, maxTextLength)
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
		v.text(at+".description", strings.ReplaceAll(s.Description, "\n", " "), maxTextLength) // it may have lines
		v.length(at+".duration", s.Duration, time.Minute, maxDuration)
		if s.GroupSize < 1 || s.GroupSize > maxUnits {
			v.addf(at+".groupSize", "is %d; it must be from 1 to %d", s.GroupSize, maxUnits)
		}
		switch {
		case len(s.Requires) == 0:
			v.addf(at+".requires", "is empty: a service must occupy at least one resource")
		case len(s.Requires) > maxRequires:
			v.addf(at+".requires", "has %d entries; at most %d are allowed", len(s.Requires), maxRequires)
		}
		for j, requirement := range s.Requires {
			v.requirement(fmt.Sprintf("%s.requires[%d].anyOf", at, j), requirement, resources)
		}
	}
}

func (v *validator) requirement(at string, requirement Requirement, resources map[string]bool) {
	switch {
	case len(requirement.AnyOf) == 0:
		v.addf(at, "is empty: name at least one resource")
	case len(requirement.AnyOf) > maxChoices:
		v.addf(at, "has %d entries; at most %d are allowed", len(requirement.AnyOf), maxChoices)
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
	v.text("database.path", db.Path, maxTextLength)
	v.secretKey("database.urlKey", db.URLKey)
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
		v.text(at+".name", key.Name, maxNameLength)
		if _, err := bcrypt.Cost([]byte(key.Hash)); err != nil {
			v.addf(at+".hash", "is not a bcrypt hash")
		}
		if len(key.Scopes) == 0 {
			v.addf(at+".scopes", "is empty: a key without scopes can do nothing")
		}
	}
	v.secretKey("access.sessionKey", a.SessionKey)
	v.secretKey("access.statusTokenKey", a.StatusTokenKey)
	if a.RateLimit.RequestsPerMinute < 0 || a.RateLimit.Burst < 0 {
		v.addf("access.rateLimit", "must not be negative")
	}
}
