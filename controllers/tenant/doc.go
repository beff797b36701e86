// Package tenant runs one booking service for each Tenant.
//
// A pass over a Tenant reads everything once (scope.go), composes the tenant document and its bundle of
// secrets (compose.go), renders the objects that should exist (one pure function in one file each),
// applies them (controllers/internal/apply), takes note of what the servers say that they run
// (controllers/internal/probe), and writes the status once, if it changed (status.go and its
// neighbours: pure functions from scope to conditions).
//
// What always holds:
//
//   - Ready=True means that every wanted pod serves the desired revision, by its own account.
//   - A broken configuration touches nothing that serves: the config Secret of the last good revision
//     stays as it is, and nothing is half-made. What shapes pods is independent of it
//     (docs/adr/0042-broken-configuration-holds-back-configuration-only.md).
//   - Configuration is no part of the pod template. It reaches the pods through one mounted Secret, so
//     that no change of it, of a policy or of a credential restarts anything.
//   - A newer operator, or another image, changes no pod before the tenant's turn in the rollout, while the
//     tenant's own edits are applied at once: see template.go, update.go and controllers/fleet.
//   - Data (the volume) has no owner reference. It goes only by deletionPolicy: Delete, and is taken
//     over from a former tenant only with database.adopt.
//   - An object of our name that this Tenant does not control is never touched.
//   - When nothing changes, nothing is written.
package tenant
