package tenantconfig

// Document is the content of tenant.yaml.
type Document struct {
	// Version is the document's version, "major.minor". Absent is an error.
	Version string `json:"version"`
	Tenant  Tenant `json:"tenant"`
	// Policies holds every booking policy that the tenant or one of its resources uses; names are unique.
	Policies []Policy `json:"policies"`
	// DefaultPolicy names the policy of every resource that has none of its own.
	DefaultPolicy string     `json:"defaultPolicy"`
	Resources     []Resource `json:"resources,omitempty"`
	Services      []Service  `json:"services,omitempty"`
	Database      Database   `json:"database"`
	Cache         Cache      `json:"cache,omitzero" since:"1.1"`
	Access        Access     `json:"access"`
}

// Tenant says who the business is.
type Tenant struct {
	// Namespace and Name identify the Tenant object; standalone servers have an empty Namespace.
	Namespace   string `json:"namespace,omitempty"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
	// TimeZone is an IANA zone name: the zone in which opening hours are meant.
	TimeZone string `json:"timeZone"`
	// Locale is a BCP 47 language tag used to render dates for people.
	Locale string `json:"locale,omitempty"`
	// Region is the ISO 3166-1 alpha-2 country in which numbers without a country code are read.
	Region  string  `json:"region,omitempty"`
	Contact Contact `json:"contact,omitzero"`
	// URL is the address at which customers reach the service, empty when it is not exposed.
	URL string `json:"url,omitempty"`
}

// Contact is how the business itself is reached.
type Contact struct {
	Email string `json:"email,omitempty"`
	// Phone is in E.164 form.
	Phone string `json:"phone,omitempty"`
}

// Policy is one BookingPolicy, resolved.
type Policy struct {
	Name       string      `json:"name"`
	Hours      []Hours     `json:"hours,omitempty"`
	Exceptions []Exception `json:"exceptions,omitempty"`
	// HolidayCalendar is a public-holiday calendar code such as GB-ENG; empty for none.
	HolidayCalendar string       `json:"holidayCalendar,omitempty"`
	Slots           SlotGrid     `json:"slots"`
	Notice          Notice       `json:"notice"`
	Buffers         Buffers      `json:"buffers,omitzero"`
	Limits          Limits       `json:"limits,omitzero"`
	Holds           Holds        `json:"holds"`
	Cancellation    Cancellation `json:"cancellation,omitzero"`
	Rescheduling    Rescheduling `json:"rescheduling,omitzero"`
	Confirmation    Confirmation `json:"confirmation"`
	Waitlist        Waitlist     `json:"waitlist,omitzero"`
	Reminders       []Reminder   `json:"reminders,omitempty"`
}

// Hours opens some days of the week for some spans.
type Hours struct {
	Days  []Weekday `json:"days"`
	Spans []Span    `json:"spans"`
}

// Span is a stretch of wall-clock time on one local date, [From, To). A span that runs past
// midnight is written with To beyond 24:00 (26:00 is 02:00 on the next date).
type Span struct {
	From ClockTime `json:"from"`
	To   ClockTime `json:"to"`
}

// Exception replaces the weekly hours on every local date from From to To, both included.
// Without spans the dates are closed.
type Exception struct {
	From   Date   `json:"from"`
	To     Date   `json:"to,omitempty"`
	Spans  []Span `json:"spans,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Anchor is where the slot grid starts counting.
type Anchor string

// The anchors: the start of the open span, local midnight, or the full hour of the clock.
const (
	AnchorSpanStart Anchor = "SpanStart"
	AnchorDayStart  Anchor = "DayStart"
	AnchorClock     Anchor = "Clock"
)

// SlotGrid says at which instants a booking may start.
type SlotGrid struct {
	Interval Duration `json:"interval"`
	Anchor   Anchor   `json:"anchor"`
}

// Notice bounds how early and how late one may book.
type Notice struct {
	Minimum Duration `json:"minimum,omitempty"`
	// MaximumDays counts local calendar dates from today; today is day 0.
	MaximumDays int `json:"maximumDays"`
}

// Buffers are blocked before and after each booking.
type Buffers struct {
	Before Duration `json:"before,omitempty"`
	After  Duration `json:"after,omitempty"`
}

// Limits bound how many live bookings there may be; 0 is no limit.
type Limits struct {
	// PerDay counts bookings whose start falls on the same local date.
	PerDay int `json:"perDay,omitempty"`
	// PerWeek counts bookings whose start falls in the same ISO 8601 week of local dates.
	PerWeek int `json:"perWeek,omitempty"`
	// OpenPerCustomer counts one customer's bookings that have not started yet.
	OpenPerCustomer int `json:"openPerCustomer,omitempty"`
}

// Holds says how long an unconfirmed hold keeps its slot.
type Holds struct {
	TTL Duration `json:"ttl"`
}

// Cancellation is allowed until so long before the start.
type Cancellation struct {
	Until Duration `json:"until,omitempty"`
}

// Rescheduling is allowed until so long before the start, at most Times times (0: never).
type Rescheduling struct {
	Until Duration `json:"until,omitempty"`
	Times int      `json:"times,omitempty"`
}

// Confirmation says who confirms a new booking.
type Confirmation string

// Automatic confirms at once; Manual leaves a new booking pending until the business confirms it.
const (
	ConfirmAutomatic Confirmation = "Automatic"
	ConfirmManual    Confirmation = "Manual"
)

// Waitlist says how long an offered slot is kept for the person it was offered to.
type Waitlist struct {
	OfferTTL Duration `json:"offerTTL,omitempty"`
}

// Reminder is sent so long before the start.
type Reminder struct {
	Before  Duration `json:"before"`
	Channel string   `json:"channel"`
}

// ResourceKind says what occupies a slot.
type ResourceKind string

// The kinds of resource.
const (
	ResourceStaff     ResourceKind = "Staff"
	ResourceRoom      ResourceKind = "Room"
	ResourceEquipment ResourceKind = "Equipment"
)

// Resource is something that a booking occupies.
type Resource struct {
	ID   string       `json:"id"`
	Kind ResourceKind `json:"kind"`
	Name string       `json:"name"`
	// Capacity is the number of interchangeable units, at least 1.
	Capacity int `json:"capacity"`
	// Policy names the policy whose hours this resource keeps; empty for the default.
	Policy     string `json:"policy,omitempty"`
	CalendarID string `json:"calendarID,omitempty"`
}

// Service is something that can be booked.
type Service struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Description tells customers and voice agents what it is; empty when the name says enough.
	Description string   `json:"description,omitempty" since:"1.2"`
	Duration    Duration `json:"duration"`
	// GroupSize is how many people share one session; 1 is an ordinary appointment.
	GroupSize int `json:"groupSize"`
	// Requires lists what one booking occupies at once: one resource for each entry.
	Requires []Requirement `json:"requires"`
}

