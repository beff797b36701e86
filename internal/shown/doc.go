// Package shown keeps for a moment what is taken, for answers that show what is free and decide nothing. Most questions for
// slots differ in their window ("from now"), so that none is the repetition of another; what is taken on those days is
// the same for all of them.
//
// What is kept is read for whole days and is valid for as long as an answer in package cache would be: until a booking
// changes, and no longer than TTL. With a Redis nothing is kept. There an answer that one replica makes serves the others
// too, and must not be made of what that replica knew before it heard of their changes.
package shown
