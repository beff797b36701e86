// Package command is `kubectl frontdesk`: one file for each command, and beside them what they share
// (session.go: flags and clients; errors.go: what went wrong, what to do, and the exit code).
//
// A command reads, asks or changes one thing and says so in words. It never prints the value of a Secret,
// except the one of an API key that it has just had made, and never keeps anything on disk, except the
// file that `report` was asked for.
//
// Standard output is for the answer, so that it can be piped; everything else (notes, advice, progress)
// goes to standard error.
//
// Exit codes: 0 yes or done; 1 the answer is no (a tenant is not ready, a diff is not empty, a manifest is
// faulty, the API refuses); 2 the question could not be answered; 3 waiting took too long.
package command
