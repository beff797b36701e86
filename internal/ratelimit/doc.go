// Package ratelimit says whether somebody may send one more request now.
//
// The algorithm is the token bucket, computed as GCRA (the generic cell rate algorithm of ATM Forum's
// Traffic Management 4.0, I.371): of each key only one number is kept, the moment at which its bucket will be
// full again. A key that nobody uses costs nothing, because a bucket that is full is the same as none.
//
// There are two Limiters. Memory counts for one process. Redis counts for all replicas together, exactly: one
// script on the server, by the server's clock. When Redis does not answer, it counts in memory until Redis is
// back, so that limits get looser by at most the number of replicas and never refuse everybody.
//
// The package knows nothing of HTTP or of who is behind a key, never blocks a caller longer than the timeout of
// one question to Redis, and starts no goroutines.
package ratelimit
