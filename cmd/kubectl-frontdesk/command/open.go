package command

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/tunnel"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// dashboardPath is where the server shows it.
const dashboardPath = "/dashboard"

type open struct {
	settings
	port      int
	noBrowser bool
	forward   bool
}

func newOpen(shared settings) *cobra.Command {
	o := &open{settings: shared}
	cmd := &cobra.Command{
		Use:   "open TENANT",
		Short: "Open the dashboard of a tenant",
		Long: `Open the dashboard of a tenant in a browser.

A tenant with a public host is opened there. Any other is reached through a port-forward, which lasts until Ctrl-C
and moves on to another pod when its own goes away. Log in with an API key of the tenant.`,
		Args: oneTenant, ValidArgsFunction: shared.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().IntVar(&o.port, "port", 0, "local port; without it: any that is free")
	cmd.Flags().BoolVar(&o.noBrowser, "no-browser", false, "print the address and start no browser")
	cmd.Flags().BoolVar(&o.forward, "port-forward", false, "go through the API server even if the tenant has a public host")
	return cmd
}

func (o *open) run(ctx context.Context, name string) error {
	connected, err := o.connect()
	if err != nil {
		return err
	}
	found, err := connected.tenant(ctx, name)
	if err != nil {
		return err
	}
	public := meta.IsStatusConditionTrue(found.Status.Conditions, string(v1alpha1.ConditionRouteAccepted))
	if public && found.Status.URL != "" && !o.forward {
		o.show(ctx, found.Status.URL+dashboardPath)
		return nil
	}
	return o.hold(ctx, connected, found)
}

// hold keeps a tunnel up until the context ends, on the same local port throughout.
func (o *open) hold(ctx context.Context, connected *session, t *v1alpha1.Tenant) error {
	pod, err := connected.readyPod(ctx, t)
	if err != nil {
		return err
	}
	through, err := tunnel.Open(ctx, connected.config, pod, o.port, tenantconfig.PublicPort)
	if err != nil {
		return err
	}
	o.show(ctx, "http://"+through.Address+dashboardPath)
	name, entry := tenant.APIKeySecret(t)
	o.note("Log in with an API key. The tenant's own: kubectl get secret -n %s %s -o jsonpath='{.data.%s}' | base64 -d", t.Namespace, name, entry)
	o.note("Forwarding until Ctrl-C.")
	for {
		select {
		case <-ctx.Done():
			through.Close()
			return nil
		case <-through.Ended:
		}
		if ctx.Err() != nil {
			return nil
		}
		o.note("The pod has gone; looking for another.")
		if through, err = o.again(ctx, connected, t, through.Port); err != nil {
			return err
		}
		o.note("Forwarding again.")
	}
}

// again waits for another pod to forward to.
func (o *open) again(ctx context.Context, connected *session, t *v1alpha1.Tenant, port int) (*tunnel.Tunnel, error) {
	var through *tunnel.Tunnel
	var last error
	err := wait.PollUntilContextTimeout(ctx, time.Second, time.Minute, true, func(ctx context.Context) (bool, error) {
		pod, err := connected.readyPod(ctx, t)
		if err == nil {
			through, err = tunnel.Open(context.WithoutCancel(ctx), connected.config, pod, port, tenantconfig.PublicPort)
		}
		last = err
		return err == nil, nil
	})
	if err != nil && last != nil && ctx.Err() == nil {
		return nil, fmt.Errorf("%w: %w", errTimeout, last)
	}
	return through, err
}

// show prints the address and hands it to the desktop, if there is one.
func (o *open) show(ctx context.Context, address string) {
	o.say("%s", address)
	if o.noBrowser {
		return
	}
	opener := map[string]string{"darwin": "open", "linux": "xdg-open"}[runtime.GOOS]
	if opener == "" {
		return
	}
	if _, err := exec.LookPath(opener); err != nil {
		return
	}
	// The browser outlives this program; the address is our own.
	browser := exec.CommandContext(context.WithoutCancel(ctx), opener, address) //nolint:gosec // see above
	if err := browser.Start(); err != nil {
		o.note("No browser could be started: %v", err)
		return
	}
	go func() { _ = browser.Wait() }()
}
