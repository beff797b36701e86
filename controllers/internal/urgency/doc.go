// Package urgency orders what wakes a controller.
//
// A fleet that converges, rolls or comes back after a restart of the operator makes events by the thousand: pods,
// Deployments, answers of servers. Whoever edits an object waits for one pass over it, and must not wait behind
// them. So each source of work has a level, and a queue hands out the higher levels first. What becomes of a
// tenant's pods comes in bursts, too, so that news are gathered for a moment: many of them make one pass.
//
// It needs the priority queue that controller-runtime gives to every controller.
package urgency
