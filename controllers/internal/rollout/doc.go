// Package rollout decides which tenants take a new pod template, and when. It is pure: what is known of
// the fleet, the plan of the platform team, the state that was kept and the time go in; the next state
// comes out. It reads no clock, writes nothing and knows no Kubernetes.
//
// A target is what the platform wants all pods to be made from (image and template of this operator).
// A tenant is pending when its pods are made from something else. Pending tenants are admitted in waves:
// first canaries, then batches. A wave ends when each member has been healthy for the soak time; only then
// comes the next. A member that does not become healthy in time has failed; when more have failed than the
// failure budget allows, the rollout is halted until a person resumes it or there is a new target.
//
// A wave says how many tenants are trusted to the target before it has proved itself further; how many of
// them replace their pods at the same time is another matter, and Plan.Parallelism's. So a wave fills up as
// its members become healthy: each that does makes room for one that is left, and soaks meanwhile.
//
// Hazards, and what is done about each:
//
//   - Starvation. A tenant that never becomes healthy and never clearly fails would hold the wave for
//     ever. So every member either passes or fails within a bound: see Plan.limit.
//   - Canaries that prove nothing. Suspended tenants run no pods, and tenants that were unhealthy before
//     say nothing about the target. The former come last, the latter are not rolled at all until they are
//     healthy again or somebody asks for it.
//   - Owners. A tenant is unhealthy when its pods are, or refuse what they are given; not when what its owner asks for
//     makes no sense and the pods serve what was asked for before. Pods can be made to fail by an edit, too: a member whose
//     owner has asked for something else since it was admitted fails nobody's rollout but leaves it, and another comes in
//     its place, because it has proved nothing.
//   - The rollout's own victims. A tenant that is unhealthy because of the former target is no such
//     tenant: it comes first when there is a new one, because that is the mend.
//   - A crash between deciding and acting. The state is stored before anybody is admitted. Who is a member
//     stays one after a restart, and whether it has taken the template is read off the tenant, never
//     remembered: to decide again is to decide the same.
//   - Half of the fleet. After a restart tenants report one by one. Nobody is admitted before all have,
//     or a percentage would be of too few and the healthiest canaries unknown.
//   - The clock. Times are compared only with times of the same operator or of tenants' conditions; a
//     clock that jumps back makes a soak longer, never a wave larger.
//
// It never takes an admission back: a tenant whose pods have been rolled stays so until there is a new
// target. Replacing pods once more is not obviously better than those of the ReplicaSet before, which
// still serve.
package rollout
