// Package standin plays, for tests on an API server without nodes, the parts that a node plays: it makes
// the pods of Deployments, mounts the config Secret into them, refreshes it when a pod is nudged, and
// answers the internal status endpoint of each pod over real HTTP with what a server would say.
//
// It reads configuration with the server's own code (tenantconfig), so that a document which a server
// would refuse is refused here too. It makes no bookings.
package standin
