// Command demo shows the product once from end to end on a cluster, and takes it away again.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var cluster, state, image string
	open := func() (*walkthrough.Demo, error) {
		repository, err := repositoryRoot()
		if err != nil {
			return nil, err
		}
		where, err := walkthrough.NewCluster(cluster, repository, state, image)
		if err != nil {
			return nil, err
		}
		return walkthrough.NewDemo(repository, where, os.Stdout), nil
	}
	root := &cobra.Command{
		Use: "demo", Short: "The product once from end to end", Version: version.String(),
		SilenceUsage: true, SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&cluster, "cluster", "local", strings.Join(walkthrough.ClusterNames, ", "))
	root.PersistentFlags().StringVar(&state, "state", filepath.Join(".local", "demo"), "folder of a local cluster")
	root.PersistentFlags().StringVar(&image, "image", os.Getenv("IMAGE"), "image to run on a cluster that cannot load one from here")
	root.AddCommand(
		&cobra.Command{Use: "up", Short: "Play it and leave everything running", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			demo, err := open()
			if err != nil {
				return err
			}
			_, err = demo.Up(cmd.Context())
			return err
		}},
		&cobra.Command{Use: "down", Short: "Take it all away", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			demo, err := open()
			if err != nil {
				return err
			}
			return demo.Down(cmd.Context())
		}},
	)
	return root
}

// repositoryRoot finds the source tree around the working directory.
func repositoryRoot() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for ; ; folder = filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "charts", "frontdesk", "Chart.yaml")); err == nil {
			return folder, nil
		}
		if folder == filepath.Dir(folder) {
			return "", errors.New("run this inside the repository: it needs the chart and the samples")
		}
	}
}
