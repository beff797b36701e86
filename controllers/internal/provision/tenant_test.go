package provision_test

import (
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

func mustRun(t *testing.T, conn *pgx.Conn, sql string, args ...any) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
