//go:build e2e

package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// owned are the kinds that the operator makes, and those that these lead to.
const owned = "deployments,replicasets,pods,services,endpointslices,secrets,configmaps,serviceaccounts,horizontalpodautoscalers,poddisruptionbudgets,networkpolicies"

// With Retain the data outlives the Tenant and can be taken up by the next one of its name; with Delete it goes.
func TestDeletion(t *testing.T) {
	t.Parallel()
	tenant := newPlainTenant(t)
	if policy := tenant.get().Spec.DeletionPolicy; policy != v1alpha1.DeletionPolicyRetain {
		t.Errorf("the default deletionPolicy is %q; data must be kept unless somebody says otherwise", policy)
	}
	api := tenant.api()
	made := book(t, api, "visit", slots(t, api, "visit")[0].Start, customer(1))

	tenant.delete()
	if claims := tenant.names("persistentvolumeclaims"); len(claims) != 1 {
		t.Fatalf("with Retain the claims are %q, want one", claims)
	}

	// Data that another tenant of the name left is not taken over unasked.
	tenant.apply(plainTenant)
	tenant.awaitCondition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse)
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
	eventually(t, time.Minute, func() error { return tenant.gone("persistentvolumeclaims") })

	tenant.apply(plainTenant)
	tenant.awaitReady()
	_, err = tenant.api().Booking(t.Context(), made.ID)
	wantRefusal(t, err, http.StatusNotFound, "NOT_FOUND")
}

// delete deletes the Tenant and waits until everything it owned has gone with it.
func (s tenancy) delete() {
	s.t.Helper()
	if _, err := suite.kubectl.Run(s.t.Context(), "delete", "-n", s.namespace, "tenant/"+s.name, "--wait", "--timeout=2m"); err != nil {
		s.t.Fatal(err)
	}
	eventually(s.t, time.Minute, func() error { return s.gone(owned) })
}

// names lists the tenant's objects of some kinds.
func (s tenancy) names(kinds string) []string {
	s.t.Helper()
	out, err := suite.kubectl.Run(s.t.Context(), "get", "-n", s.namespace, kinds, "-o", "name")
	if err != nil {
		s.t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(out) {
		if strings.Contains(line, "/"+walkthrough.NameOf(s.name)) {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func (s tenancy) gone(kinds string) error {
	if left := s.names(kinds); len(left) > 0 {
		return &leftError{left}
	}
	return nil
}

type leftError struct{ names []string }

func (e *leftError) Error() string { return "still there: " + strings.Join(e.names, ", ") }
