// Package control is how commands talk to a running supervisor: one request
// and one answer, JSON, over a Unix socket in the state directory. A request may
// carry an open file: a listener of the host to forward from, or an image
// archive to load, neither of which the supervisor could open itself.
package control
