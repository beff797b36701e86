// Package cli is the command line: it reads flags, takes the lock, asks the
// supervisor or starts one, and prints what people and scripts need to know.
package cli