// Requirement is met by any one of the named resources.
type Requirement struct {
	AnyOf []string `json:"anyOf"`
}

// Engine is a database engine as the server knows it. CloudNativePG is Postgres to a server.
type Engine string

// The engines.
const (
	EngineSQLite   Engine = "SQLite"
	EnginePostgres Engine = "Postgres"
	EngineJSONFile Engine = "JSONFile"
)

// SecretKey names another key of the same bundle.
type SecretKey string

// Database says where bookings are kept.
type Database struct {
	Engine Engine `json:"engine"`
	// Path is the database file for SQLite and JSONFile.
	Path string `json:"path,omitempty"`
	// URLKey names the key that holds the connection URL, for Postgres.
	URLKey SecretKey `json:"urlKey,omitempty"`
	// MaxConnections bounds the pool, for Postgres; 0 means the server's default (DB_POOL_MAX, else 15).
	MaxConnections int `json:"maxConnections,omitempty"`
}

// Cache is what the replicas of a tenant share besides the database.
type Cache struct {
	// RedisURLKey names the key that holds the URL of a Redis, such as rediss://user:password@host:6379/0. Without
	// it each replica has a cache and rate limits of its own.
	RedisURLKey SecretKey `json:"redisURLKey,omitempty"`
}

// Access says who may call the API and how often.
type Access struct {
	// Keys are API keys that configuration brings along; more live in the database.
	Keys      []APIKey  `json:"keys,omitempty"`
	RateLimit RateLimit `json:"rateLimit,omitzero"`
	// SessionKey names the key whose bytes sign dashboard sessions.
	SessionKey SecretKey `json:"sessionKey,omitempty"`
	// StatusTokenKey names the key that holds the bearer token of the internal status endpoint.
	StatusTokenKey SecretKey `json:"statusTokenKey,omitempty"`
}

// APIKey is the verifier of one API key; the key itself is nowhere in the document.
type APIKey struct {
	// ID is the middle part of fd_<id>_<secret>.
	ID string `json:"id"`
	// Hash is the bcrypt hash of the whole key.
	Hash   string   `json:"hash"`
	Name   string   `json:"name,omitempty"`
	Scopes []string `json:"scopes"`
}

// RateLimit bounds requests per API key, and per address for requests without one; zero values mean the
// server's defaults.
type RateLimit struct {
	RequestsPerMinute int `json:"requestsPerMinute,omitempty"`
	Burst             int `json:"burst,omitempty"`
}
