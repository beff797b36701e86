package upgrade

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A real API server takes every object of the file for those without Helm, applied as the quickstart says. Nothing is kept of
// it, because the names are those of the release that the other test installs; nor is it parallel, because it takes the definitions away.
func TestInstallFileIsAccepted(t *testing.T) {
	s := newSite(t)
	s.removeDefinitions()
	own := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}} // a dry run does not make it for what is in it
	if err := s.cluster.Client.Create(t.Context(), own); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	file, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack", "install-file.sh")).Output()
	if err != nil {
		t.Fatalf("hack/install-file.sh: %v", err)
	}
	out, err := s.cluster.Kubectl(t.Context(), string(file), "apply", "--server-side", "--dry-run=server", "-f", "-")
	if err != nil {
		t.Fatal(err)
	}
	objects := strings.Count("\n"+string(file), "\napiVersion: ")
	if applied := strings.Count(out, "serverside-applied (server dry run)"); applied != objects || objects == 0 {
		t.Errorf("%d of %d objects were applied:\n%s", applied, objects, out)
	}
}
