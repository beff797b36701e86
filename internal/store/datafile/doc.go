// Package datafile looks after the files of embedded databases: who may see them and who may use them at one time.
// It never reads or writes what is in them.
package datafile
