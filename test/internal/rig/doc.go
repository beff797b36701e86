// Package rig starts what the benchmark and the chaos test measure: the real server binary, on a real Postgres with
// durable settings or on SQLite, each a child process on loopback that dies with its parent.
//
// It never measures and never judges; and nothing in it is for the tests of single packages, which have
// internal/testing/pgtest and internal/server/servertest.
package rig
