package situation

import (
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/outline"
)

// Situation is what is known of one tenant. Its JSON is what `status -o json` prints.
type Situation struct {
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`

	Ready   bool   `json:"ready"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// Current is false while the operator has not looked at the newest spec yet.
	Current   bool `json:"current"`
	Suspended bool `json:"suspended"`
	Deleting  bool `json:"deleting"`

	URL        string      `json:"url,omitempty"`
	Host       string      `json:"host,omitempty"`
	Version    string      `json:"version,omitempty"`
	Revision   Revision    `json:"revision"`
	Database   Database    `json:"database"`
	Conditions []Condition `json:"conditions"`
	Policies   []Policy    `json:"policies"`
	Secrets    []Secret    `json:"secrets"`
	Objects    []Object    `json:"objects"`
	Pods       []Pod       `json:"pods"`
	Campaigns  []Campaign  `json:"campaigns"`
	Steps      []Step      `json:"nextSteps"`

	operator operator
}

// Revision compares the configuration that is wanted with the one that is served.
type Revision struct {
	Desired  string `json:"desired,omitempty"`
	Served   string `json:"served,omitempty"`
	Document string `json:"documentVersion,omitempty"`
}

// Database is the tenant's database.
type Database struct {
	Engine      string `json:"engine"`
	MigrateFrom string `json:"migrateFrom,omitempty"`
	Schema      int64  `json:"schemaVersion,omitempty"`
}

// Verdict is how one thing is.
type Verdict string

// The verdicts.
const (
	Fine    Verdict = "fine"
	Wrong   Verdict = "wrong"
	Pending Verdict = "pending"
	Unknown Verdict = "unknown"
	// NotAsked is for what the spec does not ask for, AtRest for what is suspended.
	NotAsked Verdict = "notAsked"
	AtRest   Verdict = "atRest"
)

var marks = map[Verdict]outline.Mark{
	Fine: outline.Good, Wrong: outline.Bad, Pending: outline.Waiting, Unknown: outline.Unknown, NotAsked: outline.Idle, AtRest: outline.Idle,
}

// Condition is one of the Tenant's conditions, judged.
type Condition struct {
	Type    string  `json:"type"`
	Status  string  `json:"status"`
	Reason  string  `json:"reason"`
	Message string  `json:"message"`
	Verdict Verdict `json:"verdict"`
}

// Policy is a BookingPolicy that the Tenant names.
type Policy struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	State   string  `json:"state"`
}

// Secret is an entry of a Secret that the Tenant names.
type Secret struct {
	Field   string  `json:"field"`
	Name    string  `json:"name"`
	Key     string  `json:"key"`
	Verdict Verdict `json:"verdict"`
	State   string  `json:"state"`
	// Exists tells a Secret without the entry from no Secret at all.
	Exists bool `json:"exists"`
}

// Object is one that was made for the tenant.
type Object struct {
	Group   string  `json:"group,omitempty"`
	Kind    string  `json:"kind"`
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	State   string  `json:"state"`
}

// Pod is one that serves the tenant, or should.
type Pod struct {
	Name     string `json:"name"`
	Node     string `json:"node,omitempty"`
	Ready    bool   `json:"ready"`
	Restarts int32  `json:"restarts"`
	// Trouble is the reason that keeps it from serving, such as CrashLoopBackOff, and Detail what is known of
	// it; both empty when nothing does.
	Trouble string `json:"trouble,omitempty"`
	Detail  string `json:"detail,omitempty"`
	// Serves is the revision that it serves; empty when that is not known.
	Serves string `json:"serves,omitempty"`
	// Refuses says why it does not take the newest revision.
	Refuses string `json:"refuses,omitempty"`
	Phase   string `json:"phase"`
}

// Campaign is one that runs in the tenant's name.
type Campaign struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	State   string  `json:"state"`
}

// Step is one thing to do, and the commands that do it or show more.
type Step struct {
	Do       string   `json:"do"`
	Commands []string `json:"commands,omitempty"`
}
