package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

const serverShop = `
  database: {engine: Postgres, postgres: {server: shared}}
`

// newWorldWithServer has a database server named shared at the address, and one that is closed to all.
func newWorldWithServer(t *testing.T, address string) *world {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	servers, err := provision.ParseServers(fmt.Appendf(nil, `
- {name: shared, host: %[1]s, port: %[2]s, sslMode: disable, adminSecret: {name: shared-admin}, allowedNamespaces: ["*"]}
- {name: closed, host: %[1]s, port: %[2]s, sslMode: disable, adminSecret: {name: shared-admin}, allowedNamespaces: [elsewhere]}
`, parsed.Hostname(), parsed.Port()))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldOn(t, servers)
	password, _ := parsed.User.Password()
	admin := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.home, Name: "shared-admin"},
		StringData: map[string]string{"username": parsed.User.Username(), "password": password},
	}
	if err := w.cluster.Client.Create(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	return w
}

func (w *world) databaseURL() string { return string(w.config("shop")["database-url"]) }

// tryLogin connects and runs a statement; nil when that works.
func tryLogin(ctx context.Context, address string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "SELECT 1")
	return errors.Join(err, conn.Close(ctx))
}

func refused(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && strings.HasPrefix(pg.Code, "28")
}

func (w *world) annotate(tenant, name, value string) {
	w.t.Helper()
	edit(w, &v1alpha1.Tenant{}, tenant, func(o *v1alpha1.Tenant) {
		metav1.SetMetaDataAnnotation(&o.ObjectMeta, name, value)
	})
}

func TestDatabaseOnAServerOfThePlatform(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(serverShop))
	tenant := w.waitReady("shop")
	if err := tryLogin(t.Context(), w.databaseURL()); err != nil {
		t.Errorf("what the servers were given does not work: %v", err)
	}
	secret := &corev1.Secret{}
	w.get(secret, "frontdesk-shop-db")
	if !metav1.IsControlledBy(secret, tenant) || string(secret.Data["url"]) != w.databaseURL() {
		t.Errorf("the Secret is not the tenant's own, or holds another URL")
	}
	for _, condition := range tenant.Status.Conditions {
		for _, hidden := range []string{string(secret.Data["password"]), string(secret.Data["username"]), "127.0.0.1"} {
			if strings.Contains(condition.Message, hidden) {
				t.Errorf("condition %s tells %q", condition.Type, hidden)
			}
		}
	}
}

// A client connects anew all the time, with what its pod has been given, while the password is rotated again and again.
func TestRotationRefusesNobody(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(serverShop))
	w.waitReady("shop")
	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	generation, pods := deployment.Generation, w.podNames()

	ctx, stop := context.WithCancel(t.Context())
	var logins atomic.Int64
	ended := make(chan error, 1)
	go func() { ended <- w.bookAllTheTime(ctx, &logins) }()
	for serial := 2; serial <= 4; serial++ {
		former := w.databaseURL()
		w.annotate("shop", "frontdesk.dev/rotate-database-password-at", fmt.Sprint("round ", serial))
		w.eventually("the end of the former password", func() string {
			secret := &corev1.Secret{}
			w.get(secret, "frontdesk-shop-db")
			want := map[string]string{"serial": fmt.Sprint(serial), "retired": fmt.Sprint(serial - 1)}
			got := map[string]string{
				"serial":  secret.Annotations["frontdesk.dev/database-serial"],
				"retired": secret.Annotations["frontdesk.dev/database-retired-serial"],
			}
			return cmp.Diff(want, got)
		})
		if err := tryLogin(t.Context(), former); !refused(err) {
			t.Errorf("the password before serial %d still works: %v", serial, err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("after %d logins: %v", logins.Load(), err)
	}
	if logins.Load() < 20 {
		t.Errorf("there were only %d logins", logins.Load())
	}
	w.waitReady("shop")
	w.get(deployment, "frontdesk-shop")
	if deployment.Generation != generation {
		t.Error("the Deployment's spec changed for a password")
	}
	if diff := cmp.Diff(pods, w.podNames()); diff != "" {
		t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}
}

// bookAllTheTime logs in with what the pods say that they serve, and not with anything newer. A refusal counts unless they
// have gone on to another revision between the question and the login.
func (w *world) bookAllTheTime(ctx context.Context, logins *atomic.Int64) error {
	given := map[string]string{} // URLs by revision
	for ctx.Err() == nil {
		served, err := w.servedRevision(ctx, given)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		failure := tryLogin(ctx, given[served])
		if failure == nil {
			logins.Add(1)
			continue
		}
		if now, err := w.servedRevision(ctx, given); err != nil || now == served {
			return ignoreEnd(ctx, errors.Join(failure, err))
		}
	}
	return nil
}

// servedRevision is the last one that all pods said they serve, whose URL is known then.
func (w *world) servedRevision(ctx context.Context, given map[string]string) (string, error) {
	for {
		secret, tenant := &corev1.Secret{}, &v1alpha1.Tenant{}
		err := errors.Join(
			w.cluster.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop-config"}, secret),
			w.cluster.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "shop"}, tenant))
		if err != nil {
			return "", err
		}
		given[secret.Annotations["frontdesk.dev/revision"]] = string(secret.Data["database-url"])
		if served := tenant.Status.Revision.Served; given[served] != "" {
			return served, nil
		}
	}
}

