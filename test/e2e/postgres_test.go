//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// The database server of the platform, as the chart's values call it, and the Secret of its administrator.
const (
	serverName  = "shared"
	adminSecret = "shared-admin"
)

// databaseServer is a Postgres on this machine, as a platform team would run one.
type databaseServer struct {
	*pgtest.Server
	adminPassword string
}

func startDatabaseServer(ctx context.Context) (*databaseServer, error) {
	server, err := pgtest.Start(ctx)
	if err != nil {
		return nil, err
	}
	s := &databaseServer{Server: server, adminPassword: rand.Text()}
	// What docs/databases.md asks for, and no more.
	return s, s.exec(ctx, "CREATE ROLE platform LOGIN CREATEDB CREATEROLE PASSWORD '"+s.adminPassword+"'")
}

// newDatabaseServer is one for one test, which may do to it what would disturb others.
func newDatabaseServer(t *testing.T) *databaseServer {
	t.Helper()
	server, err := startDatabaseServer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Errorf("stop Postgres: %v", err)
		}
	})
	return server
}

// hold keeps everybody from making or dropping a database: such a statement waits for its lock until release is called.
func (s *databaseServer) hold(t *testing.T) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE pg_database IN SHARE MODE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitHeld waits until statements that begin like these wait for their locks, all at the same time.
func (s *databaseServer) awaitHeld(t *testing.T, statements ...string) {
	t.Helper()
	eventually(t, time.Minute, func() error {
		held, err := s.names(t.Context(), "SELECT query FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
		if err != nil {
			return err
		}
		for _, begins := range statements {
			if !slices.ContainsFunc(held, func(query string) bool { return strings.HasPrefix(query, begins) }) {
				return fmt.Errorf("%s… does not wait for a lock; these do: %q", begins, held)
			}
		}
		return nil
	})
}

func (s *databaseServer) exec(ctx context.Context, sql string) error {
	return s.execIn(ctx, "postgres", sql)
}

func (s *databaseServer) execIn(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql)
	return err
}

// names reads a column of names.
func (s *databaseServer) names(ctx context.Context, query string, args ...any) ([]string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	rows, err := conn.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ofNamespace lists the databases and the roles that belong to tenants of a namespace.
func (s *databaseServer) ofNamespace(t *testing.T, namespace string) []string {
	t.Helper()
	found, err := s.names(t.Context(), `SELECT 'database ' || datname FROM pg_database WHERE starts_with(datname, $1)
		UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1`, prefixOf(namespace))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// prefixOf begins the names of everything that tenants of a namespace have on a server: see docs/databases.md.
func prefixOf(namespace string) string { return "fd_" + strings.ReplaceAll(namespace, "-", "_") + "_" }

// emptyDatabase makes one and returns its URL for pods of a site.
func (s *databaseServer) emptyDatabase(t *testing.T, where *site) string {
	t.Helper()
	name := "bring_" + strings.ToLower(rand.Text()[:8])
	if err := s.exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(s.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	address.Host = where.postgres
	return address.String()
}

// serve makes the server reachable from the pods of a site until the run ends, and gives the operator there the
// administrator's Secret. It returns what the platform team writes into the chart's values.
func (s *databaseServer) serve(ctx context.Context, where *site) (values []string, err error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(where.cluster.hostAddress, "0"))
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(s.URL("postgres"))
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the link to the site is gone
			}
			go pass(conn, target.Host)
		}
	}()
	where.postgres = listener.Addr().String()
	if err := where.kubectl.EnsureNamespace(ctx, walkthrough.OperatorNamespace); err != nil {
		return nil, err
	}
	secret := fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s}\nstringData: {username: platform, password: %q}\n", adminSecret, s.adminPassword)
	if err := where.kubectl.Apply(ctx, walkthrough.OperatorNamespace, secret); err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(where.postgres)
	const server = "databaseServers[0]."
	return []string{
		server + "name=" + serverName, server + "host=" + host, server + "port=" + port, server + "sslMode=disable",
		server + "adminSecret.name=" + adminSecret, server + "allowedNamespaces={*}",
	}, err
}

// pass copies both ways until one side ends.
func pass(conn net.Conn, address string) {
	defer conn.Close()
	onward, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer onward.Close()
	go func() {
		_, _ = io.Copy(onward, conn)
		_ = onward.Close()
	}()
	_, _ = io.Copy(conn, onward)
}
