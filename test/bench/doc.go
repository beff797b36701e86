// Command bench measures the data plane and writes a table, and out/bench.json for programs. Run it by `make bench`.
//
// Every figure that depends on the machine stands beside a baseline that was measured in the same run, on the same
// Postgres, in turns: what counts is the ratio. docs/benchmarks.md says what each row means, and what was seen.
//
// What is measured is the real server binary, over real sockets, on a Postgres of its own with durable settings
// (fsync, full_page_writes and synchronous_commit on). Every answer is read and counted by its status, and after
// each part the database is read to see that it holds exactly what was acknowledged: a figure for work that was not
// done is an error.
//
// One file for each part: bookings.go (and baseline.go with pgbench), slots.go, engine.go, race.go, locked.go,
// footprint.go.
package main
