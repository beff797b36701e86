// Package proc runs the components of a cluster as child processes: it starts
// them with a log file each, restarts one that ends by itself, up to a limit,
// and stops them in an order that the caller gives. It knows nothing about what
// the components do.
package proc
