package walkthrough

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// goneTimeout bounds the wait for what is deleted.
const goneTimeout = 2 * time.Minute

// Down takes away what Up made. A cluster that was there before stays, and with it whatever in it is not the demo's.
func (d *Demo) Down(ctx context.Context) error {
	if d.Cluster.Ours() {
		return d.steps(ctx, step{"the cluster is gone", func(ctx context.Context) (string, error) {
			return "", d.Cluster.Down(ctx, d.progress.Indented())
		}})
	}
	return d.steps(ctx,
		step{"nobody else needs the operator", d.refuseWhileUsed},
		step{"the tenant is deleted", d.deleteTenant}, // while the operator runs: it alone takes the finalizer off
		step{"the release is seen to", d.helmUninstall},
		step{"the definitions are seen to", d.deleteDefinitions},
		step{"the demo's namespaces are deleted", d.deleteNamespaces},
	)
}

// refuseWhileUsed changes nothing. Without the operator other tenants would be served on, but could be neither
// changed nor deleted; without the definitions they would be gone.
func (d *Demo) refuseWhileUsed(ctx context.Context) (string, error) {
	defined, err := d.exists(ctx, "-f", d.definitions())
	if err != nil || !defined {
		return "", err
	}
	all, err := d.list(ctx, "tenants.frontdesk.dev,bookingpolicies.frontdesk.dev,campaigns.frontdesk.dev", "--all-namespaces")
	if err != nil {
		return "", err
	}
	own, err := d.list(ctx, "--namespace", TenantNamespace, "-f", d.sample())
	if err != nil {
		return "", err
	}
	if others := othersThan(own, all); len(others) > 0 {
		return "", fmt.Errorf("nothing was changed: %s need the operator and its definitions, and are not the demo's. Delete them first, while the operator runs; or keep the installation, and delete the demo's tenant alone: kubectl delete tenant -n %s %s",
			strings.Join(others, ", "), TenantNamespace, Tenant)
	}
	return "", nil
}

// list names the objects that kubectl's arguments choose, a line each.
func (d *Demo) list(ctx context.Context, args ...string) (string, error) {
	return d.Kubectl.Run(ctx, append([]string{"get", "--ignore-not-found", "--no-headers", "-o", "custom-columns=K:.kind,S:.metadata.namespace,N:.metadata.name"}, args...)...)
}

// othersThan picks the objects that are in one list of lines "kind namespace name", and not in the other.
func othersThan(own, all string) []string {
	known := map[string]bool{}
	for line := range strings.Lines(own) {
		known[strings.Join(strings.Fields(line), " ")] = true
	}
	var others []string
	for line := range strings.Lines(all) {
		words := strings.Fields(line)
		if len(words) == 3 && !known[strings.Join(words, " ")] {
			others = append(others, fmt.Sprintf("%s %s/%s", words[0], words[1], words[2]))
		}
	}
	return others
}

// deleteTenant takes the policies last: while a Tenant uses them they cannot be deleted.
func (d *Demo) deleteTenant(ctx context.Context) (string, error) {
	defined, err := d.exists(ctx, "-f", d.definitions())
	if err != nil || !defined {
		return "", err
	}
	_, err = d.Kubectl.Run(ctx, "delete", "tenant", Tenant, "-n", TenantNamespace, "--ignore-not-found", "--wait", "--timeout", goneTimeout.String())
	if err != nil {
		return "", errors.Join(err, errors.New("a Tenant goes when the operator has seen to its data: see that the operator runs"))
	}
	_, err = d.Kubectl.Run(ctx, "delete", "-n", TenantNamespace, "--ignore-not-found", "-f", d.sample())
	return "", err
}

func (d *Demo) helmUninstall(ctx context.Context) (string, error) {
	if made, err := d.marked(ctx, OperatorNamespace, markRelease); err != nil || !made {
		return left("because the demo did not make it", err)
	}
	_, err := d.helm(ctx, "uninstall", Release, "--namespace", OperatorNamespace, "--ignore-not-found", "--wait")
	return "uninstalled", err
}

// deleteDefinitions removes what the chart keeps on purpose, if it came with the demo and no other operator needs it.
func (d *Demo) deleteDefinitions(ctx context.Context) (string, error) {
	if made, err := d.marked(ctx, OperatorNamespace, markDefinitions); err != nil || !made {
		return left("because they were there before the demo", err)
	}
	operators, err := d.Kubectl.Run(ctx, "get", "deployments", "--all-namespaces", "--selector", "app.kubernetes.io/part-of=frontdesk,app.kubernetes.io/component=operator", "-o", "name")
	if err != nil || strings.TrimSpace(operators) != "" {
		return left("because another operator uses them", err)
	}
	_, err = d.Kubectl.Run(ctx, "delete", "--ignore-not-found", "-f", d.definitions(), "--timeout", goneTimeout.String())
	return "deleted", err
}

func (d *Demo) deleteNamespaces(ctx context.Context) (string, error) {
	_, err := d.Kubectl.Run(ctx, "delete", "namespace", "--selector", markNamespace+"=true", "--ignore-not-found", "--wait", "--timeout", goneTimeout.String())
	return "", err
}

// left says why something stays.
func left(why string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return "left alone, " + why, nil
}
