// Package tenantconfig is the document between the two planes: the operator renders it, the server
// reads it, and nothing else couples them.
//
// A tenant's configuration is a Bundle: a flat set of named byte strings that travels as one
// Kubernetes Secret and is mounted as one folder. The key tenant.yaml holds a Document; every
// other key holds one secret value that the Document refers to by name (a database URL, a
// provider's token). The Revision of a Bundle is a digest over all of its keys, so a rotated
// secret is a new revision although tenant.yaml is unchanged. Both planes compute it with
// Bundle.Revision, and "served" means that a server reports the very digest that the operator wrote.
//
// Documents are versioned major.minor. A server refuses another major version, and fields that a minor
// version which it knows does not have; it ignores unknown fields of a newer minor version, so that a newer
// operator never freezes an older server. The operator renders the highest version that every
// running server reports to support (see Status.DocumentVersions, Negotiate and Document.Restrict).
//
// The package never does I/O beyond reading the folder it is given, never talks to Kubernetes, and
// knows nothing of how bookings are made. Validate checks everything that can be known from the
// document alone; it runs on both sides, so what the operator accepted the server accepts too. Policy.Schedule
// compiles opening hours for package availability on both sides for the same reason: there is one meaning of
// them.
package tenantconfig
