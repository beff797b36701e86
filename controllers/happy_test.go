package controllers_test

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestSampleBecomesAService(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applySample("dentist.yaml")
	tenant := w.waitReady("bright-smile")

	for name, object := range map[string]client.Object{
		"frontdesk-bright-smile":         &corev1.ServiceAccount{},
		"frontdesk-bright-smile-config":  &corev1.Secret{},
		"frontdesk-bright-smile-api-key": &corev1.Secret{},
	} {
		w.get(object, name)
		if !metav1.IsControlledBy(object, tenant) {
			t.Errorf("%T %s is not controlled by the tenant", object, name)
		}
	}
	service, deployment, claim := &corev1.Service{}, &appsv1.Deployment{}, &corev1.PersistentVolumeClaim{}
	w.get(service, "frontdesk-bright-smile")
	w.get(deployment, "frontdesk-bright-smile")
	w.get(claim, "frontdesk-bright-smile-data")
	if len(claim.OwnerReferences) != 0 {
		t.Errorf("the claim has owner references %v: it would go with the tenant", claim.OwnerReferences)
	}

	config := &corev1.Secret{}
	w.get(config, "frontdesk-bright-smile-config")
	bundle := tenantconfig.Bundle(config.Data)
	doc, err := bundle.Document()
	if err != nil {
		t.Fatalf("the server would refuse the document: %v", err)
	}
	if doc.Tenant.DisplayName != "Bright Smile Dental" || len(doc.Policies) != 2 {
		t.Errorf("the document is about %q with %d policies", doc.Tenant.DisplayName, len(doc.Policies))
	}
	if got := tenant.Status.Revision; got.Desired != bundle.Revision() || got.Served != bundle.Revision() {
		t.Errorf("status says revision %+v, the Secret holds %s", got, bundle.Revision())
	}
	if tenant.Status.Version != "1.2.3" || tenant.Status.Database.SchemaVersion != 7 {
		t.Errorf("status does not say what the servers said: version %q, database %+v", tenant.Status.Version, tenant.Status.Database)
	}
}
