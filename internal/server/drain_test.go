package server_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// gated is a real store whose List waits, and which tells when it is closed.
type gated struct {
	booking.Store
	entered chan struct{}
	proceed chan struct{}
	closed  atomic.Bool
}

func (g *gated) List(ctx context.Context, filter booking.Filter) ([]booking.Booking, error) {
	g.entered <- struct{}{}
	<-g.proceed
	if g.closed.Load() {
		return nil, errors.New("the store was closed under a running request")
	}
	return g.Store.List(ctx, filter)
}

func (g *gated) Close() error {
	g.closed.Store(true)
	return g.Store.Close()
}

// openGated opens real stores and keeps them by the base name of their file.
func openGated(stores *sync.Map) func(*server.Options) {
	return func(o *server.Options) {
		o.OpenStore = func(ctx context.Context, d server.Database) (booking.Store, error) {
			if strings.Contains(d.Path, "unreachable") {
				if _, err := os.Stat(d.Path + ".mended"); err != nil {
					return nil, errors.New("connection refused")
				}
			}
			opened, err := store.Open(ctx, store.Options{Engine: d.Engine, Path: d.Path})
			if err != nil {
				return nil, err
			}
			g := &gated{Store: opened, entered: make(chan struct{}, 8), proceed: make(chan struct{})}
			stores.Store(filepath.Base(d.Path), g)
			return g, nil
		}
	}
}

// opened returns the store that the server started with.
func opened(t *testing.T, stores *sync.Map) *gated {
	t.Helper()
	value, _ := stores.Load("salon.db")
	first, ok := value.(*gated)
	if !ok {
		t.Fatal("the first store was not opened")
	}
	return first
}

func TestAnotherDatabaseDrainsTheOld(t *testing.T) {
	t.Parallel()
	var stores sync.Map
	s := servertest.Start(t, servertest.Unchanged, openGated(&stores))
	old := opened(t, &stores)
	answered := make(chan servertest.Answer, 1)
	go func() {
		answer, err := s.TrySend(servertest.Request{Method: http.MethodGet, Path: "/api/v1/bookings"})
		if err != nil {
			t.Error(err)
		}
		answered <- answer
	}()
	<-old.entered // the request is in the old store
	revision := s.Configure(func(d *tenantconfig.Document) { d.Database.Path = filepath.Join(s.Folder, ".data", "other.db") })
	if status := s.Status(revision); status.Revision != revision {
		t.Fatalf("the new database is not served while the old one is in use: %+v", status)
	}
	if old.closed.Load() {
		t.Fatal("the old database was closed under a running request")
	}
	close(old.proceed)
	if answer := <-answered; answer.Status != http.StatusOK {
		t.Errorf("the request on the old database: %d %s", answer.Status, answer.Raw)
	}
	servertest.Eventually(t, "the old database is closed", old.closed.Load)
}

func TestUnreachableDatabaseIsRefusedAndTriedAgain(t *testing.T) {
	t.Parallel()
	var stores sync.Map
	s := servertest.Start(t, servertest.Unchanged, openGated(&stores))
	good := s.Status("").Revision
	path := filepath.Join(s.Folder, ".data", "unreachable.db")
	revision := s.Configure(func(d *tenantconfig.Document) { d.Database.Path = path })
	if status := s.Status(revision); status.Revision != good || status.Refused == nil || !strings.Contains(status.Refused.Message, "connection refused") {
		t.Fatalf("status: %+v %+v", status, status.Refused)
	}
	if err := os.WriteFile(path+".mended", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the revision is served after all", func() bool {
		status := s.Status("")
		return status.Revision == revision && status.Refused == nil
	})
}

func TestStopFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	var stores sync.Map
	s := servertest.Start(t, servertest.Unchanged, openGated(&stores), func(o *server.Options) { o.DrainDelay = 300 * time.Millisecond })
	kept := opened(t, &stores)
	answered := make(chan servertest.Answer, 1)
	go func() {
		answer, err := s.TrySend(servertest.Request{Method: http.MethodGet, Path: "/api/v1/bookings"})
		if err != nil {
			t.Error(err)
		}
		answered <- answer
	}()
	<-kept.entered
	s.Ask()
	servertest.Eventually(t, "readiness is off", func() bool { return s.InternalStatus("/readyz") == http.StatusServiceUnavailable })
	if answer := s.Get("/api/v1/services"); !answer.OK || !answer.Close {
		t.Errorf("a draining server must keep serving and ask to move on: %d, close %v", answer.Status, answer.Close)
	}
	close(kept.proceed)
	if answer := <-answered; answer.Status != http.StatusOK {
		t.Errorf("the request in flight: %d %s", answer.Status, answer.Raw)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if !kept.closed.Load() {
		t.Error("the database was not closed")
	}
}

// TestStopCutsOffWhatTakesTooLong: a request that waits for a database must not keep the server from ending.
func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	entered, cause := make(chan struct{}), make(chan error, 1)
	s := servertest.Start(t, servertest.Unchanged, func(o *server.Options) {
		o.ShutdownTimeout = 50 * time.Millisecond
		o.OpenStore = func(ctx context.Context, d server.Database) (booking.Store, error) {
			opened, err := store.Open(ctx, store.Options{Engine: d.Engine, Path: d.Path})
			return &stuck{Store: opened, entered: entered, cause: cause}, err
		}
	})
	cut := make(chan error, 1)
	go func() {
		_, err := s.TrySend(servertest.Request{Method: http.MethodGet, Path: "/api/v1/bookings"})
		cut <- err
	}()
	<-entered
	if err := s.StopAnyhow(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Run = %v; want to be told that requests were cut off", err)
	}
	if err := <-cause; !errors.Is(err, context.Canceled) {
		t.Errorf("the request ended by %v; want to be cancelled before its own deadline", err)
	}
	if err := <-cut; err == nil {
		t.Error("a request that was cut off got an answer")
	}
}

// stuck is a store whose List waits for as long as it may.
type stuck struct {
	booking.Store
	entered chan struct{}
	cause   chan error
}

func (s *stuck) List(ctx context.Context, _ booking.Filter) ([]booking.Booking, error) {
	close(s.entered)
	<-ctx.Done()
	s.cause <- ctx.Err()
	return nil, ctx.Err()
}
