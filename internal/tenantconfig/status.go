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
