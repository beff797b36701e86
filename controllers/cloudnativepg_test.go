package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// shopCluster is the name of the Cluster of tenant shop.
const shopCluster = "fd-shop-db"

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

// installCloudNativePG serves the API for the rest of the test. A test that calls it is not parallel: others may look for the API.
func (w *world) installCloudNativePG() {
	w.t.Helper()
	definition := clusterDefinition()
	install := envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{definition}, MaxTime: patience}
	if _, err := envtest.InstallCRDs(w.cluster.Config, install); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		ctx := context.WithoutCancel(w.t.Context())
		if err := envtest.UninstallCRDs(w.cluster.Config, install); err != nil {
			w.t.Error(err)
		}
		// It goes when the last Cluster has gone. Who installs it while it is still going has none in the end.
		err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
			found := &metav1.PartialObjectMetadata{}
			found.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
			err := w.cluster.Client.Get(ctx, client.ObjectKeyFromObject(definition), found)
			return apierrors.IsNotFound(err), client.IgnoreNotFound(err)
		})
		if err != nil {
			w.t.Errorf("the definition of Clusters is still there: %v", err)
		}
	})
}

func newCluster() *unstructured.Unstructured {
	cluster := &unstructured.Unstructured{}
	cluster.SetGroupVersionKind(schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"})
	return cluster
}

// waitCluster waits for the Cluster of tenant shop.
func (w *world) waitCluster() *unstructured.Unstructured {
	w.t.Helper()
	cluster := newCluster()
	w.eventually("the Cluster", func() string {
		if err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: shopCluster}, cluster); err != nil {
			return err.Error()
		}
		return ""
	})
	return cluster
}

// playCloudNativePG makes what CloudNativePG makes for a Cluster of three instances and names after it, in its order
// (createPostgresClusterObjects in internal/controller/cluster_create.go). What is there already must be the Cluster's:
// CloudNativePG would refuse a Service of somebody else's, write over a PodDisruptionBudget, and give rights to a
// ServiceAccount.
func (w *world) playCloudNativePG(cluster *unstructured.Unstructured) {
	w.t.Helper()
	name := cluster.GetName()
	selector := map[string]string{"cnpg.io/cluster": name}
	named := func(suffix string) metav1.ObjectMeta {
		return metav1.ObjectMeta{
			Namespace: w.namespace, Name: name + suffix,
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cluster, cluster.GroupVersionKind())},
		}
	}
	var objects []client.Object
	for _, suffix := range []string{"-ca", "-server", "-replication"} {
		objects = append(objects, &corev1.Secret{ObjectMeta: named(suffix)})
	}
	objects = append(objects, &corev1.Secret{ObjectMeta: named("-app"), StringData: map[string]string{
		"uri": fmt.Sprintf("postgresql://frontdesk:one@%s-rw.%s:5432/frontdesk", name, w.namespace),
	}})
	for _, suffix := range []string{"-r", "-ro", "-rw"} {
		objects = append(objects, &corev1.Service{ObjectMeta: named(suffix), Spec: corev1.ServiceSpec{Selector: selector, Ports: []corev1.ServicePort{{Port: 5432}}}})
	}
	for _, suffix := range []string{"-primary", ""} {
		objects = append(objects, &policyv1.PodDisruptionBudget{ObjectMeta: named(suffix), Spec: policyv1.PodDisruptionBudgetSpec{
			MinAvailable: ptr.To(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: selector},
		}})
	}
	objects = append(objects,
		&corev1.ServiceAccount{ObjectMeta: named("")},
		&rbacv1.Role{ObjectMeta: named("")},
		&rbacv1.RoleBinding{ObjectMeta: named(""), RoleRef: rbacv1.RoleRef{Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Name: name}}})
	for _, object := range objects {
		err := w.cluster.Client.Create(w.t.Context(), object)
		if apierrors.IsAlreadyExists(err) {
			w.get(object, object.GetName())
			w.t.Errorf("CloudNativePG finds a %T %s, whose controller is %v", object, object.GetName(), metav1.GetControllerOf(object))
		} else if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestCloudNativePG(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant("  database: {engine: CloudNativePG}\n  deletionPolicy: Delete\n"))
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled)
	w.installCloudNativePG()
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonProvisioning)
	cluster := w.waitCluster()
	if instances, _, _ := unstructured.NestedInt64(cluster.Object, "spec", "instances"); instances != 3 || len(cluster.GetOwnerReferences()) != 0 {
		t.Errorf("%d instances, owners %v", instances, cluster.GetOwnerReferences())
	}

	planted := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: shopCluster + "-app"},
		StringData: map[string]string{"uri": "postgresql://frontdesk:one@db.elsewhere.example:5432/frontdesk"},
	}
	if err := w.cluster.Client.Create(t.Context(), planted); err != nil {
		t.Fatal(err)
	}
	foreign := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonDatabaseConflict)
	if !strings.Contains(foreign.Message, planted.Name) {
		t.Errorf("it is not said which Secret is not used: %s", foreign.Message)
	}
	if err := w.cluster.Client.Delete(t.Context(), planted); err != nil {
		t.Fatal(err)
	}
	w.playCloudNativePG(cluster)
	w.waitReady("shop")
	const second = "postgresql://frontdesk:two@" + shopCluster + "-rw:5432/frontdesk"
	edit(w, &corev1.Secret{}, shopCluster+"-app", func(s *corev1.Secret) { s.Data["uri"] = []byte(second) })
	w.eventually("the new password", func() string {
		if got := w.databaseURL(); got != second {
			return "the servers have " + got
		}
		return ""
	})
	w.waitReady("shop")

	// A neighbour of any name has its objects, too.
	w.apply(strings.Replace(simpleTenant(""), "name: shop}", "name: shop-rw}", 1))
	w.waitReady("shop-rw")

	w.deleteTenant("shop")
	if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(cluster), cluster); !apierrors.IsNotFound(err) {
		t.Errorf("the Cluster is still there: %v", err)
	}
}

