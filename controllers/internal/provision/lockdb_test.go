package provision_test

import (
	"testing"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

func TestWhatHasTheLockDatabasesNameIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	locks := provision.LockDatabase(p.request.Server.Prefix)
	p.exec("CREATE ROLE " + locks.Owner)
	_, problem := p.ensure(0, true)
	if problem == nil || problem.Code != provision.Foreign || !problem.Stalled() {
		t.Errorf("got %+v, want %s", problem, provision.Foreign)
	}
	if left := p.left(); left != 0 {
		t.Errorf("%d roles and databases were made without a lock", left)
	}
}

func TestAnotherAdministratorGoesOn(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if query[bool](t, dial(t, p.root), "SELECT current_setting('server_version_num')::int >= 160000") {
		t.Skip("from PostgreSQL 16 on, a role that is no superuser administers only those that it has made")
	}
	p.mustEnsure(1)
	former := p.request.Admin.User
	p.request.Admin.User = former + "_next"
	p.exec("CREATE ROLE " + p.request.Admin.User + " LOGIN CREATEDB CREATEROLE PASSWORD 'admin-password'")
	t.Cleanup(func() { p.exec("DROP ROLE " + former + "_next") })
	if refuses(t, p.url(p.mustEnsure(2))) {
		t.Error("the credential does not work")
	}
	if problem := (provision.Engine{}).Drop(t.Context(), p.request); problem != nil || p.left() != 0 {
		t.Errorf("%d things are left: %v", p.left(), problem)
	}
}
