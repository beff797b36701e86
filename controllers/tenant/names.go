package tenant

import (
	"maps"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// Labels and annotations of what is made for a tenant.
const (
	// ManagedByLabel and ManagedBy select everything that this operator made.
	ManagedByLabel = "app.kubernetes.io/managed-by"
	ManagedBy      = "frontdesk-operator"
	// TenantLabel holds the name of the Tenant.
	TenantLabel = "frontdesk.dev/tenant"
	// tenantUIDAnnotation says for which Tenant, of all that ever had this name, data was made.
	tenantUIDAnnotation = "frontdesk.dev/tenant-uid"
	// revisionAnnotation names the revision in a config Secret.
	revisionAnnotation = "frontdesk.dev/revision"
	// reconcileAnnotation asks for a pass now, by any new value.
	reconcileAnnotation = "frontdesk.dev/reconcile-requested-at"
	// rotateAnnotation asks for another database password, by any new value.
	rotateAnnotation = "frontdesk.dev/rotate-database-password-at"
	// abandonAnnotation, when "true", lets a Tenant go whose database server is gone for good.
	abandonAnnotation = "frontdesk.dev/abandon-database"
	// templateAnnotation on a Deployment says from what its pod template was made.
	templateAnnotation = "frontdesk.dev/template"
	// updateAnnotation asks for the newest pod template now, by any new value, whatever the rollout and the
	// tenant's windows say.
	updateAnnotation = "frontdesk.dev/update-requested-at"
	// canaryLabel on a Tenant, with the value "true", makes it a canary before others.
	canaryLabel = "frontdesk.dev/canary"
	// nudgeAnnotation on a pod makes kubelet look at its volumes at once.
	nudgeAnnotation = "frontdesk.dev/nudge"
	// finalizer lets the operator see to the data before a Tenant goes.
	finalizer = "frontdesk.dev/data"
)

// ReadLabels are those that are read of objects that the operator made: by them watches find the Tenant, pods are
// listed, and data is told to be ours.
func ReadLabels() []string {
	return append(slices.Sorted(maps.Keys(selectorLabels(&v1alpha1.Tenant{}))), ManagedByLabel)
}

// ReadAnnotations are those that are read of objects that the operator made, besides what package apply reads.
func ReadAnnotations() []string {
	return []string{
		tenantUIDAnnotation, revisionAnnotation, templateAnnotation, databaseSerialAnnotation,
		replicasByAnnotation, startAnnotation, resumeAnnotation,
	}
}

// selectorLabels never change: a Deployment's selector is immutable.
func selectorLabels(t *v1alpha1.Tenant) map[string]string {
	return map[string]string{
		"app.kubernetes.io/name":      "frontdesk",
		"app.kubernetes.io/component": "server",
		TenantLabel:                   t.Name,
	}
}

func labels(t *v1alpha1.Tenant) map[string]string {
	all := selectorLabels(t)
	maps.Copy(all, map[string]string{
		"app.kubernetes.io/instance": t.Name,
		"app.kubernetes.io/part-of":  "frontdesk",
		ManagedByLabel:               ManagedBy,
	})
	return all
}

const apiKeySuffix, databaseSuffix = "-api-key", "-db"

// ReadsSecret says by the name of a Secret that was made for a tenant whether its content is read. Of the others it is
// only written.
func ReadsSecret(name string) bool {
	return strings.HasSuffix(name, apiKeySuffix) || strings.HasSuffix(name, databaseSuffix)
}

// Within a kind no name of one tenant is ever one of another: either all of the kind have the bare name, or
// all have one of some suffixes of which none ends in another. So tenants a and a-config do not meet.
func configSecretName(t *v1alpha1.Tenant) string   { return t.OwnedName() + "-config" }
func apiKeySecretName(t *v1alpha1.Tenant) string   { return t.OwnedName() + apiKeySuffix }
func databaseSecretName(t *v1alpha1.Tenant) string { return t.OwnedName() + databaseSuffix }
func migrationJobName(t *v1alpha1.Tenant) string   { return t.OwnedName() + "-migrate" }
func claimName(t *v1alpha1.Tenant) string          { return t.OwnedName() + "-data" }

// clusterName begins otherwise than all that, because CloudNativePG calls objects of its own by it, with suffixes and
// without. It ends in what none of those suffixes does, so that those of no two tenants meet, and has at most 46
// characters of the 50 that CloudNativePG allows (docs/adr/0051-clusters-have-names-of-their-own.md).
func clusterName(t *v1alpha1.Tenant) string { return "fd-" + t.Name + "-db" }

// formerClusterName is what Clusters were called before.
func formerClusterName(t *v1alpha1.Tenant) string { return t.OwnedName() }
