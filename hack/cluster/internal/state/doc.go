// Package state names every file of a cluster and keeps its record.
//
// One directory holds everything that a cluster writes, so several clusters
// live side by side and removing the directory removes all of it. The package
// knows paths, the record (what was chosen at start: addresses, mode, process)
// and the lock that says whether a supervisor is alive. It never starts or ends
// a process.
package state
