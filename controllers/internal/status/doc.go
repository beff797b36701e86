// Package status reads objects and writes their status, never on the basis of a status that this
// process has already replaced.
//
// A cache lags behind the writes of its own process, and a controller is not woken by the status that
// it wrote. A pass that starts in between would compare what it finds with the status before the last
// one: where the two agree it would write nothing, and the last one would stand although it is not true
// any more. So the Keeper remembers the resourceVersion of each write, and reads live for as long as
// the cache shows an older one.
package status
