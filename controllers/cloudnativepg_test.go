package controllers_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// clusterDefinition is of CloudNativePG's Cluster, as far as its shape matters here.
func clusterDefinition() *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "clusters.postgresql.cnpg.io"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "postgresql.cnpg.io", Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "clusters", Kind: "Cluster", ListKind: "ClusterList", Singular: "cluster"},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: ptr.To(true),
				}},
			}},
		},
	}
}

// Not parallel: it installs an API that other tests may look for.
func TestCloudNativePG(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant("  database: {engine: CloudNativePG, cloudNativePG: {instances: 1}}\n  deletionPolicy: Delete\n"))
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled)
	install := envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{clusterDefinition()}}
	if _, err := envtest.InstallCRDs(w.cluster.Config, install); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := envtest.UninstallCRDs(w.cluster.Config, install); err != nil {
			t.Error(err)
		}
	})
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonProvisioning)
	cluster := &unstructured.Unstructured{}
	cluster.SetGroupVersionKind(schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"})
	key := client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}
	w.eventually("the Cluster", func() string {
		if err := w.cluster.Client.Get(t.Context(), key, cluster); err != nil {
			return err.Error()
		}
		return ""
	})
	if instances, _, _ := unstructured.NestedInt64(cluster.Object, "spec", "instances"); instances != 1 || len(cluster.GetOwnerReferences()) != 0 {
		t.Errorf("%d instances, owners %v", instances, cluster.GetOwnerReferences())
	}

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop-app"},
		StringData: map[string]string{"uri": "postgresql://frontdesk:one@frontdesk-shop-rw:5432/frontdesk"},
	}
	if err := w.cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	foreign := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseConflict)
	if !strings.Contains(foreign.Message, "frontdesk-shop-app") {
		t.Errorf("it is not said which Secret is not used: %s", foreign.Message)
	}
	edit(w, &corev1.Secret{}, "frontdesk-shop-app", func(s *corev1.Secret) {
		s.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(cluster, cluster.GroupVersionKind())}
	})
	w.waitReady("shop")
	const second = "postgresql://frontdesk:two@frontdesk-shop-rw:5432/frontdesk"
	edit(w, &corev1.Secret{}, "frontdesk-shop-app", func(s *corev1.Secret) { s.Data["uri"] = []byte(second) })
	w.eventually("the new password", func() string {
		if got := w.databaseURL(); got != second {
			return "the servers have " + got
		}
		return ""
	})
	w.waitReady("shop")
	w.deleteTenant("shop")
	if err := w.cluster.Client.Get(t.Context(), key, cluster); !apierrors.IsNotFound(err) {
		t.Errorf("the Cluster is still there: %v", err)
	}
}
