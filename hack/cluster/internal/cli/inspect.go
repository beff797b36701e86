package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/control"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/tools"
)

func statusCommand(o *options) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use: "status", Short: "Say how the cluster is doing (exit code 0 ready, 2 not ready, 3 not running)", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.status(c.Context(), format) },
	}
	c.Flags().StringVarP(&format, "output", "o", "text", "text or json")
	return c
}

// report is what `status -o json` prints.
type statusReport struct {
	state.Record
	Server     string         `json:"server"`
	Kubeconfig string         `json:"kubeconfig"`
	Logs       string         `json:"logs"`
	Status     control.Status `json:"status"`
}

func (o *options) status(ctx context.Context, format string) error {
	dir, err := o.dir()
	if err != nil {
		return err
	}
	rec, err := dir.ReadRecord()
	if err != nil {
		return err
	}
	response, err := control.Call(ctx, dir, control.Request{Op: control.OpStatus}, nil)
	if err != nil {
		return err
	}
	r := statusReport{Record: rec, Server: config.APIURL(rec), Kubeconfig: dir.Kubeconfig(), Logs: dir.Logs(), Status: *response.Status}
	switch format {
	case "json":
		encoder := json.NewEncoder(o.out)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return err
		}
	case "text":
		o.printStatus(r)
	default:
		return fmt.Errorf("--output=%s: want text or json", format)
	}
	if !r.Status.Ready {
		return exitError{exitNotReady, errors.New("the cluster is not ready: " + r.Status.Message)}
	}
	return nil
}

func (o *options) printStatus(r statusReport) {
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t")
			}
			_, _ = fmt.Fprint(w, c)
		}
		_, _ = fmt.Fprintln(w)
	}
	row("Status", r.Status.Message)
	row("Kubernetes", r.Version+", "+nodesLabel(r.Record))
	row("API server", r.Server)
	if r.HostAddress != "" {
		row("This host, from pods", r.HostAddress)
	}
	row("Kubeconfig", r.Kubeconfig)
	row("Logs", r.Logs)
	for _, f := range r.Status.Forwards {
		row("Forward", "http://"+f.Address+" -> "+f.Target.String())
	}
	row()
	row("COMPONENT", "STATE", "PID", "RESTARTS", "SINCE")
	for _, c := range r.Status.Components {
		row(c.Name, c.State, c.PID, c.Restarts, time.Since(c.Since).Round(time.Second))
	}
	_ = w.Flush()
}

func kubeconfigCommand(o *options) *cobra.Command {
	var content bool
	c := &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of the kubeconfig file", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := o.dir()
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(dir.Kubeconfig())
			if errors.Is(err, os.ErrNotExist) {
				return fmt.Errorf("%s: %w", dir, state.ErrNoCluster)
			}
			if err != nil {
				return err
			}
			if content {
				_, err = o.out.Write(raw)
				return err
			}
			o.print("%s", dir.Kubeconfig())
			return nil
		},
	}
	c.Flags().BoolVar(&content, "content", false, "print the file instead of its path")
	return c
}

func loadCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use: "load <image.tar>...", Short: "Give image archives (docker-archive or OCI) to the node", Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := o.dir()
			if err != nil {
				return err
			}
			for _, path := range args {
				if err := o.load(c.Context(), dir, path); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (o *options) load(ctx context.Context, dir state.Dir, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	response, err := control.Call(ctx, dir, control.Request{Op: control.OpLoad}, file)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	o.print("Loaded %s", strings.ReplaceAll(response.Output, "\n", ", "))
	return nil
}

func toolsCommand(o *options) *cobra.Command {
	var list bool
	c := &cobra.Command{
		Use: "tools [name|group]...", Short: "Build tools into the directory of tools (default: what a cluster needs)",
		RunE: func(c *cobra.Command, args []string) error {
			if list {
				return o.listTools()
			}
			if len(args) == 0 {
				nodes, err := o.choose(shape{nodes: "auto"})
				if err != nil {
					return err
				}
				return o.ensureTools(c.Context(), nodes)
			}
			selected, err := tools.Select(args...)
			if err != nil {
				return err
			}
			return tools.Builder{Root: o.root, BinDir: o.binDir, Progress: o.progress}.Ensure(c.Context(), selected)
		},
	}
	c.Flags().BoolVar(&list, "list", false, "list tools and groups instead")
	return c
}

func (o *options) listTools() error {
	w := tabwriter.NewWriter(o.out, 0, 0, 2, ' ', 0)
	for _, t := range tools.Catalogue() {
		version, err := t.Version(o.root)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", t.Name, version, t.Set)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	o.print("groups: %v", tools.Groups())
	return nil
}
