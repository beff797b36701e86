package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/configwatch"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Database says which database a revision uses. Two revisions with equal values share one open store.
type Database struct {
	Engine tenantconfig.Engine
	// Path is the file, for the embedded engines.
	Path string
	// URL is the connection URL, for Postgres. It holds a password: never log it.
	URL            string
	MaxConnections int
}

// databaseOf resolves the document's database. The bundle has been checked to hold every key named.
func (s *Server) databaseOf(update configwatch.Update) Database {
	config := update.Document.Database
	database := Database{Engine: config.Engine, Path: config.Path, MaxConnections: config.MaxConnections}
	if config.Engine == tenantconfig.EnginePostgres {
		database.URL, _ = update.Bundle.Secret(config.URLKey)
		database.Path = ""
	}
	if config.Engine == tenantconfig.EngineJSONFile {
		database.MaxConnections = 0 // it has no pool, and must not be opened twice for another number
	}
	if database.Path != "" && s.data != nil {
		database.Path = s.data.resolve(database.Path)
	}
	return database
}

// openStore opens and migrates a database. That it cannot be reached may pass.
func (s *Server) openStore(ctx context.Context, database Database) (*tenant.Store, int64, error) {
	limited, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	opened, err := s.options.OpenStore(limited, database)
	if err != nil {
		return nil, 0, &passingError{err}
	}
	schemaVersion, err := opened.SchemaVersion(limited)
	if err != nil {
		_ = opened.Close() // the first error says more
		return nil, 0, &passingError{err}
	}
	next := tenant.NewStore(booking.Announce(s.listen(ctx, opened), s.changed))
	if keys, ok := opened.(auth.KeyStore); ok {
		next.Keys = auth.NewKeyRing(ctx, keys, s.options.Clock, s.options.Logger)
	}
	if keeper, ok := opened.(interface{ Leads() lead.Store }); ok {
		next.People = keeper.Leads()
	}
	if pooled, ok := opened.(interface {
		Usage() (maximum, active, idle int)
	}); ok {
		next.Usage = pooled.Usage
	}
	return next, schemaVersion, nil
}

// keyEnds returns when keys of the current database end, by id.
func (s *Server) keyEnds() map[string]time.Time {
	current := s.holder.Current()
	if current == nil || current.Store.Keys == nil {
		return nil
	}
	return current.Store.Keys.Ending()
}

// retire closes a store that was replaced, when its last request has ended.
func (s *Server) retire(old *tenant.Store) {
	s.retiring.Go(func() error {
		err := old.Retire()
		if err != nil {
			s.options.Logger.Error("closing the replaced database failed", "error", err)
		} else {
			s.options.Logger.Info("the replaced database is closed")
		}
		return err
	})
}

// openStore opens a database with the store made for its engine.
func openStore(logger *slog.Logger, housekept housekeeping.Report) func(context.Context, Database) (booking.Store, error) {
	return func(ctx context.Context, database Database) (booking.Store, error) {
		return store.Open(ctx, store.Options{
			Engine: database.Engine, Path: database.Path, URL: database.URL, MaxConnections: database.MaxConnections, Logger: logger,
			Housekept: housekept,
		})
	}
}
