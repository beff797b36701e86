// Package cache keeps answers that are dear to make and may be a little old: bytes, by key, for a short time.
//
// What decides something is never read from here: whether a booking fits, whether somebody opted out, whether a
// limit is reached, whether an idempotency key was used. A cached answer is only ever shown. Nor is anything kept that
// names a person: whoever is erased from the database must not live on in a cache.
//
// # Invalidation
//
// Each entry belongs to groups, and a group has a generation. An entry is made under the generations that held
// before its loading began, and is served only while they still hold. So invalidating a group is one increment, and an
// answer that was being computed while its group was invalidated is never served, however late it arrives: it is
// stored under generations that are past. Whoever asks after an invalidation does not join a load that began before it.
//
// # Levels
//
// The first level is in this process (otter: bounded, and kept from being flushed by a scan). With Redis there is a
// second one, which all replicas share. There a generation is a random token, so that one that was lost (evicted, or
// gone with a restart) cannot come back and revive old entries. An invalidation replaces the tokens and tells the other
// replicas, and returns when Redis has done so. A replica that could not hear invalidations for a while forgets
// everything when it hears again. While Redis does not answer, a replica uses its own level only, and does not return to
// the second one before the invalidations that Redis missed are made up for.
//
// Without Redis, other replicas' changes are heard of through the store if it tells of them (booking.ChangeFeed), else
// not before entries expire.
package cache
