package v1alpha1

// Alerts says who is told, and of what.
type Alerts struct {
	// emails of those who are told of the tenant's alerts, and when they are over.
	// The platform's Alertmanager sends them, each address a message of its own:
	// alerts of the same severity together, new ones at most every five minutes,
	// what goes on every twelve hours. It takes a platform that offers this;
	// MonitoringReady says when it does not.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Emails []EmailAddress `json:"emails,omitempty"`

	// slo is the service level that is promised. From it come the tenant's
	// alerts in Prometheus. Without it the platform's default holds.
	// +optional
	SLO *ServiceLevelObjective `json:"slo,omitempty"`
}

// ServiceLevelObjective is a promise that is measured over 30 days.
type ServiceLevelObjective struct {
	// availability is the share of requests that must not fail, in per cent, as
	// a decimal number in quotes: from "90" to "99.999". Default: 99.9.
	// +optional
	// +kubebuilder:default="99.9"
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:XValidation:rule="self.matches('^9[0-9]([.][0-9]{1,3})?$')",message="must be a percentage in quotes from \"90\" to \"99.999\", like \"99.9\""
	Availability string `json:"availability,omitempty"`

	// latency within which 99 of 100 requests must be answered, for example
	// 300ms. From 10ms to 30s. Default: 300ms.
	// +optional
	// +kubebuilder:default="300ms"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$') || (duration(self) >= duration('10ms') && duration(self) <= duration('30s'))",message="must be from 10ms to 30s"
	Latency Duration `json:"latency,omitempty"`
}

// Updates says which version a tenant runs, and when it may change.
type Updates struct {
	// version pins the server to a release, for example 1.4.2. Without it the
	// tenant follows the platform's version, in waves. Another pin is applied at
	// once, or when the next window opens. A version that the operator does not
	// support is refused in ConfigurationValid, and what runs keeps running.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('^[0-9]+[.][0-9]+[.][0-9]+(-[0-9A-Za-z.-]+)?$')",message="must be a release like 1.4.2, without a leading v"
	Version string `json:"version,omitempty"`

	// windows in which the tenant's pods may be rolled to another version, as
	// wall-clock time in the tenant's zone. For example every night from three
	// to five: [{days: [Mon, Tue, Wed, Thu, Fri, Sat, Sun], spans: [{from:
	// "03:00", to: "05:00"}]}]. Without windows: at any time. Configuration is
	// not affected: it is reloaded at once and without a restart.
	// +optional
	Windows WeekSchedule `json:"windows,omitempty"`
}
