package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CampaignSpec says whom to contact, in which words, when and how hard.
//
// +kubebuilder:validation:XValidation:rule="!has(self.startTime) || !has(self.endTime) || self.startTime < self.endTime",fieldPath=".endTime",message="must be after startTime"
type CampaignSpec struct {
	// tenantRef names the Tenant, in the same namespace, whose leads are
	// contacted and in whose name. It cannot be changed: make another Campaign
	// instead.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="cannot be changed; make another Campaign instead"
	TenantRef LocalReference `json:"tenantRef"`

	// run numbers the rounds of this campaign. Each lead takes part once in each
	// run, whatever happens to this object: deleting and creating it again, or
	// restoring the cluster, calls nobody a second time. Raise it by one to
	// contact the whole audience again. It can only grow. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	// +kubebuilder:validation:XValidation:rule="self >= oldSelf",message="can only grow: leads took part in the later run already"
	Run int32 `json:"run,omitempty"`

	// audience chooses the leads. All its conditions must hold. An empty
	// audience is every lead of the tenant that has not opted out. Leads that
	// come to match while the campaign runs take part as well.
	// +required
	Audience Audience `json:"audience"`

	// steps are what happens to each lead, one after the other. A lead leaves
	// after the last step, or earlier for one of the reasons in stopOn. Steps
	// may be added at the end while the campaign runs.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Steps []CampaignStep `json:"steps"`

	// windows in which people may be called and written to, as wall-clock time
	// in the zone of the person who is called. Outside of them, and on that
	// place's public holidays, nothing is sent. Example: [{days: [Mon, Tue, Wed,
	// Thu, Fri], spans: [{from: "09:30", to: "19:00"}]}]. Spans end at "24:00"
	// at the latest.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.all(w, w.spans.all(s, s.to <= '24:00'))",message="spans end at \"24:00\" at the latest: nobody is called past midnight"
	Windows WeekSchedule `json:"windows"`

	// pace bounds how hard the campaign pushes.
	// +optional
	// +kubebuilder:default={}
	Pace Pace `json:"pace,omitzero"`

	// stopOn lists what takes a lead out before the last step: Booked, Replied,
	// OptedOut. OptedOut must be among them: an opt-out always ends it. Default:
	// all three.
	// +optional
	// +listType=set
	// +kubebuilder:default={Booked,OptedOut,Replied}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	// +kubebuilder:validation:XValidation:rule="'OptedOut' in self",message="must contain OptedOut: an opt-out always ends the campaign for a lead"
	StopOn []StopReason `json:"stopOn,omitempty"`

	// budget ends the campaign when so much has been used in this run. Without
	// it only the audience does.
	// +optional
	Budget *Budget `json:"budget,omitempty"`

	// variants compare different wordings: each lead is given one of them, at
	// random by weight, and keeps it. The status counts each one's results.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:XValidation:rule="self.exists(v, v.weight > 0)",message="at least one variant needs a weight above 0"
	Variants []Variant `json:"variants,omitempty"`

	// startTime is when the campaign begins, in RFC 3339, for example
	// "2026-09-01T08:00:00Z". Without it: at once.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// endTime is when the campaign ends at the latest, in RFC 3339. Calls in
	// progress are finished. Without it: when every lead is through.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// runState is Running, or Suspended to start nothing new. Calls in progress
	// are finished; every lead goes on from where it was when the campaign runs
	// again. Default: Running.
	// +optional
	// +kubebuilder:default=Running
	RunState RunState `json:"runState,omitempty"`
}

// Audience chooses leads. What is left out does not restrict.
type Audience struct {
	// statuses that a lead may have, for example [new, no_answer]: lower-case
	// letters, digits and underscores.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=40
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^[a-z][a-z0-9_]*$')",message="must be lower-case letters, digits and underscores, like no_answer"
	Statuses []string `json:"statuses,omitempty"`

	// tags, one of which a lead must have, for example [recall-2026].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Tags []string `json:"tags,omitempty"`

	// sources, from one of which a lead must have come, for example [csv,
	// website].
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=20
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Sources []string `json:"sources,omitempty"`

	// createdWithin is how old a lead may be when it joins, for example 720h for
	// thirty days.
	// +optional
	CreatedWithin Duration `json:"createdWithin,omitempty"`
}

// StepChannel is how a step reaches a person.
//
// +kubebuilder:validation:Enum=Call;SMS
type StepChannel string

const (
	// StepChannelCall is a phone call by a voice agent; needs integrations.vapi.
	StepChannelCall StepChannel = "Call"
	// StepChannelSMS is a text message; needs integrations.twilio.
	StepChannelSMS StepChannel = "SMS"
)

// VariableValue is the value of a variable in a message or call.
//
// +kubebuilder:validation:MaxLength=500
type VariableValue string

