package provision_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

// These suppose that whoever has a tenant's login means harm. It lets him into the tenant's own database, and into those that the
// server opens to everybody, of which the maintenance database is one by default.

func TestATenantHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	neighbour := p.neighbour()
	credential := p.mustEnsure(1)
	neighbour.mustEnsure(1)
	locks := provision.LockDatabase(p.request.Server.Prefix)
	if !refuses(t, p.urlIn(locks.Database, credential)) {
		t.Error("a tenant's login gets to where operators hold their locks")
	}
	holder := dial(t, p.urlIn(p.request.Server.Database, credential))
	for _, names := range []provision.Names{neighbour.names, locks} {
		mustRun(t, holder, "SELECT pg_advisory_lock($1)", names.LockKey())
	}
	if _, problem := neighbour.ensure(2, false); problem != nil {
		t.Errorf("a rotation: %v", problem)
	}
	if problem := (provision.Engine{}).Retire(t.Context(), neighbour.request, 1, false); problem != nil {
		t.Errorf("the end of a password: %v", problem)
	}
	if problem := (provision.Engine{}).Drop(t.Context(), neighbour.request); problem != nil || neighbour.left() != 0 {
		t.Errorf("a deletion: %v", problem)
	}
}

// Each of these kept a tenant's data from being dropped, or its login from being ended.
var obstructions = []struct {
	name string
	// maintenance: it is done in the maintenance database, else in the tenant's own.
	maintenance bool
	statements  []string
	// left is how many roles stay behind.
	left int
}{
	{"something it owns elsewhere", true, []string{"SET ROLE OWNER", "SELECT lo_create(0)"}, 1},
	{"something its login owns elsewhere", true, []string{"SELECT lo_create(0)"}, 1},
	{"a template", false, []string{"ALTER DATABASE OWNER IS_TEMPLATE true"}, 0},
	{"a lock on its database", true, []string{"SET ROLE OWNER", "BEGIN", "COMMENT ON DATABASE OWNER IS 'mine'"}, 0},
	{"a lock on its login", true, []string{"BEGIN", "ALTER ROLE SESSION_USER PASSWORD 'mine'"}, 0},
}

func TestATenantCannotKeepItsDataFromBeingDropped(t *testing.T) {
	t.Parallel()
	for _, test := range obstructions {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			credential := p.mustEnsure(1)
			address := p.url(credential)
			if test.maintenance {
				address = p.urlIn(p.request.Server.Database, credential)
				p.disownIn(p.request.Server.Database)
			}
			conn := dial(t, address)
			for _, sql := range test.statements {
				mustRun(t, conn, strings.ReplaceAll(sql, "OWNER", p.names.Owner))
			}
			for range 2 { // the second time by an operator that does not know of the first
				if problem := (provision.Engine{}).Drop(t.Context(), p.request); problem != nil {
					t.Fatalf("%v (%v)", problem, problem.Err)
				}
			}
			if left := p.left(); left != test.left {
				t.Errorf("%d roles and databases are left, want %d", left, test.left)
			}
			if !refuses(t, p.url(credential)) {
				t.Error("the login still works")
			}
			p.request.Tenant.UID = "uid-2"
			if _, problem := p.ensure(0, true); problem != nil {
				t.Errorf("a later tenant of the name gets none: %v", problem)
			}
		})
	}
}

// disownIn removes after the test what the tenant has in a database that outlives it.
func (p *place) disownIn(database string) {
	p.t.Helper()
	address, err := url.Parse(p.root)
	if err != nil {
		p.t.Fatal(err)
	}
	address.Path = database
	root := dial(p.t, address.String())
	p.t.Cleanup(func() {
		for _, role := range append(p.names.Logins(), p.names.Owner) {
			sql := fmt.Sprintf("DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '%[1]s') THEN DROP OWNED BY %[1]s; END IF; END $$", role)
			if _, err := root.Exec(context.WithoutCancel(p.t.Context()), sql); err != nil {
				p.t.Error(err)
			}
		}
	})
}

func mustRun(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
