//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// With Retain the data outlives the Tenant and can be taken up by the next one of its name; with Delete it goes.
func TestDeletion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec string
		// data lists what holds the data of a tenant, and is all that Retain leaves.
		data func(tenancy) []string
		kept int
	}{
		"a volume":                             {"", func(s tenancy) []string { return slices.DeleteFunc(s.things(), isNoClaim) }, 1},
		"a database on a server, and its role": {onPlatformServer, func(s tenancy) []string { return suite.database.ofNamespace(s.t, s.namespace) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tenant := suite.newTenancy(t, "plain")
			spec := plainTenant + c.spec + tenant.exposed("ingress: {className: nginx}")
			tenant.apply(spec)
			tenant.awaitReady()
			tenant.has("deployment.apps/", "ingress.networking.k8s.io/", "lease.coordination.k8s.io/frontdesk-host-")
			if policy := tenant.get().Spec.DeletionPolicy; policy != v1alpha1.DeletionPolicyRetain {
				t.Errorf("the default deletionPolicy is %q; data must be kept unless somebody says otherwise", policy)
			}
			api := tenant.api()
			made := book(t, api, "visit", slots(t, api, "visit")[0].Start, customer(1))

			tenant.delete()
			if left := c.data(tenant); len(left) != c.kept {
				t.Fatalf("Retain leaves %q, want %s", left, name)
			}

			// Data that another tenant of the name left is not taken over unasked.
			tenant.apply(spec)
			tenant.awaitCondition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionRequired)
			tenant.patch("tenant/"+tenant.name, `{"spec":{"database":{"adopt":true}}}`)
			tenant.awaitReady()
			api = tenant.api()
			read, err := api.Booking(t.Context(), made.ID)
			if err != nil {
				t.Fatalf("the booking made before the tenant was deleted: %v", err)
			}
			if !read.Start.Equal(made.Start) {
				t.Errorf("the booking moved from %s to %s", made.Start, read.Start)
			}

			tenant.patch("tenant/"+tenant.name, `{"spec":{"deletionPolicy":"Delete"}}`)
			tenant.delete()
			eventually(t, time.Minute, func() error { return nothing(c.data(tenant)) })

			tenant.apply(spec)
			tenant.awaitReady()
			_, err = tenant.api().Booking(t.Context(), made.ID)
			wantRefusal(t, err, http.StatusNotFound, "NOT_FOUND")
		})
	}
}

// delete deletes the Tenant and waits until everything it owned has gone with it.
func (s tenancy) delete() {
	s.t.Helper()
	s.beginDeletion()
	s.awaitDeleted()
}

func (s tenancy) beginDeletion() {
	s.t.Helper()
	if _, err := s.kubectl.Run(s.t.Context(), "delete", "-n", s.namespace, "tenant/"+s.name, "--wait=false"); err != nil {
		s.t.Fatal(err)
	}
}

func (s tenancy) awaitDeleted() {
	s.t.Helper()
	if err := s.kubectl.WaitFor(s.t.Context(), s.namespace, "tenant/"+s.name, "delete", 2*time.Minute); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, time.Minute, func() error { return nothing(slices.DeleteFunc(s.things(), isClaim)) })
}

func nothing(left []string) error {
	if len(left) > 0 {
		return fmt.Errorf("still there: %s", strings.Join(left, ", "))
	}
	return nil
}