// CampaignStep is one attempt to reach a person.
//
// +kubebuilder:validation:XValidation:rule="self.channel == 'SMS' ? has(self.message) : !has(self.message)",fieldPath=".message",message="must be set when channel is SMS, and only then"
// +kubebuilder:validation:XValidation:rule="!has(self.assistantID) || self.channel == 'Call'",fieldPath=".assistantID",reason=FieldValueForbidden,message="may only be set when channel is Call"
type CampaignStep struct {
	// name of the step, for example first-call. It must be unique within the
	// campaign and should not change: where each lead stands is kept by this
	// name.
	// +required
	Name Identifier `json:"name"`

	// channel is Call, which needs the tenant's integrations.vapi, or SMS, which
	// needs integrations.twilio.
	// +required
	Channel StepChannel `json:"channel"`

	// after is how long to wait after the step before, or after joining for the
	// first step, for example 24h. The next window then decides. At most 8760h,
	// a year. Default: 0s.
	// +optional
	// +kubebuilder:default="0s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('8760h')",message="must be at most 8760h, a year"
	After Duration `json:"after,omitempty"`

	// assistantID is the Vapi assistant that speaks in this call. Without it:
	// the tenant's.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_-]+$`
	AssistantID string `json:"assistantID,omitempty"`

	// message is the text to send when channel is SMS, as a Go template. It may
	// use .Lead.FirstName, .Lead.Name, .Tenant.DisplayName, .BookingURL and
	// .Variables.NAME. Example: "Hi {{.Lead.FirstName}}, your check-up is due."
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1200
	Message string `json:"message,omitempty"`

	// variables for the voice agent or the message, for example {offer: "free
	// check-up"}. Those of the lead's variant take precedence. At most 30, each
	// of at most 500 characters.
	// +optional
	// +kubebuilder:validation:MaxProperties=30
	Variables map[string]VariableValue `json:"variables,omitempty"`

	// attempts is how often this step is tried until the person is reached, from
	// 1 to 10. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10
	Attempts int32 `json:"attempts,omitempty"`

	// retryAfter is how long to wait before the next attempt of this step, for
	// example 24h. From 15m to 720h. Default: 24h.
	// +optional
	// +kubebuilder:default="24h"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('15m') && duration(self) <= duration('720h'))",message="must be from 15m to 720h"
	RetryAfter Duration `json:"retryAfter,omitempty"`
}

// Pace bounds how hard a campaign pushes. All bounds hold together.
type Pace struct {
	// concurrentCalls is how many calls may be live at once, from 1 to 100. It
	// should not exceed what the Vapi account allows. Default: 1.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	ConcurrentCalls int32 `json:"concurrentCalls,omitempty"`

	// perMinute is how many attempts may begin in a minute, from 1 to 600.
	// Default: 4.
	// +optional
	// +kubebuilder:default=4
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=600
	PerMinute int32 `json:"perMinute,omitempty"`

	// perDay is how many attempts may begin on one date in the tenant's zone,
	// from 1 to 100000. Default: 300.
	// +optional
	// +kubebuilder:default=300
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	PerDay int32 `json:"perDay,omitempty"`

	// spacing is the least time between the beginnings of two attempts, for
	// example 15s. At most 1h. Default: 15s.
	// +optional
	// +kubebuilder:default="15s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || duration(self) <= duration('1h')",message="must be at most 1h"
	Spacing Duration `json:"spacing,omitempty"`
}

// StopReason takes a lead out of a campaign.
//
// +kubebuilder:validation:Enum=Booked;OptedOut;Replied
type StopReason string

const (
	// StopReasonBooked means that the lead made a booking.
	StopReasonBooked StopReason = "Booked"
	// StopReasonOptedOut means that the lead does not want to be contacted.
	StopReasonOptedOut StopReason = "OptedOut"
	// StopReasonReplied means that the lead wrote back.
	StopReasonReplied StopReason = "Replied"
)

// Budget bounds what one run of a campaign may use.
//
// +kubebuilder:validation:XValidation:rule="has(self.calls) || has(self.spend)",message="needs calls or spend"
type Budget struct {
	// calls is how many calls may be made.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000000
	Calls *int32 `json:"calls,omitempty"`

	// spend is how much calls and messages may cost, as reported by the
	// providers.
	// +optional
	Spend *Money `json:"spend,omitempty"`
}

// Variant is one of several wordings that are compared.
type Variant struct {
	// name of the variant, for example a. It must be unique within the campaign.
	// +required
	Name Identifier `json:"name"`

	// weight is this variant's share, in proportion to the sum of all weights,
	// from 0 to 1000. A variant with weight 0 is given to no further leads;
	// those who have it keep it.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Weight int32 `json:"weight"`

	// variables that take precedence over those of the steps.
	// +optional
	// +kubebuilder:validation:MaxProperties=30
	Variables map[string]VariableValue `json:"variables,omitempty"`
}
