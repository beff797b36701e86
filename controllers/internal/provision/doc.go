// Package provision makes and removes tenants' databases on PostgreSQL servers that the platform defined.
//
// For one tenant there are, all named after its namespace and name (names.go):
//
//   - an owner role that cannot log in and owns the database and everything in it;
//   - a database that nobody else may connect to, with the extensions that the server's migrations need;
//   - two login roles, a and b, both members of the owner role and acting as it from the start of a session.
//     Only one of them is in use. To rotate, the idle one gets a new password, the pods are given that, and
//     when the last connection of the other has ended, that one can no longer log in. So at every moment
//     the credential that any pod holds is a good one.
//
// Beside them is one database without content, and its owner role, in which operators hold locks (lockdb.go).
//
// What always holds:
//
//   - Each role and database carries a marker (marker.go), a comment that says for which Tenant it was made.
//     What carries no marker of this Tenant is never changed or dropped, unless adoption was allowed, and
//     what carries the marker of another tenant not even then.
//   - Every step may be repeated, and may be the last one before the process is killed. Passwords are derived from the
//     operator's root key and a serial number that the server keeps too, so that two operators who race set
//     the same password.
//   - Passwords travel and are logged as SCRAM verifiers only.
//   - Nothing that an operator waits for is in the reach of a tenant's login, but what is that tenant's own.
//   - No row of a tenant is ever read or written.
//   - No error that leaves this package as a Problem holds an address, a user or a password.
//
// Engine (engine.go) does one thing on one server now. Runner does it in the background, with patience for a
// server that is away, so that no reconcile worker ever waits for a database. Plan says what is to be done
// next. SQL is built by pure functions (sql.go).
package provision
