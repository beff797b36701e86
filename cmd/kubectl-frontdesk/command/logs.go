package command

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/podlogs"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

type logs struct {
	settings
	follow, previous, plain bool
	since                   time.Duration
	tail                    int64
	level                   string
}

func newLogs(shared settings) *cobra.Command {
	o := &logs{settings: shared}
	cmd := &cobra.Command{
		Use:   "logs TENANT",
		Short: "Show the logs of all pods of a tenant as one",
		Long: `Show the logs of all pods of a tenant as one stream, in the order of time, each line with the name of its pod.

With -f it goes on, and takes in pods that appear later. --level leaves out what is below it; lines that name no
level, such as those of a crash, are always shown.`,
		Example: `  kubectl frontdesk logs bright-smile -n dental --since 10m --level warn
  kubectl frontdesk logs bright-smile -n dental -f`,
		Args: oneTenant, ValidArgsFunction: shared.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.follow, "follow", "f", false, "go on until Ctrl-C")
	flags.BoolVarP(&o.previous, "previous", "p", false, "of the containers before their last restart")
	flags.BoolVar(&o.plain, "no-prefix", false, "without the names of pods")
	flags.DurationVar(&o.since, "since", 0, "only the last while, such as 10m")
	flags.Int64Var(&o.tail, "tail", 0, "only the last so many lines of each pod")
	flags.StringVar(&o.level, "level", "debug", "debug, info, warn or error: that and above")
	return cmd
}

func (o *logs) run(ctx context.Context, name string) error {
	least, err := podlogs.ParseLevel(o.level)
	if err != nil {
		return usage("--level: %v", err)
	}
	if o.follow && o.previous {
		return usage("--follow and --previous do not go together: what has ended says nothing more")
	}
	connected, err := o.connect()
	if err != nil {
		return err
	}
	found, err := connected.tenant(ctx, name)
	if err != nil {
		return err
	}
	source := podlogs.Source{
		Clients: connected.clients, Namespace: found.Namespace, Labels: tenant.SelectorLabels(found),
		Since: o.since, Tail: o.tail, Previous: o.previous,
	}
	write := o.writer(found.OwnedName(), least)
	if o.follow {
		return source.Follow(ctx, write)
	}
	lines, err := source.All(ctx)
	for _, line := range lines {
		write(line)
	}
	if err == nil && len(lines) == 0 {
		o.note("No pod of tenant %s has said anything. `kubectl frontdesk status %s -n %s` tells how it is.", name, name, found.Namespace)
	}
	return err
}

// writer prefixes lines with what tells the pods apart: their names without the part that all share.
func (o *logs) writer(shared string, least slog.Level) func(podlogs.Line) {
	return func(line podlogs.Line) {
		if !line.AtLeast(least) {
			return
		}
		if o.plain {
			_, _ = fmt.Fprintln(o.Out, line.Text)
			return
		}
		_, _ = fmt.Fprintf(o.Out, "[%s] %s\n", strings.TrimPrefix(line.Pod, shared+"-"), line.Text)
	}
}
