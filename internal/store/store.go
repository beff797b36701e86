package store

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
	"github.com/frontdesk-dev/frontdesk/internal/store/jsonfile"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Options says which store to open and where it is.
type Options struct {
	Engine tenantconfig.Engine
	// Path is the file, for SQLite and JSONFile.
	Path string
	// URL is the connection URL, for Postgres.
	URL string
	// MaxConnections bounds the pool, for Postgres; 0 means DB_POOL_MAX from the environment, else 15.
	MaxConnections int
	// Logger receives what the store does by itself; nil means slog.Default().
	Logger *slog.Logger
	// Housekept is told of each removal of what is past its time; nil tells nobody.
	Housekept housekeeping.Report
}

// ForDocument maps a document's database section; url is the value behind its urlKey, empty for embedded engines.
func ForDocument(database tenantconfig.Database, url string, logger *slog.Logger) Options {
	return Options{
		Engine: database.Engine, Path: database.Path, URL: url, MaxConnections: database.MaxConnections, Logger: logger,
	}
}

// Open migrates the database to the newest schema and opens it. A database that cannot be reached now is
// booking.ErrUnavailable; anything else that goes wrong needs a change of configuration. No error holds the
// URL's password.
func Open(ctx context.Context, options Options) (booking.Store, error) {
	switch options.Engine {
	case tenantconfig.EnginePostgres:
		return opened(postgres.Open(ctx, postgres.Options{
			URL: options.URL, MaxConnections: options.MaxConnections, Logger: options.Logger, Housekept: options.Housekept,
		}))
	case tenantconfig.EngineSQLite:
		return opened(sqlite.Open(ctx, sqlite.Options{Path: options.Path, Logger: options.Logger, Housekept: options.Housekept}))
	case tenantconfig.EngineJSONFile:
		return opened(jsonfile.Open(ctx, jsonfile.Options{Path: options.Path, Logger: options.Logger, Housekept: options.Housekept}))
	default:
		return nil, fmt.Errorf("this server cannot keep bookings in %q: set database.engine to %s, %s or %s",
			options.Engine, tenantconfig.EngineSQLite, tenantconfig.EnginePostgres, tenantconfig.EngineJSONFile)
	}
}

// opened keeps a nil pointer from becoming an interface that is not nil.
func opened[S booking.Store](s S, err error) (booking.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}
