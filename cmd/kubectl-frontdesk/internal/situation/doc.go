// Package situation says how a tenant is, why, and what to do next.
//
// Read collects what the cluster has about one Tenant into plain data (a Situation); everything else is
// pure: Steps turns it into advice and Tree into lines. A Situation holds names of Secrets and of their
// entries, never a value. What the user may not read is said to be unknown; it is no error.
package situation
