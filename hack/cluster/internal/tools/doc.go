// Package tools builds the programs that a cluster, the tests and the build
// need, from Go modules into one directory.
//
// Each set of tools has a module of its own under hack/tools, whose go.sum pins
// every byte. A stamp beside each program records what it was built from (the
// module's files, the flags, the Go version); a program with a current stamp is
// not built again. Only one process builds at a time; others wait for it.
package tools