func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func TestServersThatATenantMayNotUse(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	for name, want := range map[string]v1alpha1.ConditionReason{
		"closed": v1alpha1.ReasonDatabaseServerNotAllowed, "none": v1alpha1.ReasonDatabaseServerUnknown,
	} {
		w.apply(strings.Replace(simpleTenant(strings.Replace(serverShop, "shared", name, 1)), "name: shop", "name: "+name, 1))
		condition := w.waitFor(name, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, want)
		if !strings.Contains(condition.Message, "ask the platform team") {
			t.Errorf("it is not said what to do: %s", condition.Message)
		}
		w.waitFor(name, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDatabaseNotReady)
		w.deleteTenant(name) // nothing was made, so nothing is in the way
	}
}

func TestServerThatIsAway(t *testing.T) {
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
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	w := newWorldWithServer(t, server.URL("postgres"))
	w.apply(simpleTenant(serverShop))
	condition := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseServerUnavailable)
	if !strings.Contains(condition.Message, `"shared"`) {
		t.Errorf("the server is not named: %s", condition.Message)
	}
	w.waitFor("shop", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonDatabaseNotReady)
	if err := server.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.waitReady("shop")

	// Who runs already keeps running, and takes on new configuration, whatever the operator cannot reach.
	if err := server.Halt(); err != nil {
		t.Fatal(err)
	}
	w.annotate("shop", "frontdesk.dev/rotate-database-password-at", "while the server is away")
	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Buffers.After = "10m" })
	w.eventually("that the rotation waits is said", func() string {
		w.waitReady("shop")
		ready := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, v1alpha1.ReasonDatabaseReachable)
		if !strings.Contains(ready.Message, "cannot be reached") {
			return ready.Message
		}
		return ""
	})
	w.waitFor("shop", v1alpha1.ConditionDegraded, metav1.ConditionFalse, v1alpha1.ReasonAsExpected)
	w.stop()
	w.startOperator()
	w.waitReady("shop")
	if err := server.Boot(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.eventually("the rotation once the server is back", func() string {
		secret := &corev1.Secret{}
		w.get(secret, "frontdesk-shop-db")
		if secret.Annotations["frontdesk.dev/database-retired-serial"] != "1" {
			return fmt.Sprint(secret.Annotations)
		}
		return ""
	})
}

// TestALostCredentialIsHadAgain: the Secret is only a copy of what operator and server know.
func TestALostCredentialIsHadAgain(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(serverShop))
	w.waitReady("shop")
	before := w.databaseURL()
	secret := &corev1.Secret{}
	w.get(secret, "frontdesk-shop-db")
	if err := w.cluster.Client.Delete(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.eventually("the Secret", func() string {
		again := &corev1.Secret{}
		err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(secret), again)
		if err != nil || again.UID == secret.UID {
			return "has not come back"
		}
		return cmp.Diff(before, string(again.Data["url"]))
	})
	if err := tryLogin(t.Context(), before); err != nil {
		t.Error(err)
	}
}
