package tenant

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// clusterKind is CloudNativePG's own. Of its API only these few fields are needed, and none of its code.
var clusterKind = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"}

const (
	defaultInstances = 3
	// clusterDatabase is the name of the database in the cluster, and of the role that owns it.
	clusterDatabase = "frontdesk"
	// clusterURLEntry is the entry of the application Secret that CloudNativePG makes.
	clusterURLEntry = "uri"
	// clusterPodLabel is what CloudNativePG puts on the pods of a cluster; its value is the cluster's name.
	clusterPodLabel = "cnpg.io/cluster"
)

var defaultClusterSize = resource.MustParse("10Gi")

// clusterSecretName is how CloudNativePG calls the application Secret of a cluster.
func clusterSecretName(t *v1alpha1.Tenant) string { return clusterName(t) + "-app" }

func onCluster(t *v1alpha1.Tenant) bool {
	return t.Spec.Database.Engine == v1alpha1.DatabaseEngineCloudNativePG
}

func (r *Reconciler) loadCluster(ctx context.Context, s *scope) error {
	if !onCluster(s.tenant) || s.absent[clusterKind.GroupKind()] {
		return nil
	}
	var err error
	if s.cluster, err = r.readCluster(ctx, s.key(clusterName(s.tenant))); err != nil {
		return err
	}
	if s.formerCluster, err = r.readCluster(ctx, s.key(formerClusterName(s.tenant))); err != nil {
		return err
	}
	s.clusterSecret, err = r.Secrets.Get(ctx, s.key(clusterSecretName(s.tenant)))
	return err
}

// readCluster returns nil when there is none of ours.
func (r *Reconciler) readCluster(ctx context.Context, key client.ObjectKey) (*unstructured.Unstructured, error) {
	cluster := &unstructured.Unstructured{}
	cluster.SetGroupVersionKind(clusterKind)
	switch err := r.Client.Get(ctx, key, cluster); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read Cluster %s: %w", key.Name, err)
	}
	return cluster, nil
}

// databaseCluster asks CloudNativePG for a cluster. It is data: no owner reference, as with the claim.
func databaseCluster(s *scope) any {
	if !onCluster(s.tenant) || s.absent[clusterKind.GroupKind()] || s.adoptionRequired() {
		return nil
	}
	wanted := ptr.Deref(s.tenant.Spec.Database.CloudNativePG, v1alpha1.CloudNativePGDatabase{})
	instances, size := wanted.Instances, wanted.Size
	if instances == 0 {
		instances = defaultInstances
	}
	if size.IsZero() {
		size = defaultClusterSize
	}
	storage := map[string]any{"size": size.String()}
	if class := ptr.Deref(wanted.StorageClassName, ""); class != "" {
		storage["storageClass"] = string(class)
	}
	cluster := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"instances": int64(instances),
		"storage":   storage,
		"bootstrap": map[string]any{"initdb": map[string]any{
			"database": clusterDatabase, "owner": clusterDatabase,
			"postInitApplicationSQL": []any{"CREATE EXTENSION IF NOT EXISTS btree_gist"},
		}},
	}}}
	cluster.SetGroupVersionKind(clusterKind)
	cluster.SetNamespace(s.tenant.Namespace)
	cluster.SetName(clusterName(s.tenant))
	markCluster(cluster, s.tenant)
	return cluster
}

// markCluster says whose it is.
func markCluster(cluster *unstructured.Unstructured, t *v1alpha1.Tenant) {
	clusterLabels := labels(t)
	clusterLabels["app.kubernetes.io/component"] = "database"
	cluster.SetLabels(clusterLabels)
	cluster.SetAnnotations(map[string]string{tenantUIDAnnotation: string(t.UID)})
}

// bundleCluster puts the application Secret's URL into a bundle, and reports false while there is none. A Secret is not
// the cluster's because of its name.
func (s *scope) bundleCluster(bundle map[string][]byte) bool {
	if !onCluster(s.tenant) {
		return true
	}
	if s.adoptionRequired() || s.cluster == nil || !mayUse(s.tenant, s.cluster) || s.clusterSecret == nil || s.clusterSecretIsForeign() ||
		strings.TrimSpace(string(s.clusterSecret.Data[clusterURLEntry])) == "" {
		return false
	}
	bundle[string(document.DatabaseURLKey)] = s.clusterSecret.Data[clusterURLEntry]
	return true
}

