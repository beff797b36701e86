package provision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

func TestServersAreReadWithDefaults(t *testing.T) {
	t.Parallel()
	servers, err := provision.ParseServers([]byte(`
- name: shared
  host: postgres.platform.svc
  adminSecret: {name: shared-admin}
  allowedNamespaces: [dental]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := provision.Servers{{
		Name: "shared", Host: "postgres.platform.svc", Port: 5432, Database: "postgres", SSLMode: "verify-full",
		AdminSecret:       provision.AdminSecret{Name: "shared-admin", UsernameKey: "username", PasswordKey: "password"},
		AllowedNamespaces: []string{"dental"}, TenantHost: "postgres.platform.svc", TenantPort: 5432,
		PasswordRotation: "720h", Prefix: "fd",
	}}
	if diff := cmp.Diff(want, servers, cmpopts.IgnoreUnexported(provision.Server{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := servers[0].Rotation(); got != 720*time.Hour {
		t.Errorf("rotates every %s", got)
	}
}

func TestBadServersAreAllReported(t *testing.T) {
	t.Parallel()
	_, err := provision.ParseServers([]byte(`
- {name: Shared, host: "h:5432", port: 70000, sslMode: prefer, adminSecret: {}, allowedNamespaces: [], passwordRotation: 5m, prefix: "1"}
- {name: a, host: h, sslMode: require, caCertificate: no, adminSecret: {name: s}, allowedNamespaces: ["*"]}
- {name: a, host: h, caCertificate: nonsense, adminSecret: {name: s}, allowedNamespaces: ["*"]}
`))
	if err == nil {
		t.Fatal("they were taken")
	}
	for _, want := range []string{
		`[0] "Shared": name is`, "without a port", "port is 70000", `sslMode is "prefer"`, "adminSecret.name is missing", "allowedNamespaces is empty",
		`passwordRotation is "5m"`, `prefix is "1"`, "has no effect with sslMode require", "name is taken", "no certificate in PEM",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("it is not said that %s:\n%v", want, err)
		}
	}
	if _, err := provision.ParseServers([]byte(`[{name: a, hosts: h}]`)); err == nil || !strings.Contains(err.Error(), "hosts") {
		t.Errorf("an unknown field: %v", err)
	}
}

func TestTenantsUseOnlyWhatIsOpenToThem(t *testing.T) {
	t.Parallel()
	servers := provision.Servers{
		{Name: "secret-project", AllowedNamespaces: []string{"labs"}},
		{Name: "shared", AllowedNamespaces: []string{"*"}},
	}
	if _, problem := servers.For("shared", "dental"); problem != nil {
		t.Error(problem)
	}
	_, problem := servers.For("secret-project", "dental")
	if problem == nil || problem.Code != provision.ServerNotAllowed || !strings.Contains(problem.Message, "allowedNamespaces") {
		t.Errorf("got %+v", problem)
	}
	_, problem = servers.For("none", "dental")
	if problem == nil || problem.Code != provision.ServerUnknown || !strings.Contains(problem.Message, "shared") || strings.Contains(problem.Message, "secret-project") {
		t.Errorf("got %+v", problem)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	seen := map[string]provision.Identity{}
	long := strings.Repeat("x", 60)
	for _, tenant := range []provision.Identity{
		{Namespace: "a-b", Name: "c"}, {Namespace: "a", Name: "b-c"}, {Namespace: "a", Name: "b_c"},
		{Namespace: long, Name: long + "1"}, {Namespace: long, Name: long + "2"}, {Namespace: "dental", Name: "bright-smile"},
	} {
		names := provision.NamesOf("sixteen_letters_", tenant)
		for _, name := range append(names.Logins(), names.Database) {
			if len(name) > 63 {
				t.Errorf("%q has %d bytes", name, len(name))
			}
			if other, taken := seen[name]; taken {
				t.Errorf("%v and %v are both %q", tenant, other, name)
			}
			seen[name] = tenant
		}
	}
	if got := provision.NamesOf("fd", provision.Identity{Namespace: "dental", Name: "bright-smile"}).Database; got != "fd_dental_bright_smile_yn5lpcsw3duceah7" {
		t.Errorf("a name must never change, and is %q now", got)
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	settled := provision.Credential{Serial: 3, Retired: 2, RotatedAt: now.Add(-time.Hour), Request: "monday"}
	retiring := settled
	retiring.Retired = 1
	const month = 720 * time.Hour
	for _, test := range []struct {
		name      string
		situation provision.Situation
		want      provision.Step
	}{
		{"no credential", provision.Situation{}, provision.StepCreate},
		{"settled", provision.Situation{Have: &settled, Rotation: month, Request: "monday"}, provision.StepNone},
		{"due", provision.Situation{Have: &settled, Rotation: time.Hour}, provision.StepRotate},
		{"never due", provision.Situation{Have: &settled}, provision.StepNone},
		{"asked for", provision.Situation{Have: &settled, Request: "tuesday"}, provision.StepRotate},
		{"asked for again while one is under way", provision.Situation{Have: &retiring, Request: "tuesday"}, provision.StepNone},
		{"everybody has it", provision.Situation{Have: &retiring, Everywhere: true}, provision.StepRetire},
		{"locked out", provision.Situation{Have: &retiring, LockedOut: true}, provision.StepRepair},
	} {
		test.situation.Now = now
		got, after := provision.Plan(test.situation)
		if got != test.want {
			t.Errorf("%s: step %d, want %d", test.name, got, test.want)
		}
		if test.name == "settled" && (after < month*8/10 || after > month) {
			t.Errorf("asks again after %s", after)
		}
	}
}
