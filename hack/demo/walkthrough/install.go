package walkthrough

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// imageBuild is an image that is being built. The other fields may be read once done is closed.
type imageBuild struct {
	done  chan struct{}
	image Image
	err   error
}

// startImage builds an image unless there is one.
func startImage(ctx context.Context, repository string, image Image) *imageBuild {
	b := &imageBuild{done: make(chan struct{}), image: image}
	go func() {
		defer close(b.done)
		if image.Archive == "" {
			b.image, b.err = BuildImage(ctx, repository)
		}
	}()
	return b
}

// BuildImage builds the one image with both programs, without Docker. Its tag tells its content, so that a
// repeated run with changed code rolls the pods, and one without leaves them alone.
func BuildImage(ctx context.Context, repository string) (Image, error) {
	out, err := Commands{Dir: repository}.Output(ctx, nil, "make", "--silent", "image", "IMAGE_FLAGS=-content-tag")
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
	return "", d.InstallChart(ctx, d.chart(), d.reference, d.Values...)
}

// chart is what the tree holds now.
func (d *Demo) chart() string { return filepath.Join(d.Repository, "charts", "frontdesk") }

// InstallChart installs a chart, a folder or an archive, or upgrades the release to it: with this image and these
// values, name=value each, and no others. It returns when the new operator is ready.
func (d *Demo) InstallChart(ctx context.Context, chart, reference string, values ...string) error {
	if err := d.Kubectl.EnsureNamespace(ctx, OperatorNamespace); err != nil {
		return err
	}
	registry, repository, tag := splitReference(reference)
	image := []string{"--install", "--set-string", "image.tag=" + tag}
	return d.upgrade(ctx, chart, image, append([]string{"image.registry=" + registry, "image.repository=" + repository}, values...))
}

// Reconfigure upgrades the release with other values, name=value each, and keeps those that are not named. It
// returns when the new operator is ready.
func (d *Demo) Reconfigure(ctx context.Context, values ...string) error {
	return d.upgrade(ctx, d.chart(), []string{"--reuse-values"}, values)
}

func (d *Demo) upgrade(ctx context.Context, chart string, flags, values []string) error {
	args := append([]string{
		"upgrade", Release, chart, "--namespace", OperatorNamespace,
		"--wait", "--timeout", readyTimeout.String(), "--server-side=true",
	}, flags...)
	for _, value := range values {
		args = append(args, "--set", value)
	}
	_, err := d.helm(ctx, args...)
	return err
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
