package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// stateVersion is of the shape below. It grows by fields that an older operator may ignore; a change that
// it may not ignore takes another number. An older operator drops Wave.Left and Wave.Pool: for it the
// wave ends with the members that it has, and who was left comes in the next. Without Member.Asked nobody is excused.
const stateVersion = 1

// State is all that is remembered between two decisions and over a restart. Tenants are named
// namespace/name.
type State struct {
	Version int    `json:"version"`
	Target  Target `json:"target"`
	// TargetedAt is when this target was first seen.
	TargetedAt time.Time `json:"targetedAt,omitzero"`
	// StartedAt is when the first tenant was admitted to this target, FinishedAt when none was pending
	// any more; null until then.
	StartedAt  *time.Time `json:"startedAt,omitempty"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	// Wave is the one that is under way, or the last one.
	Wave Wave `json:"wave"`
	// Failed are the tenants that count against the failure budget.
	Failed []Failure `json:"failed,omitempty"`
	// Rescue are tenants that an earlier target, or an earlier attempt at this one, left unhealthy. They
	// come first, whether they are healthy or not, and outside their windows.
	Rescue []string `json:"rescue,omitempty"`
	// Halted says why nobody is admitted any more; null while the rollout may go on.
	Halted *Halt `json:"halted,omitempty"`
	// Resumed is the last request to resume that was answered.
	Resumed string `json:"resumed,omitempty"`
}

// Target is what is rolled out.
type Target struct {
	// Revision is a digest of all that the platform puts into the pod template of a tenant that is pinned to no release.
	Revision string `json:"revision"`
	// Pins is a digest of the releases that tenants may be pinned to; empty when there are none.
	Pins string `json:"pins,omitempty"`
	// Release is the version of the server in it, for people.
	Release string `json:"release"`
}

// Wave is a group of tenants that are rolled together. It ends when it has no members and nobody is left.
type Wave struct {
	// Number counts the waves of candidates of this target, from 1; 0 before the canaries.
	Number int `json:"number"`
	// Pool is what all of its members are chosen from.
	Pool Pool `json:"pool,omitempty"`
	// Members have been admitted and have neither passed nor failed.
	Members []Member `json:"members,omitempty"`
	// Left is how many further tenants belong to the wave, and are admitted when there is room for them.
	// Who they are is chosen then.
	Left int `json:"left,omitempty"`
}

// Pool is a group of pending tenants of which a wave is made.
type Pool string

const (
	// PoolVictims are the tenants to rescue, see State.
	PoolVictims Pool = "victims"
	// PoolCandidates are healthy, and may be rolled now.
	PoolCandidates Pool = "candidates"
	// PoolSuspended run no pods, and come last.
	PoolSuspended Pool = "suspended"
)

// Member is a tenant in a wave.
type Member struct {
	Tenant     string    `json:"tenant"`
	AdmittedAt time.Time `json:"admittedAt"`
	// Asked is Tenant.Asked as it was then; empty when an older operator admitted it.
	Asked string `json:"asked,omitempty"`
}

// Failure is a tenant that did not become, or stay, healthy.
type Failure struct {
	Tenant  string    `json:"tenant"`
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// Halt is the end of a rollout that went wrong.
type Halt struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
}

// Decode reads what Encode wrote. An empty text is the state before any rollout.
func Decode(text string) (State, error) {
	var s State
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return State{}, fmt.Errorf("read the rollout's state: %w", err)
	}
	if s.Version != stateVersion {
		return State{}, fmt.Errorf("the rollout's state has version %d, and this operator reads version %d: run the operator that wrote it, or delete the state", s.Version, stateVersion)
	}
	return s, nil
}

// Encode writes the state for people to read.
func (s State) Encode() (string, error) {
	s.Version = stateVersion
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the rollout's state: %w", err)
	}
	return string(text) + "\n", nil
}

// Member finds a tenant in the wave that is under way.
func (s State) Member(tenant string) bool {
	return slices.ContainsFunc(s.Wave.Members, func(m Member) bool { return m.Tenant == tenant })
}

// HasFailed says that the tenant counts against the failure budget.
func (s State) HasFailed(tenant string) bool {
	return slices.ContainsFunc(s.Failed, func(f Failure) bool { return f.Tenant == tenant })
}

// clone shares nothing with s.
func (s State) clone() State {
	s.Wave.Members = slices.Clone(s.Wave.Members)
	s.Failed = slices.Clone(s.Failed)
	s.Rescue = slices.Clone(s.Rescue)
	return s
}
