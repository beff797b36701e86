// Package config renders the configuration of every component from the
// cluster's record: a pure function from addresses and paths to files and
// command lines, held by golden files. It reads nothing and writes nothing.
package config
