// Package document turns the three kinds of the API into the tenant document that a server reads.
//
// It is pure: no client, no clock, no randomness. The same objects always yield the same bytes, or
// the same faults. What is right and wrong is decided by tenantconfig.Validate alone, which the server
// runs as well; this package translates what it finds into the terms of the person who wrote the YAML:
// the object and the path of the field within it.
package document
