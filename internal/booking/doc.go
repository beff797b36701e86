// Package booking is the domain: what a booking is, which rules it obeys, and the Service that makes,
// reads and cancels bookings for one tenant.
//
// The Service compiles the tenant's document into a Catalog (services, resources, schedules), asks
// package availability what could be offered, and asks a Store to keep what was decided. The Store,
// not the Service, guarantees that no two live bookings overlap on one unit of a resource: the
// Service proposes, the database disposes. That is why nothing here is check-then-insert, and why
// every deciding read happens inside the Store's own statement or transaction.
//
// # Finding the way
//
//   - [NewCatalog] compiles a document; a plan (plan.go) is one way to book a service.
//   - [Service.Book] judges a start by hours, grid and notice without reading anything, proposes up to
//     [MaxCandidates] assignments, and calls [Store.Book] once. Only a booking that lost, or is refused, reads
//     what is taken (facts.go): to try what is left, and to offer alternatives (alternatives.go).
//   - [Service.Slots] and [Service.Explain] read the same facts and ask the same engine, so what is
//     offered and what can be booked differ only by what happened in between.
//   - refuse.go has the words of every refusal.
//
// # Which policy applies
//
// A resource's policy is its timetable: an appointment lies within the open hours of every resource that
// it occupies. Every other rule, such as grid, notice, buffers, limits, cut-offs and confirmation, is that of
// the tenant's policy, so that it can be told before anybody is chosen. Limits count all bookings of
// the tenant.
//
// # Who serves
//
// Where any of several will do, those who are free are tried in random order, which is fair without reading
// anything. A group is different: people join the session that exists. A wish for one resource
// narrows the requirement that lists it with the fewest others.
//
// # Who waits
//
// A change that frees time hands the Store an [Offering]: the rules by which that time becomes the offer of whoever is first
// in the waitlist. The Store chooses in its own transaction and the rules are pure, so nobody else sees the time as free
// in between. Lapsed holds have no transaction: whoever reads what is free hands their time on first ([Service.HandOn]).
//
// # Repeated requests
//
// A request that repeats an earlier one by its idempotency key is answered with the booking made then, as
// it is now, even when the rules would refuse it today. A refusal because of what is booked claims the key too, before it is
// answered: a copy of the request that is still on its way must not book what its caller was refused. It is repeated until the
// key expires. What the rules alone refuse, whatever is booked, claims nothing. (ADR 0004)
//
// Every error that a caller may see is an *Error with a machine code and a message that says what to
// do. The package knows nothing of HTTP, of SQL or of Kubernetes, keeps no state between calls, and takes
// its clock from outside. What depends on the moment of writing, such as holds and cut-offs, goes by
// the Store's clock.
package booking
