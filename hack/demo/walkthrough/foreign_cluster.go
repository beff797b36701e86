package walkthrough

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// currentCluster is whatever the reader's kubectl points at.
type currentCluster struct {
	commands Commands
	kubectl  string
	image    string
}

func (c *currentCluster) Up(ctx context.Context, out io.Writer) error {
	if c.image == "" {
		return errors.New("a cluster of yours cannot load images from here: build and push one (make image, or the Dockerfile) and name it with IMAGE=registry/name:tag")
	}
	name, err := c.commands.Output(ctx, nil, c.kubectl, "config", "current-context")
	if err != nil {
		return fmt.Errorf("kubectl points at no cluster; set KUBECONFIG: %w", err)
	}
	if _, err := c.commands.Output(ctx, nil, c.kubectl, "get", "--raw", "/readyz"); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "using context %s\n", strings.TrimSpace(name))
	return err
}

func (c *currentCluster) Env() []string { return nil }

func (c *currentCluster) Load(context.Context, Image) (string, error) { return c.image, nil }

func (c *currentCluster) Forward(ctx context.Context, namespace, service, port string) (string, bool, error) {
	address, err := Kubectl{Program: c.kubectl}.Forward(ctx, namespace, "service/"+service, port)
	return address, false, err
}

func (c *currentCluster) Down(context.Context, io.Writer) error { return nil }

func (c *currentCluster) Ours() bool { return false }

func (c *currentCluster) Choice() string { return " CLUSTER=current" }

// kindCluster is a cluster in Docker, made by kind. Both must be installed.
type kindCluster struct{ currentCluster }

const kindName = "frontdesk"

func (c *kindCluster) Up(ctx context.Context, out io.Writer) error {
	names, err := c.commands.Output(ctx, nil, "kind", "get", "clusters")
	if err != nil {
		return fmt.Errorf("CLUSTER=kind needs kind and Docker: %w", err)
	}
	for name := range strings.Lines(names) {
		if strings.TrimSpace(name) == kindName {
			return c.commands.Stream(ctx, out, "kind", "export", "kubeconfig", "--name", kindName)
		}
	}
	return c.commands.Stream(ctx, out, "kind", "create", "cluster", "--name", kindName, "--wait", "3m")
}

func (c *kindCluster) Load(ctx context.Context, image Image) (string, error) {
	_, err := c.commands.Output(ctx, nil, "kind", "load", "image-archive", image.Archive, "--name", kindName)
	return image.Reference, err
}

func (c *kindCluster) Down(ctx context.Context, out io.Writer) error {
	return c.commands.Stream(ctx, out, "kind", "delete", "cluster", "--name", kindName)
}

func (c *kindCluster) Ours() bool { return true }

func (c *kindCluster) Choice() string { return " CLUSTER=kind" }
