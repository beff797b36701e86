package provision_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
)

func TestEnsureMakesADatabaseForItsTenantAlone(t *testing.T) {
	t.Parallel()
	p, neighbour := newPlace(t), newPlace(t)
	credential, other := p.mustEnsure(0), neighbour.mustEnsure(0)
	if credential.Serial != 1 || other.Serial != 1 {
		t.Errorf("serials %d and %d, want 1", credential.Serial, other.Serial)
	}
	// The schema's own migrations are the judge of whether the rights suffice.
	if _, err := postgres.Migrate(t.Context(), p.url(credential)); err != nil {
		t.Fatalf("the server cannot migrate: %v", err)
	}
	conn := dial(t, p.url(credential))
	if got := query[string](t, conn, "SELECT current_user"); got != p.names.Owner {
		t.Errorf("acts as %s, want the owner %s", got, p.names.Owner)
	}
	foreign := query[int](t, conn, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner <> $1", p.names.Owner)
	if foreign != 0 {
		t.Errorf("%d tables do not belong to the owner role", foreign)
	}
	trespass := strings.Replace(p.url(other), p.names.Login(1), neighbour.names.Login(1), 1)
	if !refuses(t, trespass) {
		t.Error("one tenant's login gets into another's database")
	}
	if got := query[bool](t, conn, "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls FROM pg_roles WHERE rolname = session_user"); got {
		t.Error("the login has rights over the server")
	}
}

func TestEnsureTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	first := p.mustEnsure(0)
	conn := dial(t, p.url(first))
	if diff := cmp.Diff(first, p.mustEnsure(0)); diff != "" {
		t.Errorf("the second time (-first +second):\n%s", diff)
	}
	if refuses(t, p.url(first)) {
		t.Error("the first credential does not work any more")
	}
	query[int](t, conn, "SELECT 1") // and neither was the open connection cut
}

// cut is a connector whose connections break after so many statements, as when the operator is killed: what the server was told is done, what
// came back is never read.
func cut(after int) (connect provision.Connector, wasCut func() bool) {
	counter := &killer{left: after}
	return func(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
		config.Tracer = counter
		return pgx.ConnectConfig(ctx, config)
	}, func() bool { return counter.left < 0 }
}

type killer struct{ left int }

func (k *killer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (k *killer) TraceQueryEnd(_ context.Context, conn *pgx.Conn, _ pgx.TraceQueryEndData) {
	if k.left--; k.left < 0 {
		_ = conn.PgConn().Conn().Close()
	}
}

// works are all that an operator does on a server.
var works = []struct {
	name    string
	prepare func(*place)
	do      func(context.Context, provision.Engine, *place) *provision.Problem
	check   func(*testing.T, *place)
}{
	{
		name: "create", prepare: func(*place) {},
		do: func(ctx context.Context, e provision.Engine, p *place) *provision.Problem {
			_, problem := e.Ensure(ctx, p.request, 0, true, password)
			return problem
		},
		check: func(t *testing.T, p *place) {
			if refuses(t, p.url(provision.Credential{Serial: 1, Password: "password-1"})) {
				t.Error("the credential does not work")
			}
		},
	},
	{
		name: "rotate", prepare: func(p *place) { p.mustEnsure(1) },
		do: func(ctx context.Context, e provision.Engine, p *place) *provision.Problem {
			_, problem := e.Ensure(ctx, p.request, 2, false, password)
			return problem
		},
		check: func(t *testing.T, p *place) {
			for serial, secret := range map[int]string{1: "password-1", 2: "password-2"} {
				if refuses(t, p.url(provision.Credential{Serial: serial, Password: secret})) {
					t.Errorf("credential %d does not work", serial)
				}
			}
		},
	},
	{
		name: "retire", prepare: func(p *place) { p.mustEnsure(1); p.mustEnsure(2) },
		do: func(ctx context.Context, e provision.Engine, p *place) *provision.Problem {
			return e.Retire(ctx, p.request, 1, false)
		},
		check: func(t *testing.T, p *place) {
			if !refuses(t, p.url(provision.Credential{Serial: 1, Password: "password-1"})) {
				t.Error("the former password still works")
			}
		},
	},
	{
		name: "release", prepare: func(p *place) { p.mustEnsure(1) },
		do: func(ctx context.Context, e provision.Engine, p *place) *provision.Problem {
			return e.Release(ctx, p.request)
		},
		check: func(t *testing.T, p *place) {
			if _, problem := p.ensure(0, true); problem == nil || problem.Code != provision.AdoptionRequired {
				t.Errorf("what was kept can be had without adoption: %v", problem)
			}
		},
	},
	{
		name: "drop", prepare: func(p *place) { p.mustEnsure(1) },
		do: func(ctx context.Context, e provision.Engine, p *place) *provision.Problem {
			return e.Drop(ctx, p.request)
		},
		check: func(t *testing.T, p *place) {
			if left := p.left(); left != 0 {
				t.Errorf("%d roles and databases are left", left)
			}
		},
	},
}

// TestKilledAnywhere kills an operator after each of its statements in turn, and lets the next one finish.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for _, work := range works {
		t.Run(work.name, func(t *testing.T) {
			t.Parallel()
			statements := 0
			for killed := true; killed; statements++ {
				p := newPlace(t)
				work.prepare(p)
				connect, wasCut := cut(statements)
				_ = work.do(t.Context(), provision.Engine{Connect: connect}, p) // what becomes of it is the next operator's to find out
				killed = wasCut()
				if problem := work.do(t.Context(), provision.Engine{}, p); problem != nil {
					t.Fatalf("killed after statement %d, the next operator cannot finish: %v (%v)", statements+1, problem, problem.Err)
				}
				work.check(t, p)
			}
			if statements < 4 {
				t.Errorf("only %d statements were seen: the test does not cut what it should", statements)
			}
		})
	}
}

