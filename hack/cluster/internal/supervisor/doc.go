// Package supervisor runs a cluster: it starts the components in the order
// that their dependencies allow, keeps them running, answers the control socket,
// provisions volumes, forwards Services, and takes everything down again.
//
// It is the only process that knows the whole; commands ask it. It keeps
// nothing outside the state directory but the control group, which it removes.
package supervisor