// clusterSecretIsForeign says that there is a Secret of the application Secret's name, and that CloudNativePG has not
// made it for this very cluster: it makes the cluster the controller of those that it does.
func (s *scope) clusterSecretIsForeign() bool {
	return s.cluster != nil && s.clusterSecret != nil && !metav1.IsControlledBy(s.clusterSecret, s.cluster)
}

// clusterPending says what a cluster that gives no URL yet waits for; empty when it does, or none is asked for.
func (s *scope) clusterPending() (v1alpha1.ConditionReason, string) {
	switch {
	case !onCluster(s.tenant) || s.bundleCluster(map[string][]byte{}):
		return "", ""
	case s.unknown[clusterKind.GroupKind()]:
		return v1alpha1.ReasonProvisioning, "the API server does not say whether it has CloudNativePG; it is asked again"
	case s.absent[clusterKind.GroupKind()]:
		return v1alpha1.ReasonAPINotInstalled, "this cluster has no CloudNativePG: ask the platform team to install it, and the tenant goes on by itself"
	case s.cluster == nil:
		return v1alpha1.ReasonProvisioning, fmt.Sprintf("CloudNativePG is asked for Cluster %q", clusterName(s.tenant))
	case s.clusterSecretIsForeign():
		return v1alpha1.ReasonDatabaseConflict, fmt.Sprintf(
			"Secret %q is not one that CloudNativePG has made for Cluster %q, and is not used: delete it, and CloudNativePG makes its own", s.clusterSecret.Name, s.cluster.GetName())
	}
	message := fmt.Sprintf("waiting until CloudNativePG has made Cluster %q and its Secret %q", s.cluster.GetName(), clusterSecretName(s.tenant))
	if phase, _, _ := unstructured.NestedString(s.cluster.Object, "status", "phase"); phase != "" {
		message += ": " + phase
	}
	return v1alpha1.ReasonProvisioning, message
}

// deleteClusters removes the cluster and its volumes, if the policy says so, once no pod is logged in any more. One of the
// former name is this tenant's data as well.
func (r *Reconciler) deleteClusters(ctx context.Context, tenant *v1alpha1.Tenant) (left string, err error) {
	absent, unknown := r.APIs.Absent()
	switch {
	case tenant.Spec.DeletionPolicy != v1alpha1.DeletionPolicyDelete || !onCluster(tenant):
		return "", nil
	case unknown[clusterKind.GroupKind()]:
		return "waiting until the API server says whether it has CloudNativePG: there may be a Cluster to delete", nil
	case absent[clusterKind.GroupKind()]:
		return "", nil
	}
	for _, name := range []string{clusterName(tenant), formerClusterName(tenant)} {
		if left, err := r.deleteCluster(ctx, tenant, name); left != "" || err != nil {
			return left, err
		}
	}
	return "", nil
}

func (r *Reconciler) deleteCluster(ctx context.Context, tenant *v1alpha1.Tenant, name string) (left string, err error) {
	// Observe looks past the cache, as for the claim: a Cluster that was only just made would be left behind for good.
	cluster, err := r.Apply.Observe(ctx, clusterKind, client.ObjectKey{Namespace: tenant.Namespace, Name: name})
	if err != nil || cluster == nil || !madeFor(tenant, cluster) {
		return "", err
	}
	if left, err := r.endPods(ctx, tenant); left != "" || err != nil {
		return left, err
	}
	if cluster.GetDeletionTimestamp() == nil {
		uid := cluster.GetUID()
		if err := r.Client.Delete(ctx, cluster, client.Preconditions{UID: &uid}); client.IgnoreNotFound(err) != nil {
			return "", fmt.Errorf("delete Cluster %s: %w", cluster.GetName(), err)
		}
	}
	return fmt.Sprintf("waiting for Cluster %q to be gone", cluster.GetName()), nil
}
