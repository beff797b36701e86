package walkthrough

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// Kubectl talks to the cluster the way its users do.
type Kubectl struct {
	Commands Commands
	Program  string
}

// Run runs kubectl with arguments and returns what it printed.
func (k Kubectl) Run(ctx context.Context, args ...string) (string, error) {
	return k.Commands.Output(ctx, nil, k.Program, args...)
}

// Apply applies a manifest, a file's content with any number of documents, in a namespace.
func (k Kubectl) Apply(ctx context.Context, namespace, manifest string) error {
	_, err := k.Commands.Output(ctx, strings.NewReader(manifest), k.Program, "apply", "-n", namespace, "-f", "-")
	return err
}

// ApplyFile applies a file or a folder in a namespace.
func (k Kubectl) ApplyFile(ctx context.Context, namespace, path string) error {
	_, err := k.Run(ctx, "apply", "-n", namespace, "-f", path)
	return err
}

// EnsureNamespace creates a namespace that enforces the restricted Pod Security level.
func (k Kubectl) EnsureNamespace(ctx context.Context, name string) error {
	return k.Apply(ctx, "default", fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata:
  name: %s
  labels: {pod-security.kubernetes.io/enforce: restricted}
`, name))
}

// Get decodes one object into object, a pointer to its Go type.
func (k Kubectl) Get(ctx context.Context, namespace, kindAndName string, object any) error {
	out, err := k.Run(ctx, "get", "-n", namespace, kindAndName, "-o", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(out), object); err != nil {
		return fmt.Errorf("read %s: %w", kindAndName, err)
	}
	return nil
}

// WaitFor waits until kubectl's own --for condition holds, for example "condition=Ready".
func (k Kubectl) WaitFor(ctx context.Context, namespace, kindAndName, condition string, timeout time.Duration) error {
	_, err := k.Run(ctx, "wait", "-n", namespace, "--for="+condition, "--timeout="+timeout.String(), kindAndName)
	return err
}

// SecretValue reads one key of a Secret.
func (k Kubectl) SecretValue(ctx context.Context, namespace, name, key string) (string, error) {
	var secret struct {
		Data map[string]string `json:"data"`
	}
	if err := k.Get(ctx, namespace, "secret/"+name, &secret); err != nil {
		return "", err
	}
	encoded, found := secret.Data[key]
	if !found {
		return "", fmt.Errorf("secret %s/%s has no key %q", namespace, name, key)
	}
	value, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", fmt.Errorf("secret %s/%s, key %q: %w", namespace, name, key, err)
	}
	return string(value), nil
}

var forwardingFrom = regexp.MustCompile(`Forwarding from (127\.0\.0\.1:\d+) ->`)

// Forward runs kubectl port-forward to a port of a pod or a Service until the context ends, and returns the host:port
// on loopback that leads there.
func (k Kubectl) Forward(ctx context.Context, namespace, kindAndName, port string) (string, error) {
	cmd := k.Commands.command(ctx, k.Program, []string{"port-forward", "-n", namespace, kindAndName, ":" + port})
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", fmt.Errorf("port-forward: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("port-forward: %w", err)
	}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if found := forwardingFrom.FindStringSubmatch(lines.Text()); found != nil {
			go func() { // kubectl says a line for each connection: somebody has to read them
				_, _ = io.Copy(io.Discard, stdout)
				_ = cmd.Wait()
			}()
			return found[1], nil
		}
	}
	return "", errors.Join(errors.New("kubectl port-forward ended without a port"), cmd.Wait())
}

// IsNotFound tells that kubectl failed because there is no such object.
func IsNotFound(err error) bool {
	var failed *CommandError
	return errors.As(err, &failed) && strings.Contains(failed.Said, "(NotFound)")
}
