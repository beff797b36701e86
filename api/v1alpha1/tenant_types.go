package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// TenantSpec is what a business wants.
//
// +kubebuilder:validation:XValidation:rule="self.services.map(s, s.requires.map(q, q.anyOf.size()).sum()).sum() <= 8000",fieldPath=".services",message="the anyOf lists of all services may have at most 8000 entries together"
// +kubebuilder:validation:XValidation:rule="self.services.map(s, s.requires.map(q, q.anyOf.size()).sum()).sum() > 8000 || [self.resources.map(r, r.id)].all(ids, self.services.all(s, s.requires.all(q, q.anyOf.all(id, id in ids))))",fieldPath=".services",message="requires.anyOf may only name ids from spec.resources"
// +kubebuilder:validation:XValidation:rule="!(self.database.engine in ['SQLite', 'JSONFile']) || !has(self.server) || (!has(self.server.autoscaling) && (!has(self.server.replicas) || self.server.replicas <= 1))",fieldPath=".server",reason=FieldValueForbidden,message="database engines SQLite and JSONFile keep the data in one pod's volume: server.replicas is at most 1 and server.autoscaling is not possible; choose Postgres or CloudNativePG for more"
type TenantSpec struct {
	// displayName is the name of the business as customers read and hear it, for
	// example "Bright Smile Dental". One line, at most 120 characters. A change
	// reaches the running server within seconds.
	// +required
	DisplayName DisplayName `json:"displayName"`

	// timeZone is the IANA name of the zone in which the business keeps its
	// hours, for example Europe/London. Every wall-clock time of its
	// BookingPolicy is read in this zone, across changes of summer time. After a
	// change, bookings already made keep their instant; only new slots follow
	// the new zone.
	// +required
	TimeZone TimeZone `json:"timeZone"`

	// locale is the language, and optionally the country, in which dates,
	// messages and pages are written: a BCP 47 tag such as en-GB, de or pt-BR.
	// Default: en. Of it this release takes the way in which the dashboard writes
	// the time of day; all words are English yet.
	// +optional
	// +kubebuilder:default="en"
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$')",message="must be a language tag like en or en-GB"
	Locale string `json:"locale,omitempty"`

	// region is the country whose rules are used to read phone numbers that are
	// written without a country code: two capitals of ISO 3166-1, for example
	// GB. Without it only numbers in international form, like
	// +442079460000, are understood.
	// +optional
	Region RegionCode `json:"region,omitempty"`

	// contact is how people reach the business itself. It is shown to customers.
	// +optional
	Contact *Contact `json:"contact,omitempty"`

	// bookingPolicyRef names the BookingPolicy, in the same namespace, that says
	// when and how this business takes bookings. Several tenants may share one.
	// A resource can have a policy of its own. While the policy does not exist,
	// the last good configuration keeps serving and ConfigurationValid is False.
	// +required
	BookingPolicyRef LocalReference `json:"bookingPolicyRef"`

	// resources are what a booking occupies: people, rooms and equipment. One
	// unit of a resource is never booked twice at the same time. A resource with
	// bookings in the future should be kept until they are over.
	// +required
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	Resources []Resource `json:"resources"`

	// services are what a customer can book.
	// +required
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	Services []Service `json:"services"`

	// database is where this tenant's data is kept. Without it: SQLite on a
	// volume of 1Gi, which suits one location and needs nothing else. The engine
	// can later be changed to Postgres or CloudNativePG, once and explicitly,
	// with migrateFrom.
	// +optional
	// +kubebuilder:default={engine: SQLite}
	Database Database `json:"database,omitzero"`

	// cache speeds up reads and makes rate limits count across replicas. Without
	// it each replica caches and counts in its own memory. What decides a
	// booking is never read from a cache.
	// +optional
	Cache *Cache `json:"cache,omitempty"`

	// integrations connect the tenant to telephony, messages, calendars and
	// other systems. Each is optional. They are checked and stored; this release
	// does not act on them yet: nothing is called, sent, read or written, and
	// IntegrationsHealthy is Unknown.
	// +optional
	Integrations *Integrations `json:"integrations,omitempty"`

	// access limits what callers of the tenant's HTTP API may do.
	// +optional
	Access *Access `json:"access,omitempty"`

	// server shapes the pods that serve this tenant: how many, how large, where.
	// The platform's defaults hold for what is left out.
	// +optional
	Server *Server `json:"server,omitempty"`

	// exposure makes the tenant reachable from outside the cluster under a host
	// name. Without it the tenant is reachable only through its Service.
	// +optional
	Exposure *Exposure `json:"exposure,omitempty"`

	// alerts says who is told when something is wrong, and which service level
	// is promised.
	// +optional
	Alerts *Alerts `json:"alerts,omitempty"`

	// updates says which version of the server this tenant runs and when it may
	// be rolled to another.
	// +optional
	Updates *Updates `json:"updates,omitempty"`

	// runState is Running, or Suspended to scale the tenant to zero pods.
	// Suspended keeps all data, the configuration and the host name; it makes no
	// calls and sends no messages. Ready stays True, with the reason Suspended.
	// Default: Running.
	// +optional
	// +kubebuilder:default=Running
	RunState RunState `json:"runState,omitempty"`

	// deletionPolicy says what becomes of the data when this Tenant is deleted.
	// Retain keeps the volume or the database and its role; a new Tenant of the
	// same name can take them over with database.adopt. Delete removes them for
	// good. Everything else that was made for the tenant is always removed.
	// Default: Retain.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// DeletionPolicy says what becomes of data.
//
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionPolicyRetain keeps the data.
	DeletionPolicyRetain DeletionPolicy = "Retain"
	// DeletionPolicyDelete removes the data for good.
	DeletionPolicyDelete DeletionPolicy = "Delete"
)

