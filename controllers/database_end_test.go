package controllers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func TestDatabaseFollowsTheDeletionPolicy(t *testing.T) {
	t.Parallel()
	w := newWorldWithServer(t, pgtest.EmptyURL(t))
	w.apply(simpleTenant(serverShop))
	former := w.waitReady("shop")
	conn, err := pgx.Connect(t.Context(), w.databaseURL())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	credential := w.databaseURL()
	w.deleteTenant("shop")
	if err := tryLogin(t.Context(), credential); !refused(err) {
		t.Errorf("the login outlived its tenant: %v", err)
	}
	w.collectGarbage(former.UID)

	w.apply(simpleTenant(serverShop))
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionRequired)
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Database.Adopt = ptr.To(true) })
	w.waitReady("shop")
	conn, err = pgx.Connect(t.Context(), w.databaseURL())
	if err != nil {
		t.Fatal(err)
	}
	var kept int
	if err := conn.QueryRow(t.Context(), "SELECT n FROM kept").Scan(&kept); err != nil || kept != 42 {
		t.Errorf("the data says %d: %v", kept, err)
	}
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	w.deleteTenant("shop")
	var left int
	if err := conn.QueryRow(t.Context(), "SELECT 1").Scan(&left); err == nil {
		t.Error("the database is still there")
	}
}

// The platform may take a server away from a namespace whose tenants have databases there, or drop it from its list. When
// the namespace goes, the Secret with the credential goes first.
func TestWhatWasMadeOnAServerEndsWhoeverMayUseItNow(t *testing.T) {
	t.Parallel()
	const deleted = serverShop + "  deletionPolicy: Delete\n"
	for name, test := range map[string]struct {
		change func(*provision.Server)
		held   bool
	}{
		"closed to the namespace": {func(s *provision.Server) { s.AllowedNamespaces = []string{"elsewhere"} }, false},
		"not in the list":         {func(s *provision.Server) { s.Name = "renamed" }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorldWithServer(t, pgtest.EmptyURL(t))
			w.apply(simpleTenant(deleted))
			w.waitReady("shop")
			credential := w.databaseURL()
			w.stop()
			w.databases = slices.Clone(w.databases)
			test.change(&w.databases[0])
			secret := &corev1.Secret{}
			w.get(secret, "frontdesk-shop-db")
			for _, object := range []client.Object{w.tenant("shop"), secret} {
				if err := w.cluster.Client.Delete(t.Context(), object); err != nil {
					t.Fatal(err)
				}
			}
			w.startOperator()
			if test.held {
				w.eventually("that the database is left is said", func() string {
					message := w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDeleting).Message
					if strings.Contains(message, `no database server "shared"`) && strings.Contains(message, "abandon-database=true") {
						return ""
					}
					return message
				})
				w.annotate("shop", "frontdesk.dev/abandon-database", "true")
			}
			w.eventually("the tenant", func() string {
				err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "shop"}, &v1alpha1.Tenant{})
				if apierrors.IsNotFound(err) {
					return ""
				}
				return "is still there"
			})
			if err := tryLogin(t.Context(), credential); (err == nil) != test.held {
				t.Errorf("to log in to the database of a tenant that is gone: %v", err)
			}
		})
	}
}

func TestAbandonedDatabaseLetsTheTenantGo(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldWithServer(t, server.URL("postgres"))
	w.apply(simpleTenant(serverShop))
	w.waitReady("shop")
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	tenant := w.tenant("shop")
	if err := w.cluster.Client.Delete(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	const wayOut = "frontdesk.dev/abandon-database"
	w.eventually("the way out", func() string {
		for _, condition := range w.tenant("shop").Status.Conditions {
			if condition.Type == string(v1alpha1.ConditionReady) && strings.Contains(condition.Message, wayOut+"=true") {
				return ""
			}
		}
		return "is not named"
	})
	w.annotate("shop", wayOut, "true")
	w.eventually("the tenant", func() string {
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(tenant), tenant); !apierrors.IsNotFound(err) {
			return "is still there"
		}
		return ""
	})
}
