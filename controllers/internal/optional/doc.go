// Package optional knows which of the APIs that a cluster may lack are served, at every moment: the Gateway
// API, the Prometheus operator, CloudNativePG.
//
// The name of each kind's CustomResourceDefinition is watched, in metadata only. When the definition appears
// and the API server serves the kind, a cache of that kind alone is started and every object that may want
// one is woken, at low priority. When the definition goes, the cache is dropped and all are woken again. There
// is no polling, no restart, and no watch that fails again and again because its kind is not there. When the definitions
// cannot be listed, what is served at the start is used, it is logged, and the watch goes on trying.
//
// An API server that cannot say whether it serves a kind is asked again, at least every 30 seconds, and for as long as it
// takes. Meanwhile the kind is unknown, which is not the same as absent: there may be objects of it. So it is, too, while the
// objects of a kind that is served cannot be listed, and of a definition that is there without the version that is needed.
//
// Each kind has a cache of its own, apart from the manager's: that one refuses selectors for kinds that do not
// exist yet, and could not be rid of one kind.
//
// The package decides nothing about the objects: who renders them asks Absent, once a pass, and leaves out
// what is; and forgets and gives up nothing for the sake of a kind that is unknown.
package optional
