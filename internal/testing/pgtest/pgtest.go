package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
)

// startTimeout bounds making and starting a server, on a busy machine.
const startTimeout = 2 * time.Minute

// template is the migrated database that the tests' databases are copied from.
const template = "frontdesk_template"

// shared is the test binary's server.
var shared struct {
	mu     sync.Mutex
	inMain bool
	server *Server
	err    error
	count  atomic.Int64
	// copying lets one copy of the template be made at a time: Postgres refuses a second one.
	copying sync.Mutex
}

// Main runs the tests and then stops the server, if any test started it. It returns the exit code.
func Main(m *testing.M) int {
	shared.mu.Lock()
	shared.inMain = true
	shared.mu.Unlock()
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server == nil {
		return code
	}
	if err := shared.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: stop Postgres:", err)
		return max(code, 1)
	}
	return code
}

// URL returns the URL of a fresh database with the newest schema. It is dropped after the test.
func URL(t testing.TB) string {
	t.Helper()
	return database(t, template)
}

// EmptyURL returns the URL of a fresh database without any schema. It is dropped after the test.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return database(t, "template0")
}

func database(t testing.TB, from string) string {
	t.Helper()
	server := sharedServer(t)
	name := fmt.Sprintf("test_%d", shared.count.Add(1))
	shared.copying.Lock()
	err := server.exec(t.Context(), fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", name, from))
	shared.copying.Unlock()
	if err != nil {
		t.Fatalf("pgtest: create a database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := server.exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("pgtest: drop the test's database: %v", err)
		}
	})
	return server.URL(name)
}

func sharedServer(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if !shared.inMain {
		t.Fatal("pgtest: call pgtest.Main from this package's TestMain, so that the server is stopped after the tests")
	}
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = startWithTemplate()
	}
	if shared.err != nil {
		t.Fatalf("pgtest: %v", shared.err)
	}
	return shared.server
}

func startWithTemplate() (*Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	server, err := Start(ctx)
	if err != nil {
		return nil, err
	}
	err = server.exec(ctx, "CREATE DATABASE "+template)
	if err == nil {
		_, err = postgres.Migrate(ctx, server.URL(template))
	}
	if err != nil {
		return nil, fmt.Errorf("prepare the template database: %w", stopAfter(server, err))
	}
	return server, nil
}

// URL is the connection URL of a database on the server.
func (s *Server) URL(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(superuser, s.password), Host: fmt.Sprintf("127.0.0.1:%d", s.port),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}).String()
}

func (s *Server) exec(ctx context.Context, sql string) (err error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := conn.Close(context.WithoutCancel(ctx)); err == nil {
			err = closeErr
		}
	}()
	_, err = conn.Exec(ctx, sql)
	return err
}
