// Package sandbox starts the supervisor in namespaces of its own, so that
// nothing of a cluster can outlive it.
//
// As root on Linux the supervisor gets new mount, network and PID namespaces.
// The first process in there is a small init (this same program), which
// prepares the mounts, starts the supervisor and collects orphans. When it
// ends, for whatever reason, the kernel kills every process of the PID
// namespace, containers included; with the last of them go the mounts, the
// iptables chains, the addresses and the link to the host.
//
// Without root the supervisor is an ordinary process, and its children end
// with it by the parent-death signal.
//
// A lifeline may be given: a pipe whose far end the caller holds open. When the
// caller is gone, even by SIGKILL, the supervisor reads the end of the pipe and
// shuts down.
package sandbox
