// Package server puts one tenant's data plane together: configuration in, Run until stopped, everything closed
// behind it. cmd/server is a thin main around it, and tests start the same Server.
//
// A Server has two listeners. The public one serves the API and the dashboard. The internal one serves
// health, metrics and the status by which the operator learns which revision is served; it is never routed
// from outside. Both listen from the start; until the first valid configuration has arrived the public one
// answers 503 and the internal one says why.
//
// A change of configuration restarts nothing. The newest revision is validated as a whole, its database is
// opened (and migrated) if it is another one, and then the current tenant is swapped in one step: requests
// that run keep what they began with, and the old database closes when its last request has ended. A
// revision that cannot be served is refused: the old one stays, and the log, a metric and the status
// say why. What may pass, such as a database that is away, is tried again.
//
// The package never talks to the Kubernetes API and does not import its clients; a test holds that line.
package server
