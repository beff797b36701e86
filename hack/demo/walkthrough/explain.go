package walkthrough

import (
	"context"
	"time"
)

// lookTimeout bounds the look around after something failed.
const lookTimeout = 20 * time.Second

// explain shows what the reader would look at next, and returns the error as it was. It works with a fresh
// deadline, because the run may have failed by its own.
func (d *Demo) explain(ctx context.Context, failed error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()
	d.progress.Printf("\nWhat to look at:\n")
	for _, command := range [][]string{
		{"get", "tenants,bookingpolicies", "-A"},
		{"get", "tenant", Tenant, "-n", TenantNamespace, "-o", `jsonpath={range .status.conditions[*]}{.type}={.status} ({.reason}) {.message}{"\n"}{end}`},
		{"get", "pods", "-n", TenantNamespace, "-o", "wide"},
		{"get", "events", "-n", TenantNamespace, "--sort-by=.lastTimestamp"},
		{"get", "pods", "-n", OperatorNamespace, "-o", "wide"},
		{"logs", "-n", OperatorNamespace, "-l", "app.kubernetes.io/instance=" + Release, "--prefix", "--tail=20"},
		{"logs", "-n", TenantNamespace, "-l", "frontdesk.dev/tenant=" + Tenant, "--prefix", "--tail=20"},
	} {
		d.progress.Printf("\n$ kubectl %s\n", quoted(command))
		said, err := d.Kubectl.Run(ctx, command...)
		if err != nil {
			said = err.Error()
		}
		_, _ = d.progress.Indented().Write([]byte(tail(said, 25) + "\n"))
	}
	d.progress.Printf("\n")
	return failed
}

// conclude prints what there is now and what to do with it.
func (d *Demo) conclude(ctx context.Context, result *Result) error {
	tenants, err := d.Kubectl.Run(ctx, "get", "tenants", "-A")
	if err != nil {
		return err
	}
	d.progress.Printf("\n%s\n", tenants)
	if environment := d.Cluster.Env(); len(environment) > 0 {
		d.progress.Printf("Use this cluster:   export %s\n", environment[0])
	}
	key := quoted([]string{"get", "secret", "-n", TenantNamespace, KeySecretOf(Tenant), "-o", "jsonpath={.data." + KeySecretKey + "}"})
	d.progress.Printf("Get the API key:    kubectl %s | base64 -d\n", key)
	if result.Lasting {
		d.progress.Printf("Open the dashboard: %s/dashboard (log in with the key)\n", result.API.Base)
		d.progress.Printf("Read the API:       %s/docs\n", result.API.Base)
	} else {
		d.progress.Printf("Reach the tenant:   kubectl port-forward -n %s service/%s 8080:%s\n", TenantNamespace, NameOf(Tenant), ServicePort)
		d.progress.Printf("Open the dashboard: http://127.0.0.1:8080/dashboard (log in with the key)\n")
	}
	d.progress.Printf("Take it all away:   make demo-down%s\n\nDone in %s.\n", d.Cluster.Choice(), seconds(d.progress.Elapsed()))
	return nil
}
