package walkthrough

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
)

// currentCluster is whatever the reader's kubectl points at.
type currentCluster struct {
	commands Commands
	kubectl  string
	image    string
}

func (c *currentCluster) Up(ctx context.Context, out io.Writer) error {
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

var forwardingFrom = regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+) ->`)

// Forward runs kubectl port-forward until the context ends.
func (c *currentCluster) Forward(ctx context.Context, namespace, service, port string) (string, bool, error) {
	cmd := exec.CommandContext(ctx, c.kubectl, "port-forward", "-n", namespace, "service/"+service, ":"+port)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", false, fmt.Errorf("port-forward: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", false, fmt.Errorf("port-forward: %w", err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := forwardingFrom.FindStringSubmatch(lines.Text()); found != nil {
			go func() { // kubectl says a line for each connection: somebody has to read them
				_, _ = io.Copy(io.Discard, stdout)
				_ = cmd.Wait()
			}()
			return found[1], false, nil
		}
	}
	return "", false, errors.Join(errors.New("kubectl port-forward ended without a port"), cmd.Wait())
}

func (c *currentCluster) Down(context.Context, io.Writer) error { return nil }

func (c *currentCluster) Ours() bool { return false }

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
