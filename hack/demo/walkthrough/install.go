package walkthrough

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// imageBuild is an image that is being built. The other fields may be read once done is closed.
type imageBuild struct {
	done  chan struct{}
	image Image
	err   error
}

func startImage(ctx context.Context, commands Commands) *imageBuild {
	b := &imageBuild{done: make(chan struct{})}
	go func() {
		defer close(b.done)
		b.image, b.err = buildImage(ctx, commands)
	}()
	return b
}

// buildImage builds the one image with both programs, without Docker. Its tag tells its content, so that a
// repeated run with changed code rolls the pods, and one without leaves them alone.
func buildImage(ctx context.Context, commands Commands) (Image, error) {
	out, err := commands.Output(ctx, nil, "make", "--silent", "image", "IMAGE_FLAGS=-content-tag")
	if err != nil {
		return Image{}, err
	}
	var image Image
	for line := range strings.Lines(out) {
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), " "); name {
		case "name":
			image.Reference = strings.TrimSpace(value)
		case "archive":
			image.Archive = strings.TrimSpace(value)
		}
	}
	if image.Reference == "" || image.Archive == "" {
		return Image{}, fmt.Errorf("make image did not say what it built:\n%s", tail(out, 10))
	}
	return image, nil
}

// helmUpgrade installs the chart, or upgrades it to what the tree holds now.
func (d *Demo) helmUpgrade(ctx context.Context) (string, error) {
	if err := d.Kubectl.EnsureNamespace(ctx, OperatorNamespace); err != nil {
		return "", err
	}
	registry, repository, tag := splitReference(d.reference)
	_, err := d.helm(ctx, "upgrade", "--install", Release, filepath.Join(d.Repository, "charts", "frontdesk"),
		"--namespace", OperatorNamespace, "--wait", "--timeout", readyTimeout.String(), "--server-side=true",
		"--set", "image.registry="+registry, "--set", "image.repository="+repository, "--set-string", "image.tag="+tag)
	return "", err
}

// Reconfigure upgrades the release with other values, name=value each, and keeps those that are not named. It
// returns when the new operator is ready.
func (d *Demo) Reconfigure(ctx context.Context, values ...string) error {
	args := []string{
		"upgrade", Release, filepath.Join(d.Repository, "charts", "frontdesk"), "--namespace", OperatorNamespace,
		"--reuse-values", "--wait", "--timeout", readyTimeout.String(), "--server-side=true",
	}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	_, err := d.helm(ctx, args...)
	return err
}

func (d *Demo) helmUninstall(ctx context.Context) (string, error) {
	if _, err := d.helm(ctx, "uninstall", Release, "--namespace", OperatorNamespace, "--ignore-not-found", "--wait"); err != nil {
		return "", err
	}
	_, err := d.Kubectl.Run(ctx, "delete", "namespace", OperatorNamespace, TenantNamespace, "--ignore-not-found", "--wait", "--timeout", (2 * time.Minute).String())
	return "", err
}

// deleteDefinitions removes what the chart keeps on purpose: a demo has no data worth keeping.
func (d *Demo) deleteDefinitions(ctx context.Context) (string, error) {
	_, err := d.Kubectl.Run(ctx, "delete", "--ignore-not-found", "-f", filepath.Join(d.Repository, "config", "crd", "bases"))
	return "", err
}

func (d *Demo) helm(ctx context.Context, args ...string) (string, error) {
	return d.Kubectl.Commands.Output(ctx, nil, bin(d.Repository, "helm"), args...)
}

// splitReference takes registry/repository:tag apart.
func splitReference(reference string) (registry, repository, tag string) {
	name := reference
	if at := strings.LastIndex(reference, ":"); at > strings.LastIndex(reference, "/") {
		name, tag = reference[:at], reference[at+1:]
	}
	registry, repository, found := strings.Cut(name, "/")
	if !found || !strings.ContainsAny(registry, ".:") && registry != "localhost" {
		return "", name, tag
	}
	return registry, repository, tag
}
