package cli

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/forward"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

func forwardCommand(o *options) *cobra.Command {
	var listen string
	var remove bool
	c := &cobra.Command{
		Use: "forward <namespace>/<service>:<port>", Short: "Listen on this host for a Service, until `down`", Args: cobra.ExactArgs(1),
		Long: `Listen on this host for a Service of the cluster and print the address.

The listener belongs to the cluster, not to this command: it stays while pods
come and go, a new connection waits up to ten seconds for a ready pod, and it
ends with the cluster. Asking again for the same Service prints the same address.`,
		RunE: func(c *cobra.Command, args []string) error {
			target, err := forward.ParseTarget(args[0])
			if err != nil {
				return err
			}
			dir, err := o.dir()
			if err != nil {
				return err
			}
			if remove {
				return removeForward(c.Context(), dir, target)
			}
			address, err := o.ensureForward(c.Context(), dir, target, listen)
			if err != nil {
				return err
			}
			o.print("%s", address)
			return nil
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	c.Flags().BoolVar(&remove, "remove", false, "stop forwarding")
	return c
}

func (o *options) ensureForward(ctx context.Context, dir state.Dir, target forward.Target, listen string) (string, error) {
	have, err := existingForward(ctx, dir, target)
	if err != nil || have != "" {
		return have, err
	}
	return openForward(ctx, dir, target, listen)
}

// openForward listens here, in the host's network, and hands the listener over.
func openForward(ctx context.Context, dir state.Dir, target forward.Target, listen string) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return "", fmt.Errorf("listen for %s: %w", target, err)
	}
	defer func() { _ = l.Close() }()
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return "", errors.New("listen: not a TCP listener")
	}
	file, err := tcp.File()
	if err != nil {
		return "", fmt.Errorf("hand over the listener: %w", err)
	}
	defer func() { _ = file.Close() }()
	if _, err := control.Call(ctx, dir, control.Request{Op: control.OpForward, Target: &target}, file); err != nil {
		return "", fmt.Errorf("forward %s: %w", target, err)
	}
	return l.Addr().String(), nil
}

func existingForward(ctx context.Context, dir state.Dir, target forward.Target) (string, error) {
	response, err := control.Call(ctx, dir, control.Request{Op: control.OpStatus}, nil)
	if err != nil {
		return "", err
	}
	for _, f := range response.Status.Forwards {
		if f.Target == target {
			return f.Address, nil
		}
	}
	return "", nil
}

func removeForward(ctx context.Context, dir state.Dir, target forward.Target) error {
	address, err := existingForward(ctx, dir, target)
	if err != nil {
		return err
	}
	if address == "" {
		return fmt.Errorf("%s is not forwarded", target)
	}
	_, err = control.Call(ctx, dir, control.Request{Op: control.OpUnlink, Address: address}, nil)
	return err
}
