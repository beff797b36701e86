// Package hostclaim makes sure that no two tenants of a cluster ever have the same host.
//
// A claim is a Lease in the operator's namespace that is named by a hash of the host. Who creates it has the
// host: the API server lets exactly one creation succeed, which no admission policy and no look at other
// tenants could promise. The holder is named with the UID, so that a tenant that is made anew under an old name
// is another one. A claim is released by its holder, released or taken over when its holder exists no more; all go by
// the Lease's UID or resourceVersion, so that of several who try only one succeeds. No host is a tenant's because a cache
// says so: a claim counts once the API server itself has shown it, as it is in the cache.
//
// A holder in a namespace that the operator does not serve cannot be looked at, and may still be routed. Its claim is
// therefore never taken over; ErrBeyondReach has a person decide.
//
// A claim never expires, whatever its kind is called: a host must not change hands because an operator was
// down. Claims hold within one installation of the operator: two of them do not know of each other.
package hostclaim
