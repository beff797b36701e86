package tenantconfig

import "time"

// StatusPath is where a server answers what it runs, on its internal port. With the query parameter
// until=<revision> the request waits, up to StatusWait, for that revision to be served or refused.
// Requests carry "Authorization: Bearer <token>" with the token of Access.StatusTokenKey.
const (
	StatusPath = "/internal/v1/status"
	StatusWait = 20 * time.Second
)

// Ports of a server's container.
const (
	// PublicPort serves the API and the dashboard.
	PublicPort = 8080
	// InternalPort serves status, health and metrics. It is never routed from outside.
	InternalPort = 9090
)

// Status is a server's own account of what it runs: the body of a GET to StatusPath.
type Status struct {
	// Revision is the Bundle.Revision that is being served.
	Revision string `json:"revision"`
	// Refused is the newest revision that was seen and found bad, if that is newer than Revision.
	Refused *Refusal `json:"refused,omitempty"`
	// Version is the server's build version; DocumentVersions what it can read.
	Version          string         `json:"version"`
	DocumentVersions []string       `json:"documentVersions"`
	Database         DatabaseStatus `json:"database"`
	StartTime        time.Time      `json:"startTime"`
	// Campaigns is how far each campaign of the document has come. A server that runs campaigns always sends
	// the list, an empty one too; nil means that it does not run any.
	Campaigns []CampaignProgress `json:"campaigns"`
}

// CampaignState is what a server does about a campaign.
type CampaignState string

// The states of a campaign.
const (
	// CampaignScheduled has not begun: its start time is still to come.
	CampaignScheduled CampaignState = "Scheduled"
	// CampaignRunning makes attempts.
	CampaignRunning CampaignState = "Running"
	// CampaignOutsideWindow waits for the next calling window.
	CampaignOutsideWindow CampaignState = "OutsideWindow"
	// CampaignProviderPaused waits for a provider: no credit, or too many calls at once.
	CampaignProviderPaused CampaignState = "ProviderPaused"
	// CampaignSuspended starts nothing new, as its run state says.
	CampaignSuspended CampaignState = "Suspended"
	// CampaignBudgetExhausted has used up what it may.
	CampaignBudgetExhausted CampaignState = "BudgetExhausted"
	// CampaignEndTimeReached is over because of its end time.
	CampaignEndTimeReached CampaignState = "EndTimeReached"
	// CampaignCompleted is over: every lead is through.
	CampaignCompleted CampaignState = "Completed"
)

// CampaignProgress is how far one run of a campaign has come.
type CampaignProgress struct {
	Name string `json:"name"`
	// Run is the number of the round; counts begin anew with each.
	Run   int32         `json:"run"`
	State CampaignState `json:"state"`
	// Message says more about the state, for people; it may be empty.
	Message string         `json:"message,omitempty"`
	Counts  CampaignCounts `json:"counts"`
	// Spent is nil while no provider has said what anything costs.
	Spent *Money `json:"spent,omitempty"`
	// NextAttempt is when the next call or message is due; nil when none is planned.
	NextAttempt *time.Time        `json:"nextAttempt,omitempty"`
	Variants    []VariantProgress `json:"variants,omitempty"`
}

// CampaignCounts count leads. Within a run they only grow.
type CampaignCounts struct {
	Targeted  int64 `json:"targeted"`
	Attempted int64 `json:"attempted"`
	Connected int64 `json:"connected"`
	Booked    int64 `json:"booked"`
	OptedOut  int64 `json:"optedOut"`
	Failed    int64 `json:"failed"`
}

// VariantProgress counts the leads of one variant.
type VariantProgress struct {
	Name   string         `json:"name"`
	Counts CampaignCounts `json:"counts"`
}

// Money is a decimal amount, such as "12.50", in a currency of ISO 4217.
type Money struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Refusal says why a revision is not served.
type Refusal struct {
	Revision string `json:"revision"`
	Message  string `json:"message"`
}

// DatabaseStatus is the state of the database as the server sees it.
type DatabaseStatus struct {
	Engine Engine `json:"engine"`
	// SchemaVersion is the number of the newest migration applied.
	SchemaVersion int64 `json:"schemaVersion"`
	Reachable     bool  `json:"reachable"`
	// Message says what is wrong when Reachable is false.
	Message string `json:"message,omitempty"`
}
