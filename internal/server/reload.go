package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/configwatch"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/shown"
	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	// openTimeout bounds opening and migrating a database.
	openTimeout = 5 * time.Minute
	// firstRetry and lastRetry bound the wait before a revision that may yet work is tried again.
	firstRetry = 500 * time.Millisecond
	lastRetry  = 15 * time.Second
)

// follow puts each revision into effect, in order, until the updates end. A newer revision interrupts the
// work on an older one; what failed but may pass is tried again.
func (s *Server) follow(ctx context.Context, updates <-chan configwatch.Update) {
	var (
		latest   configwatch.Update
		finished chan error
		cancel   = context.CancelFunc(func() {})
		wait     = firstRetry
		retry    <-chan time.Time
	)
	start := func() {
		var attempt context.Context
		attempt, cancel = context.WithCancel(ctx) //nolint:gosec // called below: by a newer update, and when the attempt has finished
		finished, retry = make(chan error, 1), nil
		go func(update configwatch.Update, finished chan<- error) { finished <- s.apply(attempt, update) }(latest, finished)
	}
	for {
		select {
		case update, open := <-updates:
			cancel()
			if finished != nil {
				<-finished //nolint:errcheck // interrupted: what became of it no longer matters
			}
			if !open {
				return
			}
			latest, wait = update, firstRetry
			start()
		case err := <-finished:
			cancel()
			finished = nil
			if _, passing := errors.AsType[*passingError](err); passing {
				retry = time.After(wait)
				wait = min(2*wait, lastRetry)
			}
		case <-retry:
			start()
		}
	}
}

// passingError is a failure to open the database, which may pass by itself.
type passingError struct{ cause error }

func (e *passingError) Error() string { return "open the database: " + e.cause.Error() }

func (e *passingError) Unwrap() error { return e.cause }

// apply puts one revision into effect or says why not; the old one then stays.
func (s *Server) apply(ctx context.Context, update configwatch.Update) error {
	if current := s.holder.Current(); current != nil && update.Err == nil && update.Revision == current.Revision {
		s.metrics.ConfigRestored()
		s.progress.set(func(p *state) { p.refused, p.refusedToken = nil, "" })
		return nil
	}
	err := update.Err
	if err == nil {
		err = s.serveRevision(ctx, update)
	}
	if err != nil && ctx.Err() == nil {
		s.refuse(ctx, update, err)
	}
	return err
}

func (s *Server) serveRevision(ctx context.Context, update configwatch.Update) error {
	catalog, err := booking.NewCatalog(update.Document)
	if err != nil {
		return err
	}
	next, err := s.tenantOf(update, catalog)
	if err != nil {
		return err
	}
	common, err := s.sharedOf(update) //nolint:contextcheck // what is shared outlives the reload that made it
	if err != nil {
		return err
	}
	next.Cache, next.Limits = common.cache, limitsOf(update.Document.Access.RateLimit, common)
	current := s.holder.Current()
	database := s.databaseOf(update)
	var schemaVersion int64
	if current != nil && s.open == database {
		next.Store = current.Store
		state, _ := s.progress.get()
		schemaVersion = state.schemaVersion
	} else if next.Store, schemaVersion, err = s.openStore(ctx, database); err != nil {
		return errors.Join(err, s.discard(common))
	}
	next.Keys.Include(next.Store.Keys)
	next.Bookings = booking.NewService(next.Store, catalog, s.options.Clock)
	next.Shown = shown.New(next.Store, next.Cache)
	if next.Store.People != nil {
		next.Leads = lead.NewService(next.Store.People, next.Store, update.Document.Tenant.Region, s.options.Clock)
	}
	// Before the tenant, so that no change made under it goes unannounced.
	if err := s.adopt(common); err != nil {
		s.options.Logger.WarnContext(ctx, "closing the replaced Redis failed", "error", err)
	}
	s.holder.Swap(next)
	s.open = database
	if current != nil && current.Store != next.Store {
		s.retire(current.Store)
	}
	s.metrics.ConfigServed(s.options.Clock())
	s.progress.set(func(p *state) {
		*p = state{served: next.Revision, schemaVersion: schemaVersion}
	})
	s.options.Logger.InfoContext(ctx, "serving configuration", "revision", next.Revision, "tenant", next.Document.Tenant.Name,
		"engine", next.Document.Database.Engine, "after", s.options.Clock().Sub(s.started).String())
	return nil
}

// tenantOf makes everything of a Tenant that needs no database.
func (s *Server) tenantOf(update configwatch.Update, catalog *booking.Catalog) (*tenant.Tenant, error) {
	access := update.Document.Access
	keys := access.Keys
	if len(keys) == 0 && s.data != nil && runsAlone(update.Document) {
		own, err := s.data.key(s.options.Announce, s.PublicAddr())
		if err != nil {
			return nil, err
		}
		keys = []tenantconfig.APIKey{own}
	}
	secret, err := s.sessionSecret(update)
	if err != nil {
		return nil, err
	}
	verifier := auth.NewVerifier(s.gate, keys)
	sessions, err := auth.NewSessions(secret, verifier)
	if err != nil {
		return nil, fmt.Errorf("access.sessionKey: %w", err)
	}
	return &tenant.Tenant{
		Revision: update.Revision, Document: update.Document, Location: catalog.Location(),
		Keys: verifier, Sessions: sessions, StatusToken: statusToken(update.Document, update.Bundle),
	}, nil
}

func (s *Server) sessionSecret(update configwatch.Update) ([]byte, error) {
	switch key := update.Document.Access.SessionKey; {
	case key != "":
		secret, err := update.Bundle.Secret(key)
		return []byte(secret), err
	case s.data != nil && runsAlone(update.Document):
		return s.data.sessionSecret()
	}
	// Sessions then end with the process, and hold on one replica only.
	return s.gate.SessionSecret(), nil
}

// statusToken returns the bearer token of the status endpoint; empty when there is none.
func statusToken(document *tenantconfig.Document, bundle tenantconfig.Bundle) string {
	if document.Access.StatusTokenKey == "" {
		return ""
	}
	token, err := bundle.Secret(document.Access.StatusTokenKey)
	if err != nil {
		return ""
	}
	return token
}

// told is what the operator, and whoever reads a Tenant's status, learn of a failure. The log has the rest.
func told(reason error) string {
	if passing, ok := errors.AsType[*passingError](reason); ok {
		return "the database cannot be opened: " + store.Reason(passing.cause)
	}
	return reason.Error()
}

// refuse reports a revision that is not served; the same refusal again is not reported twice.
func (s *Server) refuse(ctx context.Context, update configwatch.Update, reason error) {
	refusal := &tenantconfig.Refusal{Revision: update.Revision, Message: told(reason)}
	before, _ := s.progress.get()
	if before.refused != nil && *before.refused == *refusal {
		return
	}
	token := ""
	if document, err := tenantconfig.Parse(update.Bundle[tenantconfig.DocumentKey]); err == nil {
		token = statusToken(document, update.Bundle)
	}
	s.metrics.ConfigRefused()
	s.progress.set(func(p *state) { p.refused, p.refusedToken = refusal, token })
	s.options.Logger.ErrorContext(ctx, "refused configuration; the one before stays in effect",
		"refused", update.Revision, "serving", before.served, "reason", reason.Error())
}
