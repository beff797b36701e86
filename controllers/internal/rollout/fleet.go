package rollout

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"
)

// Health is how a tenant is, as far as a rollout cares.
type Health int

const (
	// Unknown is when the pods have not been heard of since this operator started.
	Unknown Health = iota
	// Healthy is when every wanted pod serves the desired revision, or the last good one while none can be desired, and
	// nothing is degraded.
	Healthy
	// Unhealthy is everything else that should run.
	Unhealthy
	// Suspended is when no pod is wanted.
	Suspended
)

// Tenant is what is known of one tenant.
type Tenant struct {
	// Name is namespace/name.
	Name string
	// Pending: what its pods are made from is not the target.
	Pending bool
	Health  Health
	// Progressing: it is unhealthy only because what was asked for is still being done, such as taking up
	// the configuration that a newer operator writes.
	Progressing bool
	// Since when the health has been what it is.
	Since time.Time
	// Message says what is wrong with an unhealthy tenant.
	Message string
	// Asked identifies what the tenant's owner asks for, and changes with each edit; empty when it is not known.
	Asked string
	// Opens and Closes are the tenant's opening as of its last pass; zero when it has no windows.
	Opens, Closes time.Time
	// Volunteer tenants are canaries before all others.
	Volunteer bool
	// KeepsServing: a template that does not work leaves the pods of the one before in place. Of others
	// such a template takes the only pod away, so that they make bad canaries.
	KeepsServing bool
}

// open says whether the tenant may be rolled now.
func (t Tenant) open(now time.Time) bool {
	return !t.Opens.After(now) && (t.Closes.IsZero() || t.Closes.After(now))
}

// ordered sorts tenants as they should be rolled. Within a class the order is by a hash, so that it is
// not always the same business that is the canary.
func ordered(tenants []Tenant, revision string) []Tenant {
	type ranked struct {
		Tenant
		hash [sha256.Size]byte
	}
	all := make([]ranked, len(tenants))
	for i, t := range tenants {
		all[i] = ranked{t, sha256.Sum256([]byte(revision + "\x00" + t.Name))}
	}
	first := func(a, b bool) int {
		switch {
		case a == b:
			return 0
		case a:
			return -1
		default:
			return 1
		}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(first(a.Volunteer, b.Volunteer), first(a.KeepsServing, b.KeepsServing),
			slices.Compare(a.hash[:], b.hash[:]), cmp.Compare(a.Name, b.Name))
	})
	sorted := make([]Tenant, len(all))
	for i, t := range all {
		sorted[i] = t.Tenant
	}
	return sorted
}

// Counts say how far a rollout is, for metrics. Each tenant is counted once.
type Counts struct {
	// Current have the target; Updating are in a wave; Failed count against the budget.
	Current, Updating, Failed int
	// Waiting will be rolled later, in this wave or another; Closed when their window opens; Held when they are healthy
	// again, or somebody asks for it.
	Waiting, Closed, Held int
}

// Count sorts the fleet by what becomes of each tenant.
func Count(now time.Time, fleet []Tenant, s State) Counts {
	members := map[string]bool{}
	for _, m := range s.Wave.Members {
		members[m.Tenant] = true
	}
	var c Counts
	for _, t := range fleet {
		switch {
		case members[t.Name]:
			c.Updating++
		case s.HasFailed(t.Name):
			c.Failed++
		case !t.Pending:
			c.Current++
		case t.Health == Unhealthy:
			c.Held++
		case t.Health != Suspended && !t.open(now):
			c.Closed++
		default:
			c.Waiting++
		}
	}
	return c
}
