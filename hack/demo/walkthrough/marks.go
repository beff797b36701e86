package walkthrough

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// The demo marks in the cluster what it made there, because it is another process, days later perhaps, that takes
// it away again. A namespace is labelled when it is made. Of release and definitions the operator's namespace is
// labelled before they are, so that a run which fails in the middle is taken away too.
const (
	markNamespace   = "demo.frontdesk.dev/made"
	markRelease     = "demo.frontdesk.dev/made-release"
	markDefinitions = "demo.frontdesk.dev/made-definitions"
)

// noteWhatIsThere marks what this run will make, and refuses a release that is somebody else's. In a cluster of the
// demo's own nothing is.
func (d *Demo) noteWhatIsThere(ctx context.Context) error {
	if d.Cluster.Ours() {
		return nil
	}
	for _, namespace := range []string{OperatorNamespace, TenantNamespace} {
		switch there, err := d.exists(ctx, "namespace", namespace); {
		case err != nil:
			return err
		case there:
			continue
		}
		if err := d.Kubectl.EnsureNamespace(ctx, namespace); err != nil {
			return err
		}
		if err := d.mark(ctx, namespace, markNamespace); err != nil {
			return err
		}
	}
	if err := d.noteRelease(ctx); err != nil {
		return err
	}
	if there, err := d.exists(ctx, "-f", d.definitions()); err != nil || there {
		return err
	}
	return d.mark(ctx, OperatorNamespace, markDefinitions)
}

func (d *Demo) noteRelease(ctx context.Context) error {
	ours, err := d.marked(ctx, OperatorNamespace, markRelease)
	if err != nil || ours {
		return err
	}
	releases, err := d.helm(ctx, "list", "--short", "--namespace", OperatorNamespace, "--filter", "^"+Release+"$")
	switch {
	case err != nil:
		return err
	case strings.TrimSpace(releases) != "":
		return fmt.Errorf("there is a release %q in namespace %s that the demo did not make, and would change: use what is installed, or another cluster", Release, OperatorNamespace)
	}
	return d.mark(ctx, OperatorNamespace, markRelease)
}

// definitions is the folder with the definitions of the three kinds.
func (d *Demo) definitions() string { return filepath.Join(d.Repository, "config", "crd", "bases") }

// exists says whether any of the objects that kubectl's arguments name is there.
func (d *Demo) exists(ctx context.Context, args ...string) (bool, error) {
	found, err := d.Kubectl.Run(ctx, append([]string{"get", "--ignore-not-found", "-o", "name"}, args...)...)
	return strings.TrimSpace(found) != "", err
}

func (d *Demo) mark(ctx context.Context, namespace, label string) error {
	_, err := d.Kubectl.Run(ctx, "label", "namespace", namespace, "--overwrite", label+"=true")
	return err
}

func (d *Demo) marked(ctx context.Context, namespace, label string) (bool, error) {
	return d.exists(ctx, "namespace", "--selector", label+"=true,kubernetes.io/metadata.name="+namespace)
}
