package provision_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

var tenants atomic.Int32

// place is a server with an administrator, and a tenant that nobody else has.
type place struct {
	t       *testing.T
	root    string
	request provision.Request
	names   provision.Names
}

// newPlace has an administrator as managed servers give one: no superuser, but one who may make databases and roles.
func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, root: pgtest.EmptyURL(t)}
	number := tenants.Add(1)
	admin := provision.Admin{User: fmt.Sprintf("admin_%d", number), Password: "admin-password"}
	p.exec(fmt.Sprintf("CREATE ROLE %s LOGIN CREATEDB CREATEROLE PASSWORD 'admin-password'", admin.User))
	p.request = provision.Request{
		Server: serverAt(t, p.root), Admin: admin,
		Tenant: provision.Identity{Namespace: "dental", Name: fmt.Sprintf("bright-smile-%d", number), UID: "uid-1"},
	}
	p.request.Server.Prefix = fmt.Sprintf("fd%d", number) // so that what operators share is made anew, too
	p.names = provision.NamesOf(p.request.Server.Prefix, p.request.Tenant)
	t.Cleanup(func() {
		p.remove(provision.LockDatabase(p.request.Server.Prefix))
		p.exec("DROP ROLE " + admin.User)
	})
	t.Cleanup(func() { p.remove(p.names) })
	return p
}

// neighbour is another tenant of the same operator.
func (p *place) neighbour() *place {
	other := *p
	other.request.Tenant.Name += "-next-door"
	other.names = provision.NamesOf(p.request.Server.Prefix, other.request.Tenant)
	p.t.Cleanup(func() { other.remove(other.names) })
	return &other
}

func (p *place) remove(names provision.Names) {
	p.exec("DROP DATABASE IF EXISTS " + names.Database + " WITH (FORCE)")
	for _, role := range append(names.Logins(), names.Owner) {
		p.exec("DROP ROLE IF EXISTS " + role)
	}
}

// serverAt is the server of a URL as the platform would define it.
func serverAt(t *testing.T, address string) provision.Server {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(parsed.Port())
	if err != nil {
		t.Fatal(err)
	}
	servers, err := provision.ParseServers(fmt.Appendf(nil,
		`[{name: shared, host: %s, port: %d, sslMode: disable, adminSecret: {name: admin}, allowedNamespaces: ["*"]}]`, parsed.Hostname(), port))
	if err != nil {
		t.Fatal(err)
	}
	return servers[0]
}

// exec runs a statement as superuser, in the test's own database.
func (p *place) exec(sql string) {
	p.t.Helper()
	conn := dial(p.t, p.root)
	if _, err := conn.Exec(context.WithoutCancel(p.t.Context()), sql); err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
}

// dial connects until the end of the test.
func dial(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(ctx) })
	return conn
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// password is a stand-in for what is derived from the root key.
func password(serial int) (string, error) { return fmt.Sprintf("password-%d", serial), nil }

func (p *place) ensure(serial int, create bool) (provision.Credential, *provision.Problem) {
	return provision.Engine{}.Ensure(p.t.Context(), p.request, serial, create, password)
}

func (p *place) mustEnsure(serial int) provision.Credential {
	p.t.Helper()
	credential, problem := p.ensure(serial, true)
	if problem != nil {
		p.t.Fatalf("%v (%v)", problem, problem.Err)
	}
	return credential
}

func (p *place) url(c provision.Credential) string {
	return p.request.Server.URL(p.request.Tenant, c, "")
}

// urlIn is for another database than the tenant's.
func (p *place) urlIn(database string, c provision.Credential) string {
	return strings.Replace(p.url(c), "/"+p.names.Database+"?", "/"+database+"?", 1)
}

// refuses says that a credential does not work.
func refuses(t *testing.T, address string) bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err == nil {
		_ = conn.Close(t.Context())
		return false
	}
	if !strings.Contains(err.Error(), "SQLSTATE 28") && !strings.Contains(err.Error(), "SQLSTATE 42501") {
		t.Fatalf("failed for another reason: %v", err)
	}
	return true
}