// left counts what the tenant still has on the server.
func (p *place) left() int {
	conn := dial(p.t, p.root)
	return query[int](p.t, conn, "SELECT (SELECT count(*) FROM pg_roles WHERE rolname = ANY($1)) + (SELECT count(*) FROM pg_database WHERE datname = $2)",
		append(p.names.Logins(), p.names.Owner), p.names.Database)
}

func TestTwoOperatorsRace(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for serial := range 3 {
		var finished sync.WaitGroup
		credentials := make([]provision.Credential, 4)
		for i := range credentials {
			finished.Go(func() {
				for {
					credential, problem := p.ensure(serial, true)
					if problem == nil {
						credentials[i] = credential
						return
					}
					if problem.Code != provision.Working {
						t.Errorf("operator %d: %v (%v)", i, problem, problem.Err)
						return
					}
				}
			})
		}
		finished.Wait()
		for _, credential := range credentials {
			if credential != credentials[0] {
				t.Errorf("they do not agree: %+v and %+v", credential, credentials[0])
			}
		}
		if refuses(t, p.url(credentials[0])) {
			t.Errorf("what they agree on does not work: %+v", credentials[0])
		}
	}
}

func TestAnOperatorThatLagsBehindHarmsNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for serial := 1; serial <= 3; serial++ {
		p.mustEnsure(serial)
	}
	current := provision.Credential{Serial: 3, Password: "password-3"}
	// Serial 1 had the same login role as serial 3 has now.
	if problem := (provision.Engine{}).Retire(t.Context(), p.request, 1, true); problem != nil {
		t.Fatal(problem)
	}
	if refuses(t, p.url(current)) {
		t.Error("the password that is in use was retired")
	}
	if got := p.mustEnsure(2); got != current {
		t.Errorf("got %+v, want the newest, %+v", got, current)
	}
}

// A tenant owns its database and may keep the operator out of it. That is nothing against the server, which others use.
func TestATenantThatKeepsTheOperatorOutHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	credential := p.mustEnsure(1)
	if _, err := dial(t, p.url(credential)).Exec(t.Context(), "ALTER DATABASE "+p.names.Database+" CONNECTION LIMIT 0"); err != nil {
		t.Fatal(err)
	}
	_, problem := p.ensure(2, false)
	if problem == nil || problem.Code != provision.Failed {
		t.Errorf("got %+v, want %s: anything else closes the server to all tenants", problem, provision.Failed)
	}
}

func TestRetireWaitsForTheLastConnection(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	former := p.mustEnsure(1)
	p.mustEnsure(2)
	open := dial(t, p.url(former))
	problem := provision.Engine{}.Retire(t.Context(), p.request, 1, false)
	if problem == nil || problem.Code != provision.Working {
		t.Fatalf("retired while somebody is connected: %v", problem)
	}
	query[int](t, open, "SELECT 1")
	if refuses(t, p.url(former)) {
		t.Error("a password that is in use is refused")
	}
	if problem := (provision.Engine{}).Retire(t.Context(), p.request, 1, true); problem != nil {
		t.Fatalf("forced: %v (%v)", problem, problem.Err)
	}
	if !refuses(t, p.url(former)) {
		t.Error("the former password still works")
	}
	if _, err := open.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("the connection of the former password lives on")
	}
}
