package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/internal/observe"
	"github.com/frontdesk-dev/frontdesk/internal/store/transfer"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// migrateCommand copies a tenant's data from SQLite into the PostgreSQL database of its configuration.
func migrateCommand() *cobra.Command {
	var config, from, logFormat string
	command := &cobra.Command{
		Use:   "migrate --config FOLDER --from FILE",
		Short: "Copy a tenant's data from SQLite to PostgreSQL",
		Long: "Copies everything in an SQLite file into the PostgreSQL database that the configuration names, compares every table, and\n" +
			"changes nothing when that fails. No server may run on either database meanwhile. It may be repeated.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if config == "" || from == "" {
				return fmt.Errorf("--config and --from are needed: the folder with %s, and the SQLite file", tenantconfig.DocumentKey)
			}
			logger, err := observe.NewLogger(os.Stderr, logFormat)
			if err != nil {
				return err
			}
			options, err := transferOptions(config)
			if err != nil {
				return err
			}
			options.From, options.Logger = from, logger
			report, err := transfer.Copy(command.Context(), options)
			if err != nil {
				return err
			}
			var rows int64
			for _, n := range report.Rows {
				rows += n
			}
			logger.InfoContext(command.Context(), "the copy is complete", "finished before", report.Before, "tables", len(report.Rows), "rows", rows)
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&config, "config", "", "folder with "+tenantconfig.DocumentKey+" and the secrets it names")
	flags.StringVar(&from, "from", "", "SQLite file to copy")
	flags.StringVar(&logFormat, "log-format", observe.LogJSON, "form of log lines: "+observe.LogJSON+" or "+observe.LogText)
	return command
}

// transferOptions reads the target from a server's configuration.
func transferOptions(config string) (transfer.Options, error) {
	bundle, err := tenantconfig.ReadBundle(config)
	if err != nil {
		return transfer.Options{}, err
	}
	document, err := bundle.Document()
	if err != nil {
		return transfer.Options{}, err
	}
	if document.Database.Engine != tenantconfig.EnginePostgres {
		return transfer.Options{}, fmt.Errorf("the configuration names a database of engine %s: only %s can be copied to", document.Database.Engine, tenantconfig.EnginePostgres)
	}
	url, err := bundle.Secret(document.Database.URLKey)
	return transfer.Options{Tenant: document.Tenant.Namespace + "/" + document.Tenant.Name, To: url}, err
}
