// Package request holds the pure decisions that every SQL store takes in the same way before it talks to its
// database: whether a request can be kept at all, whether one statement is enough for it, what must be
// locked and in which order, and in which order its candidates are tried.
//
// It never does I/O and never reads a clock.
package request