// Contact is how people reach a business. At least one way must be given.
//
// +kubebuilder:validation:XValidation:rule="has(self.email) || has(self.phone)",message="needs an email or a phone"
type Contact struct {
	// email is the address of the business, for example
	// owner@brightsmile.example.
	// +optional
	Email EmailAddress `json:"email,omitempty"`

	// phone is the number of the business in E.164, in quotes, for example
	// "+442079460000".
	// +optional
	Phone PhoneNumber `json:"phone,omitempty"`
}

// TenantStatus is what was observed of a tenant. It holds no counts of
// bookings: those are metrics.
type TenantStatus struct {
	// conditions say how the tenant is. Ready=True means that the configuration
	// of this generation is served by every pod. The others say what Ready rests
	// on: ConfigurationValid, SecretsReady, DatabaseReady, WorkloadAvailable,
	// IntegrationsHealthy, RouteAccepted, MonitoringReady; and Progressing,
	// Degraded, Suspended. Reconciling and Stalled are present only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status is
	// about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// url is where customers and callers of the API reach this tenant.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	URL string `json:"url,omitempty"`

	// version is the version of the server that every ready pod runs. While pods
	// differ it is the oldest.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// replicas is how many pods the tenant's Deployment wants.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas *int32 `json:"replicas,omitempty"`

	// readyReplicas is how many of them are ready.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyReplicas *int32 `json:"readyReplicas,omitempty"`

	// revision compares the configuration that is wanted with the one that is
	// served.
	// +optional
	Revision *RevisionStatus `json:"revision,omitempty"`

	// database is what is known of the tenant's database.
	// +optional
	Database *DatabaseStatus `json:"database,omitempty"`

	// template is what the tenant's pods are made from. A newer operator makes
	// them from the very same until the tenant's turn to be updated has come.
	// +optional
	Template *TemplateStatus `json:"template,omitempty"`

	// inventory lists the objects that were made for this tenant. What is listed
	// and no longer wanted is removed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Inventory []InventoryItem `json:"inventory,omitempty"`
}

// RevisionStatus compares two revisions of a tenant's configuration. A
// revision is a hash over the rendered configuration and every secret in it.
type RevisionStatus struct {
	// desired is the revision that the spec, the policies and the secrets add up
	// to.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Desired string `json:"desired,omitempty"`

	// served is the revision that every ready pod reports. Empty while pods
	// disagree.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Served string `json:"served,omitempty"`

	// documentVersion is the version, major.minor, of the configuration document
	// that was rendered.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	DocumentVersion string `json:"documentVersion,omitempty"`
}

// TemplateStatus is what the pods of a tenant are made from, in two parts that
// change for different reasons.
type TemplateStatus struct {
	// platform is the platform's part of the pod template, in JSON. It changes
	// when it is the tenant's turn in a rollout.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Platform string `json:"platform"`

	// own is what the tenant's own settings change in it: a strategic merge patch
	// in JSON. Empty when they change nothing.
	// +optional
	// +kubebuilder:validation:MaxLength=262144
	Own string `json:"own,omitempty"`

	// settings is a digest of the settings from which own was made.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Settings string `json:"settings,omitempty"`

	// pin is the spec.updates.version with which it was made.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Pin string `json:"pin,omitempty"`

	// request is the value of the annotation frontdesk.dev/update-requested-at
	// that was answered last.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Request string `json:"request,omitempty"`
}

// DatabaseStatus is what is known of a tenant's database.
type DatabaseStatus struct {
	// engine in use. It differs from spec.database.engine while a migration
	// runs.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// schemaVersion is the number of the last migration that was applied.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SchemaVersion int64 `json:"schemaVersion,omitempty"`
}

// InventoryItem is one object that was made for a tenant, in the tenant's
// namespace.
type InventoryItem struct {
	// group of the object's API; empty for the core group.
	// +required
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group"`

	// version of the API through which the object was last applied.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`

	// kind of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind"`

	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`

	// uid of the object, so that another object of the same name is not taken
	// for it.
	// +optional
	UID types.UID `json:"uid,omitempty"`

	// digest of what the operator owns in the object, as it was last applied.
	// When it differs from the object's, somebody has changed the object, and it
	// is applied again.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Digest string `json:"digest,omitempty"`
}

// Tenant is one business that takes bookings: who it is, what it offers,
// where its data is kept and what it is connected to. For each Tenant the
// operator runs a booking service of its own, named frontdesk-NAME, in the
// same namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=tenants,singular=tenant,scope=Namespaced,shortName=fdt,categories=frontdesk
// +kubebuilder:selectablefield:JSONPath=`.spec.bookingPolicyRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether every pod serves this very configuration"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.url`,description="Where the tenant is reached"
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,description="Version of the server that runs"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Engine",type=string,JSONPath=`.spec.database.engine`,priority=1,description="Database engine"
// +kubebuilder:printcolumn:name="Pods",type=integer,JSONPath=`.status.readyReplicas`,priority=1,description="Pods that are ready"
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.bookingPolicyRef.name`,priority=1,description="BookingPolicy in use"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="What Ready has to say"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name may have at most 40 characters: the objects made for the tenant are named after it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be lower-case letters, digits and hyphens, starting with a letter, without dots (DNS-1035): the tenant's Service is named after it"
type Tenant struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object. The name of a Tenant is a
	// DNS-1035 label of at most 40 characters.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the business wants.
	// +required
	Spec TenantSpec `json:"spec"`

	// status is what was observed. It is written by the operator.
	// +optional
	// +kubebuilder:default:={observedGeneration:0}
	Status TenantStatus `json:"status,omitzero"`
}

// TenantList is a list of tenants.
//
// +kubebuilder:object:root=true
type TenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Tenant `json:"items"`
}
