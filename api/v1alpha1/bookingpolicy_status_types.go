package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BookingPolicyStatus is what was observed of a policy.
type BookingPolicyStatus struct {
	// conditions say how the policy is. Accepted=True means that it makes sense
	// and may be used.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that this status is
	// about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// tenants is how many tenants use this policy, for all of their resources or
	// for some.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Tenants *int32 `json:"tenants,omitempty"`

	// nextOpenings is when the hours of this policy open next, the soonest
	// first: once for each time zone of the tenants that use it. Empty while no
	// tenant does, and where the hours never begin or never end. At most 16.
	// +optional
	// +listType=map
	// +listMapKey=timeZone
	// +kubebuilder:validation:MaxItems=16
	NextOpenings []NextOpening `json:"nextOpenings,omitempty"`
}

// NextOpening is when a policy opens next in one time zone.
type NextOpening struct {
	// timeZone in which the hours are read.
	// +required
	TimeZone TimeZone `json:"timeZone"`

	// time at which it opens.
	// +required
	Time metav1.Time `json:"time"`
}
