package provision_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

// state is all that could be touched of a foreign database: its owner, comment and rights, and the roles.
func (p *place) state() string {
	conn := dial(p.t, p.root)
	return query[string](p.t, conn, `
		SELECT coalesce((SELECT string_agg(concat_ws(' ', datname, pg_get_userbyid(datdba), datacl, shobj_description(oid, 'pg_database')), ';')
			FROM pg_database WHERE datname = $1), 'no database') || coalesce((SELECT string_agg(
			concat_ws(' ', rolname, rolcanlogin, rolpassword, shobj_description(oid, 'pg_authid')), ';' ORDER BY rolname)
			FROM pg_authid WHERE rolname = ANY($2)), 'no roles')`,
		p.names.Database, append(p.names.Logins(), p.names.Owner))
}

const (
	otherTenant  = `frontdesk.dev/v1 {"tenant":"other/tenant","uid":"uid-1"}`
	formerTenant = `frontdesk.dev/v1 {"tenant":"TENANT","uid":"uid-0"}`
)

// foreign is what an operator may find under the names that it would use.
var foreign = []struct {
	name  string
	given []string
	adopt bool
	want  provision.Code // empty: it may be used
}{
	{"a database of somebody's", []string{"CREATE DATABASE NAME"}, false, provision.Foreign},
	{"a database of somebody's, to adopt", []string{"CREATE DATABASE NAME"}, true, provision.Foreign},
	{"a role", []string{"CREATE ROLE NAME"}, false, provision.Foreign},
	{"a role, to adopt", []string{"CREATE ROLE NAME"}, true, ""},
	{"a login", []string{"CREATE ROLE NAME_b LOGIN"}, false, provision.Foreign},
	{"a role of another tenant's", []string{"CREATE ROLE NAME", "COMMENT ON ROLE NAME IS '" + otherTenant + "'"}, true, provision.Foreign},
	{
		"a database without marker, of the role of that name",
		[]string{"CREATE ROLE NAME", "CREATE DATABASE NAME OWNER NAME"}, false, provision.AdoptionRequired,
	},
	{
		"a database without marker, of the role of that name, to adopt",
		[]string{"CREATE ROLE NAME", "CREATE DATABASE NAME OWNER NAME"}, true, "",
	},
	{
		"a database of a former tenant",
		[]string{"CREATE ROLE NAME", "CREATE DATABASE NAME OWNER NAME", "COMMENT ON DATABASE NAME IS '" + formerTenant + "'", "COMMENT ON ROLE NAME IS '" + formerTenant + "'"},
		false, provision.AdoptionRequired,
	},
	{
		"a database of another tenant, to adopt",
		[]string{"CREATE ROLE NAME", "CREATE DATABASE NAME OWNER NAME", "COMMENT ON DATABASE NAME IS '" + otherTenant + "'"},
		true, provision.Foreign,
	},
}

func TestForeignThingsAreLeftAlone(t *testing.T) {
	t.Parallel()
	for _, test := range foreign {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.request.Adopt = test.adopt
			root := dial(t, p.root)
			if test.want == "" { // an administrator that is no superuser may only take over what is in its reach
				p.exec("ALTER ROLE " + p.request.Admin.User + " SUPERUSER")
			}
			for _, sql := range test.given {
				tenant := p.request.Tenant.Namespace + "/" + p.request.Tenant.Name
				sql = strings.NewReplacer("NAME", p.names.Database, "TENANT", tenant).Replace(sql)
				if _, err := root.Exec(t.Context(), sql); err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
			}
			before := p.state()
			credential, problem := p.ensure(0, true)
			if test.want == "" {
				if problem != nil || refuses(t, p.url(credential)) {
					t.Errorf("could not be taken over: %v", problem)
				}
				return
			}
			if problem == nil || problem.Code != test.want || !problem.Stalled() {
				t.Errorf("got %+v, want %s", problem, test.want)
			}
			for _, end := range []func() *provision.Problem{
				func() *provision.Problem { return provision.Engine{}.Release(t.Context(), p.request) },
				func() *provision.Problem { return provision.Engine{}.Drop(t.Context(), p.request) },
			} {
				if problem := end(); problem != nil {
					t.Errorf("what is not ours is in the way of a deletion: %v", problem)
				}
			}
			if after := p.state(); after != before {
				t.Errorf("it was touched:\n%s\n%s", before, after)
			}
		})
	}
}

