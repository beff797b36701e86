// Package booking is the domain: what a booking is, which rules it obeys, and the Service that makes,
// reads and cancels bookings for one tenant.
//
// The Service compiles the tenant's document into a Catalog (services, resources, schedules), asks
// package availability what could be offered, and asks a Store to keep what was decided. The Store,
// not the Service, guarantees that no two live bookings overlap on one unit of a resource: the
// Service proposes, the database disposes. That is why nothing here is check-then-insert, and why
// every deciding read happens inside the Store's own statement or transaction.
//
// Every error that a caller may see is an *Error with a machine code and a message that says what to
// do. The package knows nothing of HTTP, of SQL or of Kubernetes, keeps no state between calls
// besides the current Catalog, and takes its clock from outside.
package booking
