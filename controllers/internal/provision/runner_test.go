package provision_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/testr"
	"github.com/jackc/pgx/v5"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

const patience = 30 * time.Second

// startRunner runs tasks on the place's server until the test ends.
func startRunner(t *testing.T, server provision.Server, admin provision.Admin) *provision.Runner {
	t.Helper()
	runner := provision.NewRunner(provision.RunnerOptions{
		Servers: provision.Servers{server},
		Admin:   func(context.Context, provision.Server) (provision.Admin, error) { return admin, nil },
		Derive:  func(_ context.Context, _ provision.Identity, serial int) (string, error) { return password(serial) },
		Log:     testr.New(t), DrainGrace: 100 * time.Millisecond,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- runner.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return runner
}

func await(t *testing.T, runner *provision.Runner, task provision.Task, what string, check func(provision.Outcome) bool) provision.Outcome {
	t.Helper()
	key := types.NamespacedName{Namespace: task.Tenant.Namespace, Name: task.Tenant.Name}
	deadline := time.Now().Add(patience)
	for {
		outcome := runner.Run(key, task)
		if check(outcome) {
			return outcome
		}
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s; now it is %+v", what, outcome)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func done(o provision.Outcome) bool { return o.Done }

func TestRunnerOutlastsAServerThatIsAway(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	config, err := pgx.ParseConfig(server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	runner := startRunner(t, serverAt(t, server.URL("postgres")), provision.Admin{User: config.User, Password: config.Password})
	tasks := make([]provision.Task, 20)
	for i := range tasks {
		tasks[i] = provision.Task{
			Kind: provision.KindEnsure, Server: "shared", Create: true,
			Tenant: provision.Identity{Namespace: "dental", Name: "tenant-" + string(rune('a'+i)), UID: "1"},
		}
	}
	for _, task := range tasks {
		outcome := await(t, runner, task, "that the server is away is said", func(o provision.Outcome) bool { return o.Problem != nil })
		if outcome.Problem.Code != provision.ServerUnavailable || !strings.Contains(outcome.Problem.Message, `"shared"`) || strings.Contains(outcome.Problem.Message, "127.0.0.1") {
			t.Errorf("got %+v", outcome.Problem)
		}
	}
	if err := server.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		if credential := await(t, runner, task, "the database", done).Credential; credential.Serial != 1 {
			t.Errorf("got %+v", credential)
		}
	}
}

func TestRunnerDoesAnotherTaskInstead(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	runner := startRunner(t, p.request.Server, p.request.Admin)
	create := provision.Task{Kind: provision.KindEnsure, Server: "shared", Tenant: p.request.Tenant, Create: true}
	former := await(t, runner, create, "the database", done).Credential
	open := dial(t, p.url(former))
	rotate := create
	rotate.Serial = 2
	if next := await(t, runner, rotate, "the second password", done).Credential; next.Serial != 2 {
		t.Errorf("got %+v", next)
	}
	retire := provision.Task{Kind: provision.KindRetire, Server: "shared", Tenant: p.request.Tenant, Serial: 1}
	await(t, runner, retire, "the wait for the last connection", func(o provision.Outcome) bool {
		return o.Problem != nil && o.Problem.Code == provision.Working
	})
	_ = open.Close(t.Context())
	await(t, runner, retire, "the end of the first password", done)
	if !refuses(t, p.url(former)) {
		t.Error("the former password still works")
	}
	await(t, runner, provision.Task{Kind: provision.KindDrop, Server: "shared", Tenant: p.request.Tenant}, "the drop", done)
	if left := p.left(); left != 0 {
		t.Errorf("%d things are left", left)
	}
}

func TestRunnerLooksAgainAtOnceWhenAskedAnew(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.exec("CREATE DATABASE " + p.names.Database)
	runner := startRunner(t, p.request.Server, p.request.Admin)
	task := provision.Task{Kind: provision.KindEnsure, Server: "shared", Tenant: p.request.Tenant, Create: true}
	await(t, runner, task, "the conflict", func(o provision.Outcome) bool { return o.Problem != nil && o.Problem.Stalled() })
	p.exec("DROP DATABASE " + p.names.Database)
	runner.Forget(types.NamespacedName{Namespace: task.Tenant.Namespace, Name: task.Tenant.Name})
	await(t, runner, task, "the database, once the way is free and somebody asks again", done)
}

// Who locks a tenant's servers out once may do so again.
func TestRepairIsRepeated(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	credential := p.mustEnsure(1)
	runner := startRunner(t, p.request.Server, p.request.Admin)
	repair := provision.Task{Kind: provision.KindEnsure, Server: p.request.Server.Name, Tenant: p.request.Tenant, Serial: 1, Repeat: true}
	credential.Password = await(t, runner, repair, "the first repair", done).Credential.Password
	for range 2 {
		p.exec("ALTER ROLE " + p.names.Login(1) + " NOLOGIN")
		await(t, runner, repair, "another repair", func(provision.Outcome) bool { return !refuses(t, p.url(credential)) })
	}
	runner.Forget(types.NamespacedName{Namespace: p.request.Tenant.Namespace, Name: p.request.Tenant.Name})
}
