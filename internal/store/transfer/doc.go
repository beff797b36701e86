// Package transfer copies a tenant's data from SQLite to PostgreSQL: the one way to change a tenant's engine.
//
// Nobody may serve either database meanwhile; whoever starts a copy sees to that. The copy is one transaction on the
// PostgreSQL side, so that it is there whole or not at all. Each table is read back and compared, by the
// number of its rows and by a digest of their content, before the transaction ends. The SQLite file is not
// changed, but for being brought to the newest schema first.
//
// Tables and columns are found in the two schemas themselves, whose names are the same. What differs is
// converted by the type of the PostgreSQL column (convert.go): instants, lists and JSON by rule, and two composites
// by name. A table or column that has no counterpart stops the copy: nothing is left behind in silence.
//
// A target that holds anything is refused, unless it is a copy of the same tenant that was finished before:
// then there is nothing left to do. So an attempt that was killed can be repeated. But if the source has changed since,
// that is refused too: what was written to it in between would be lost.
package transfer
