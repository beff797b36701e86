// Package version holds what the linker stamped into a binary. It is the only package that both
// planes and every command share besides the tenant document.
package version

import (
	"fmt"
	"runtime"
)

// Version is the semantic version of this build ("0.1.0"), or "dev" when it was built without stamping.
// Commit is the short git commit it was built from, with "-dirty" appended for a modified tree.
// Both are set with -ldflags -X.
var (
	Version = "dev"
	Commit  = "unknown"
)

// String is what every binary prints for --version.
func String() string {
	return fmt.Sprintf("%s (commit %s, %s, %s/%s)", Version, Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
