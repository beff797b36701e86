// Package storetest is the conformance suite of booking.Store. Every store passes it on its real database.
//
// It knows stores only through the contract: it opens, uses, crashes and reopens them, and checks what they say with
// plain Go code. It waits on conditions, by the database's clock, and never for a fixed time.
package storetest
