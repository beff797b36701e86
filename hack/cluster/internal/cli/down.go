package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

func downCommand(o *options) *cobra.Command {
	var keepLogs bool
	c := &cobra.Command{
		Use: "down", Short: "Stop the cluster and remove everything that it made", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.down(c.Context(), keepLogs) },
	}
	c.Flags().BoolVar(&keepLogs, "keep-logs", false, "leave the directory logs/ in place")
	return c
}

func (o *options) down(ctx context.Context, keepLogs bool) error {
	dir, err := o.dir()
	if err != nil {
		return err
	}
	if _, err := os.Stat(string(dir)); errors.Is(err, os.ErrNotExist) {
		o.say("There is no cluster in %s.", dir)
		return nil
	}
	release, err := lockCommand(ctx, dir)
	if err != nil {
		return err
	}
	defer release()
	begin := time.Now()
	if err := stopCluster(ctx, dir); err != nil {
		return err
	}
	if err := removeState(dir, keepLogs); err != nil {
		return err
	}
	o.say("Down after %.1fs.", time.Since(begin).Seconds())
	return nil
}

// removeState removes the state directory, or all of it but the logs. What it
// does not know is a reason to stop: the path may have been mistyped.
func removeState(dir state.Dir, keepLogs bool) error {
	entries, err := os.ReadDir(string(dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !state.Ours(e.Name()) {
			return fmt.Errorf("%s holds %q, which is no part of a cluster: not removing anything", dir, e.Name())
		}
	}
	for _, e := range entries {
		if keepLogs && e.Name() == "logs" {
			continue
		}
		if err := os.RemoveAll(dir.Path(e.Name())); err != nil {
			return fmt.Errorf("remove state: %w", err)
		}
	}
	if keepLogs {
		return nil
	}
	return os.Remove(string(dir))
}
