// Command chaos kills what runs bookings, again and again, while clients book and cancel, and then judges whether any
// promise was broken. Run it by `make chaos`; CHAOS_KILLS says how many kills there are.
//
// Two topologies, one after the other: two servers on one Postgres, where now a server is killed (SIGKILL) and now
// Postgres (SIGQUIT: it drops everything and recovers when it starts again); and one server on SQLite. They are the
// real server binary and a real Postgres with durable settings, on loopback, and die with this program.
//
// Clients race for a handful of half-hour slots, over HTTP. Every change carries an idempotency key; most clients
// repeat a change, with the same key and on whichever server answers, until they know its outcome, and some give up
// at the first failure. What each asked and was told, and when, is the history (history.go). After each kill there
// must be at least 50 acknowledged changes before the next.
//
// In the end everything is killed once more and judged (judge.go):
//
//   - The history must be linearizable. Slots do not touch each other, so each is a register of its own that holds
//     the booking that lives in it, or none (model.go). A change whose outcome its client never learned may have taken
//     effect at any moment since, or never. The whole history of a slot that could not have happened is printed.
//   - Read from the tables: every acknowledged booking and cancellation must be there (lost), no two live bookings may
//     overlap (overlaps), and no idempotency key may have had two effects (duplicate_effects). The final state is also
//     the last entry of the history.
//
// The rows go to out/chaos.json. The program fails if any promise was broken.
package main
