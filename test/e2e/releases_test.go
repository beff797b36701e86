//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// release is one from before this tree, built from the repository's own history.
type release struct{ version, commit string }

var (
	// previousRelease is what the chart in test/upgrade/testdata was packaged from.
	previousRelease = release{"0.1.0-rc.1", "662a291560f9f243538a8c468e7334a2593abf6c"}
	// twoDocumentsAgo is the last commit whose server knows document version 1.0 and nothing that came later.
	twoDocumentsAgo = release{"0.1.0-alpha.1", "3fe4e9db42c06a71a93bb30a77448f6eee107c8b"}
)

// withoutHistory is the environment variable that lets tests of former releases be skipped where git does not have them.
const withoutHistory = "FRONTDESK_E2E_WITHOUT_HISTORY"

// image builds the release's image, or takes the one that an earlier run has built: a commit never changes. A clone without
// history has no former releases: that fails the test, unless withoutHistory says that it is known.
func (r release) image(t *testing.T) walkthrough.Image {
	t.Helper()
	folder := filepath.Join(suite.root, ".local", "releases")
	image := walkthrough.Image{
		Archive: filepath.Join(folder, r.commit+".tar"), Reference: "docker.io/frontdesk/frontdesk:" + r.version,
	}
	if _, err := os.Stat(image.Archive); err == nil {
		return image
	}
	if err := exec.CommandContext(t.Context(), "git", "-C", suite.root, "cat-file", "-e", r.commit).Run(); err != nil {
		problem := fmt.Sprintf("this clone has no commit %s, from which %s is built: git fetch --unshallow", r.commit, r.version)
		if os.Getenv(withoutHistory) == "" {
			t.Fatalf("%s, or set %s=1 to go without this test", problem, withoutHistory)
		}
		t.Skip(problem)
	}
	tree := t.TempDir()
	must(t, "git", "-C", suite.root, "archive", "--output", filepath.Join(tree, "tree.tar"), r.commit)
	must(t, "tar", "--extract", "--file", filepath.Join(tree, "tree.tar"), "--directory", tree)
	unfinished := image.Archive + ".new"
	must(t, filepath.Join(suite.root, ".local", "bin", "image"), "-root", tree, "-out", unfinished, "-version", r.version, "-commit", r.commit)
	if err := os.Rename(unfinished, image.Archive); err != nil {
		t.Fatal(err)
	}
	return image
}

func must(t *testing.T, program string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
}
