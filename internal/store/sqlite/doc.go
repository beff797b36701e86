// Package sqlite keeps bookings in one SQLite file. It is the embedded default: a tenant with one server and no
// database to run.
//
// All writes go through one connection and start with BEGIN IMMEDIATE, so a transaction that has begun is alone and what it
// reads stays true until it commits. Overlap is refused by triggers all the same: the rule holds for every
// program that opens the file. Reads have connections of their own, which the write-ahead log lets run beside the writer.
// A commit is on disk before it is acknowledged (synchronous=FULL).
//
// Instants are integers, microseconds since 1970 in UTC; ranges are half-open. The clock that decides is
// SQLite's own, which counts milliseconds.
//
// The package needs a local file system with locks that work: no NFS, and one server at a time.
package sqlite
