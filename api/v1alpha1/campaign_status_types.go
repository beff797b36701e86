package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CampaignCounts count leads.
type CampaignCounts struct {
	// targeted is how many leads take part.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Targeted int64 `json:"targeted"`

	// attempted is how many of them were called or written to.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Attempted int64 `json:"attempted"`

	// connected is how many of them were reached.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Connected int64 `json:"connected"`

	// booked is how many of them made a booking.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Booked int64 `json:"booked"`

	// optedOut is how many of them opted out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OptedOut int64 `json:"optedOut"`

	// failed is how many of them were given up because of errors.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Failed int64 `json:"failed"`
}

// VariantStatus counts the leads of one variant.
type VariantStatus struct {
	// name of the variant.
	// +required
	Name Identifier `json:"name"`

	CampaignCounts `json:",inline"`
}

// CampaignStatus is what was observed of a campaign. It is brought up to
// date at most once a minute.
type CampaignStatus struct {
	// conditions say how the campaign is: Ready (the tenant's server knows it),
	// Running, Completed, BudgetExhausted and TenantReady.
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

	// run that the counts are about.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Run int32 `json:"run,omitempty"`

	// counts of leads in this run.
	// +optional
	Counts *CampaignCounts `json:"counts,omitempty"`

	// spent is what calls and messages of this run have cost so far.
	// +optional
	Spent *Money `json:"spent,omitempty"`

	// nextAttemptTime is when the next call or message is due.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`

	// variants with their counts.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Variants []VariantStatus `json:"variants,omitempty"`
}

// Campaign contacts leads by phone and text message until they book: whom,
// in which words, when and how hard. It is checked and stored; this release
// does not act on it yet: no call is made, no message is sent, and Ready says
// so.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=campaigns,singular=campaign,scope=Namespaced,shortName=camp,categories=frontdesk
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="Tenant",type=string,JSONPath=`.spec.tenantRef.name`,description="Tenant in whose name it runs"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,description="Whether the tenant's server knows this campaign"
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,description="Why it is ready or not"
// +kubebuilder:printcolumn:name="Targeted",type=integer,JSONPath=`.status.counts.targeted`,description="Leads that take part"
// +kubebuilder:printcolumn:name="Attempted",type=integer,JSONPath=`.status.counts.attempted`,description="Leads that were called or written to"
// +kubebuilder:printcolumn:name="Booked",type=integer,JSONPath=`.status.counts.booked`,description="Leads that made a booking"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Run",type=integer,JSONPath=`.spec.run`,priority=1,description="Number of the round"
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.runState`,priority=1,description="Running or Suspended"
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.nextAttemptTime`,priority=1,description="When the next attempt is due"
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`,priority=1,description="What Ready has to say"
type Campaign struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard metadata of an object. Enrolment is kept by the
	// campaign's name: one that is deleted and made again under the same name
	// goes on where it was.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec says whom to contact, in which words, when and how hard.
	// +required
	Spec CampaignSpec `json:"spec"`

	// status is what was observed. It is written by the operator.
	// +optional
	// +kubebuilder:default:={observedGeneration:0}
	Status CampaignStatus `json:"status,omitzero"`
}

// CampaignList is a list of campaigns.
//
// +kubebuilder:object:root=true
type CampaignList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []Campaign `json:"items"`
}
