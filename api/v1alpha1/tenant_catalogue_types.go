package v1alpha1

// ResourceKind says what sort of thing a resource is. It decides how the
// resource is shown and grouped.
//
// +kubebuilder:validation:Enum=Staff;Room;Equipment
type ResourceKind string

const (
	// ResourceKindStaff is a person.
	ResourceKindStaff ResourceKind = "Staff"
	// ResourceKindRoom is a room, a chair, a court.
	ResourceKindRoom ResourceKind = "Room"
	// ResourceKindEquipment is a thing.
	ResourceKindEquipment ResourceKind = "Equipment"
)

// Resource is something that a booking occupies.
//
// +kubebuilder:validation:XValidation:rule="!has(self.calendarID) || self.capacity == 1",fieldPath=".calendarID",reason=FieldValueForbidden,message="needs capacity 1: one calendar cannot say which of several units is busy"
type Resource struct {
	// id by which services, the HTTP API and the database know the resource, for
	// example dr-khan: lower-case letters, digits and hyphens, at most 40. It
	// must be unique within the tenant and should never change.
	// +required
	ID Identifier `json:"id"`

	// kind is Staff, Room or Equipment.
	// +required
	Kind ResourceKind `json:"kind"`

	// name as customers read and hear it, for example "Dr Khan".
	// +required
	Name DisplayName `json:"name"`

	// capacity is how many interchangeable units there are, for example 4
	// treatment chairs. Each booking takes one unit, and its number. To seat
	// several customers in one session use a service's groupSize instead. From 1
	// to 500. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=500
	Capacity int32 `json:"capacity,omitempty"`

	// calendarID is the Google calendar in which this resource's bookings are
	// written and from which its busy times are read, for example
	// khan@brightsmile.example. It needs integrations.googleCalendar and
	// capacity 1. Stored; this release does not act on it yet.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=254
	CalendarID string `json:"calendarID,omitempty"`

	// bookingPolicyRef names a BookingPolicy of this resource's own, in the same
	// namespace, for example for somebody who works part time. Its hours,
	// exceptions and holidays take the place of the tenant's. All other rules
	// (slots, notice, buffers, limits, cancellation …) stay those of the
	// tenant's policy.
	// +optional
	BookingPolicyRef *LocalReference `json:"bookingPolicyRef,omitempty"`
}

// Service is something that a customer can book.
type Service struct {
	// id by which the HTTP API, voice agents and the database know the service,
	// for example checkup: lower-case letters, digits and hyphens, at most 40.
	// It must be unique within the tenant and should never change.
	// +required
	ID Identifier `json:"id"`

	// name as customers read and hear it, for example "Check-up".
	// +required
	Name DisplayName `json:"name"`

	// description tells customers and voice agents what the service is, in a
	// sentence or two.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	Description string `json:"description,omitempty"`

	// duration is how long the service takes, without buffers, for example 30m
	// or 1h30m. From 1m to 24h. A change holds for new bookings; those already
	// made keep their length.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('1m') && duration(self) <= duration('24h'))",message="must be from 1m to 24h"
	Duration Duration `json:"duration"`

	// requires lists what a booking of this service occupies: one unit from each
	// entry, all for the whole duration. For example a hygienist and a room:
	// [{anyOf: [dr-lee]}, {anyOf: [room-1, room-2]}].
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	Requires []Requirement `json:"requires"`

	// groupSize is how many customers share one session, for example 12 in a
	// class. They occupy the resources once, together; the session is full when
	// every place is taken. 1, the default, is an ordinary appointment. From 1
	// to 500.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=500
	GroupSize int32 `json:"groupSize,omitempty"`
}

// Requirement is met by one unit of one of several resources.
type Requirement struct {
	// anyOf lists ids from spec.resources, any one of which will do. The
	// customer may ask for a particular one.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	AnyOf []Identifier `json:"anyOf"`
}
