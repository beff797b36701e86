// Command server is the data plane of one tenant: its booking API and its dashboard.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/internal/observe"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// gcPercent lets the heap, which is small here, grow to three times what lives before it is collected: half as often as by
// default. GOGC in the environment counts more.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	// The Redis client library writes lines of its own to standard error; what matters of them is in our log.
	logging.Disable()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the next one ends the process at once, as people expect of a second Ctrl-C.
	context.AfterFunc(ctx, stop)
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	options := server.Options{Announce: os.Stdout}
	var logFormat string
	command := &cobra.Command{
		Use:   "server --config FOLDER [--data FOLDER]",
		Short: "Serve one tenant's bookings",
		Long: "Serves the booking API and the dashboard of one tenant, as the folder given with --config describes it.\n" +
			"A server whose document names no namespace runs alone, without a cluster: it makes an API key in its data\n" +
			"folder on first start. Every flag can be set by an environment variable too: --log-format by FRONTDESK_LOG_FORMAT.",
		Version:           version.String(),
		Args:              cobra.NoArgs,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(command *cobra.Command, _ []string) error { return fromEnvironment(command.Flags()) },
		RunE: func(command *cobra.Command, _ []string) error {
			if !command.Flags().Changed("drain-delay") {
				options.DrainDelay = server.DrainDelayByPlace
			}
			if options.ConfigFolder == "" {
				return fmt.Errorf("--config is needed: name the folder that holds %s, such as config/standalone", tenantconfig.DocumentKey)
			}
			lines := observe.GatherLines(os.Stderr)
			defer lines.Flush()
			logger, err := observe.NewLogger(lines, logFormat)
			if err != nil {
				return err
			}
			options.Logger = logger
			s, err := server.New(command.Context(), options)
			if err != nil {
				return err
			}
			return s.Run(command.Context())
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.ConfigFolder, "config", "", "folder with "+tenantconfig.DocumentKey+" and the secrets it names")
	flags.StringVar(&options.DataFolder, "data", "", "folder for an embedded database whose path is relative, and for what the server keeps itself")
	flags.StringVar(&options.PublicAddress, "public-address", fmt.Sprintf(":%d", tenantconfig.PublicPort), "address of the API and the dashboard")
	flags.StringVar(&options.InternalAddress, "internal-address", fmt.Sprintf(":%d", tenantconfig.InternalPort), "address of health, metrics and status")
	flags.DurationVar(&options.DrainDelay, "drain-delay", 0, "how long to keep serving after being asked to stop (default "+server.ClusterDrainDelay.String()+" in a cluster, none for a server that runs alone)")
	flags.StringSliceVar(&options.TrustedProxies, "trusted-proxies", nil, "networks of the proxies in front whose X-Forwarded-For is believed, such as 10.0.0.0/8 (default: believe nobody; clients are told apart by the address of their connection)")
	flags.StringSliceVar(&options.AllowedOrigins, "allowed-origins", nil, "origins whose pages in a browser may use the API, such as https://example.com, or * for all (default: none)")
	flags.StringVar(&logFormat, "log-format", observe.LogJSON, "form of log lines: "+observe.LogJSON+" or "+observe.LogText)
	command.AddCommand(migrateCommand())
	return command
}