// Whoever has a tenant's login owns its database, and may say of it what he likes.
func TestATenantCannotDisownItsDatabase(t *testing.T) {
	t.Parallel()
	for _, comment := range []string{otherTenant, "the books of 2026"} {
		p := newPlace(t)
		disown := func(c provision.Credential) {
			if _, err := dial(t, p.url(c)).Exec(t.Context(), fmt.Sprintf("COMMENT ON DATABASE %s IS '%s'", p.names.Database, comment)); err != nil {
				t.Fatal(err)
			}
		}
		disown(p.mustEnsure(1))
		rotated := p.mustEnsure(2)
		disown(rotated)
		if problem := (provision.Engine{}).Retire(t.Context(), p.request, 1, true); problem != nil || !refuses(t, p.url(provision.Credential{Serial: 1, Password: "password-1"})) {
			t.Errorf("%s: the former password was not ended: %v", comment, problem)
		}
		disown(rotated)
		if problem := (provision.Engine{}).Drop(t.Context(), p.request); problem != nil || p.left() != 0 {
			t.Errorf("%s: %d things outlive their tenant: %v", comment, p.left(), problem)
		}
	}
}

func TestReleasedDataIsAdoptedWhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	former := p.mustEnsure(0)
	conn := dial(t, p.url(former))
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)"); err != nil {
		t.Fatal(err)
	}
	if problem := (provision.Engine{}).Release(t.Context(), p.request); problem != nil {
		t.Fatalf("%v (%v)", problem, problem.Err)
	}
	if !refuses(t, p.url(former)) {
		t.Error("the login of a tenant that is gone still works")
	}
	p.request.Tenant.UID = "uid-2"
	if _, problem := p.ensure(0, true); problem == nil || problem.Code != provision.AdoptionRequired {
		t.Errorf("without adoption: %v", problem)
	}
	p.request.Adopt = true
	if got := query[int](t, dial(t, p.url(p.mustEnsure(0))), "SELECT n FROM kept"); got != 42 {
		t.Errorf("the kept data says %d", got)
	}
	p.request.Tenant.UID = "uid-1" // the deletion of the former one, come late
	if problem := (provision.Engine{}).Drop(t.Context(), p.request); problem != nil || p.left() != 3 {
		t.Errorf("a former tenant dropped its successor's database (%v), %d things are left", problem, p.left())
	}
}

// A Tenant that was let go without its database left its logins behind. Adoption must not leave them in.
func TestAdoptionShutsOutTheFormerTenant(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	former := []provision.Credential{p.mustEnsure(1), p.mustEnsure(2)}
	open := dial(t, p.url(former[1]))
	p.request.Tenant.UID, p.request.Adopt = "uid-2", true
	adopted, problem := provision.Engine{}.Ensure(t.Context(), p.request, 0, true, func(int) (string, error) { return "another", nil })
	if problem != nil {
		t.Fatalf("%v (%v)", problem, problem.Err)
	}
	for _, credential := range former {
		if !refuses(t, p.url(credential)) {
			t.Errorf("the former tenant's password %d still works", credential.Serial)
		}
	}
	if _, err := open.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the former tenant's connection lives on")
	}
	if refuses(t, p.url(adopted)) {
		t.Error("the new tenant's credential does not work")
	}
}

func TestDropTakesEverything(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	open := dial(t, p.url(p.mustEnsure(1)))
	p.mustEnsure(2)
	if problem := (provision.Engine{}).Drop(t.Context(), p.request); problem != nil {
		t.Fatalf("%v (%v)", problem, problem.Err)
	}
	if left := p.left(); left != 0 {
		t.Errorf("%d roles and databases are left", left)
	}
	if _, err := open.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a connection outlived the database")
	}
}

func TestALostDatabaseIsNotMadeAnewInSilence(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.mustEnsure(1)
	p.exec("DROP DATABASE " + p.names.Database)
	if _, problem := p.ensure(1, false); problem == nil || problem.Code != provision.Missing {
		t.Errorf("got %v, want %s", problem, provision.Missing)
	}
}

func TestRefusedAdministrators(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.exec("ALTER ROLE " + p.request.Admin.User + " NOCREATEROLE NOCREATEDB")
	_, problem := p.ensure(0, true)
	if problem == nil || problem.Code != provision.RightsMissing {
		t.Errorf("without rights: %+v", problem)
	}
	p.request.Admin.Password = "wrong"
	_, problem = p.ensure(0, true)
	if problem == nil || problem.Code != provision.ServerRefuses {
		t.Fatalf("with a wrong password: %+v", problem)
	}
	for _, secret := range []string{"wrong", p.request.Admin.User, p.request.Server.Host} {
		if strings.Contains(problem.Message, secret) {
			t.Errorf("the message tells %q: %s", secret, problem.Message)
		}
	}
}