func TestDataMovesFromSQLiteToCloudNativePG(t *testing.T) {
	w := newWorld(t)
	w.installCloudNativePG()
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	w.apply(simpleTenant("  database: {engine: CloudNativePG, migrateFrom: SQLite}\n"))
	w.playCloudNativePG(w.waitCluster())
	w.endJob(w.migrationJob(), batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
	w.waitReady("shop")
}

// A Cluster of the former name may hold data: beside it no empty one is made.
func TestAFormerClusterIsNotLeftBehind(t *testing.T) {
	w := newWorld(t)
	w.installCloudNativePG()
	former := newCluster()
	former.SetNamespace(w.namespace)
	former.SetName("frontdesk-shop")
	ours := map[string]string{"app.kubernetes.io/managed-by": "frontdesk-operator", "frontdesk.dev/tenant": "shop"}
	former.SetLabels(ours)
	if err := w.cluster.Client.Create(t.Context(), former); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	w.apply(simpleTenant("  database: {engine: CloudNativePG, adopt: true}\n  deletionPolicy: Delete\n"))
	blocked := w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionRequired)
	if !strings.Contains(blocked.Message, `"frontdesk-shop"`) || !strings.Contains(blocked.Message, `"fd-shop-db"`) {
		t.Errorf("it is not said what becomes of which Cluster: %s", blocked.Message)
	}
	if err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: shopCluster}, newCluster()); !apierrors.IsNotFound(err) {
		t.Errorf("there is an empty Cluster beside it: %v", err)
	}

	edit(w, newCluster(), "frontdesk-shop", func(c *unstructured.Unstructured) { c.SetLabels(nil) }) // set aside, to be moved by hand
	w.waitCluster()
	edit(w, newCluster(), "frontdesk-shop", func(c *unstructured.Unstructured) {
		c.SetLabels(ours)
		c.SetAnnotations(map[string]string{"frontdesk.dev/tenant-uid": string(w.tenant("shop").UID)})
	})
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionRequired)
	w.deleteTenant("shop")
	for _, name := range []string{"frontdesk-shop", shopCluster} {
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, newCluster()); !apierrors.IsNotFound(err) {
			t.Errorf("%s was this tenant's data, and is still there: %v", name, err)
		}
	}
}
