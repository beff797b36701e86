//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// A tenant whose Secret is missing says so and waits; when the Secret comes, it runs on that Postgres,
// and its bookings outlive its pod.
func TestPostgresTenantWaitsForItsSecret(t *testing.T) {
	t.Parallel()
	address := suite.database.emptyDatabase(t, suite.site)
	tenant := suite.newTenancy(t, "plain")
	tenant.apply(strings.Replace(plainTenant, "  region: GB\n", "  region: GB\n  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}\n", 1))

	condition := tenant.awaitCondition(v1alpha1.ConditionSecretsReady, metav1.ConditionFalse)
	if !strings.Contains(condition.Message, "db") {
		t.Errorf("the message %q does not name the Secret", condition.Message)
	}
	tenant.awaitCondition(v1alpha1.ConditionReady, metav1.ConditionFalse)

	tenant.apply(fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {url: %q}\n", address))
	tenant.awaitReady()
	if database := tenant.get().Status.Database; database == nil || database.SchemaVersion < 1 {
		t.Errorf("Ready, but the status says of the database: %+v", database)
	}
	api := tenant.api()
	made := book(t, api, "visit", slots(t, api, "visit")[0].Start, customer(1))

	if _, err := tenant.kubectl.Run(t.Context(), "rollout", "restart", "-n", tenant.namespace, "deployment/"+walkthrough.NameOf(tenant.name)); err != nil {
		t.Fatal(err)
	}
	if _, err := tenant.kubectl.Run(t.Context(), "rollout", "status", "-n", tenant.namespace, "deployment/"+walkthrough.NameOf(tenant.name), "--timeout", readyTimeout.String()); err != nil {
		t.Fatal(err)
	}
	read, err := api.Booking(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	if read.Status != "confirmed" || !read.Start.Equal(made.Start) {
		t.Errorf("another pod reads %+v, the first one wrote %+v", read, made)
	}
}
