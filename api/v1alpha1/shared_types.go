package v1alpha1

// Duration is a length of time in the notation of GEP-2257: one to four
// numbers, each with a unit of h, m, s or ms. Examples: "30m", "1h30m",
// "90s".
//
// It is a string of its own, and not metav1.Duration, so that the schema can
// check it and so that it comes back from the API as it was written. Use
// Parse to compute with it.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=28
// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')",message="must be a duration like 30m or 1h30m: whole numbers with the units h, m, s or ms"
type Duration string

// Identifier names something within one object: a resource, a service, a
// step. Other objects, the HTTP API and the database refer to it, so it
// should stay the same when the display name changes.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=40
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must be lower-case letters, digits and hyphens, starting and ending with a letter or digit, like dr-khan"
type Identifier string

// DisplayName is a name that people read and hear. It may hold any letters,
// and does not start or end with a blank.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=120
// +kubebuilder:validation:XValidation:rule="self == self.trim() && !self.matches('[[:cntrl:]]')",message="must be one line without control characters that does not start or end with a blank"
type DisplayName string

// EmailAddress is one plain address, like owner@brightsmile.example.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:XValidation:rule="self.matches('^[^@ <>,;]+@[^@ <>,;]+$') && !self.matches('[[:cntrl:]]')",message="must be one plain e-mail address, like owner@brightsmile.example"
type EmailAddress string

// PhoneNumber is a number in E.164: a plus sign, the country code, the
// number; no blanks. Example: +442079460000.
//
// +kubebuilder:validation:MinLength=8
// +kubebuilder:validation:MaxLength=16
// +kubebuilder:validation:XValidation:rule="self.matches('^[+][1-9][0-9]{6,14}$')",message="must be a phone number in E.164: a plus sign, country code and number without blanks, like +442079460000"
type PhoneNumber string

// TimeZone is a name from the IANA time zone database, like Europe/London.
// An offset such as GMT+1 is not enough: it does not say when the clocks
// change. The schema checks the shape; whether the zone exists is checked by
// the controller, which says so in the condition ConfigurationValid.
//
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:XValidation:rule="self == 'UTC' || self.matches('^[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]*){1,2}$')",message="must be an IANA time zone like Europe/London, or UTC"
type TimeZone string

// RegionCode is a country in ISO 3166-1 alpha-2: two capitals, like GB.
//
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=2
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{2}$')",message="must be a country code of two capitals, like GB"
type RegionCode string

// URL is an absolute address. It must be https, because customers' data
// travels over it; plain http is taken only for a Service inside the cluster
// (a host name that ends in .svc or .svc.cluster.local) and for loopback.
//
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="isURL(self) && (self.startsWith('https://') || self.matches('^http://([a-z0-9.-]+[.]svc([.]cluster[.]local)?|localhost|127[.]0[.]0[.]1)([:/]|$)'))",message="must be an https:// URL; http:// is accepted only for a host that ends in .svc or .svc.cluster.local, or for loopback"
type URL string

// Host is a DNS name in lower case, like brightsmile.book.example. No
// scheme, no port, no wildcard.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be a host name in lower case without scheme, port or wildcard, like brightsmile.book.example"
type Host string

// ObjectName is the name of an object in Kubernetes.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",message="must be the name of an object: lower-case letters, digits, hyphens and dots, like dental-hours"
type ObjectName string

// SecretKey is the name of one entry in a Secret's data.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$')",message="must be the name of an entry in a Secret: letters, digits, hyphens, underscores and dots"
type SecretKey string

// LocalReference names an object in the same namespace.
type LocalReference struct {
	// name of the object, in the same namespace.
	// +required
	Name ObjectName `json:"name"`
}

// SecretReference names a whole Secret in the same namespace. Which entries
// it must hold is said at the field that refers to it. The values are copied
// to the tenant's server and reloaded when they change; nothing restarts.
type SecretReference struct {
	// name of the Secret, in the same namespace.
	// +required
	Name ObjectName `json:"name"`
}

// SecretKeyReference names one entry of a Secret in the same namespace. The
// value is copied to the tenant's server and reloaded when it changes;
// nothing restarts.
type SecretKeyReference struct {
	// name of the Secret, in the same namespace.
	// +required
	Name ObjectName `json:"name"`

	// key is the entry within the Secret's data.
	// +required
	Key SecretKey `json:"key"`
}

// Money is an amount in one currency.
type Money struct {
	// amount is a decimal number in a string, so that no rounding happens.
	// Example: "200.00".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=14
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,9}([.][0-9]{1,4})?$')",message="must be a decimal number in quotes, like \"200.00\""
	Amount string `json:"amount"`

	// currency is the code of ISO 4217. Example: GBP.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z]{3}$')",message="must be a currency code of three capitals, like GBP"
	Currency string `json:"currency"`
}

// RunState says whether something runs.
//
// +kubebuilder:validation:Enum=Running;Suspended
type RunState string

const (
	// RunStateRunning is the normal state.
	RunStateRunning RunState = "Running"
	// RunStateSuspended stops it and keeps its data.
	RunStateSuspended RunState = "Suspended"
)
