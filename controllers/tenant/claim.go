package tenant

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

var defaultVolumeSize = resource.MustParse("1Gi")

// claim is the volume of the embedded engines. It is data: no owner reference, so that it outlives
// the Tenant unless deletionPolicy says otherwise.
func claim(s *scope) any {
	if !s.tenant.Spec.Database.Engine.IsSingleWriter() || s.adoptionRequired() {
		return nil
	}
	size, class := defaultVolumeSize, ""
	if sqlite := s.tenant.Spec.Database.SQLite; sqlite != nil {
		if !sqlite.Size.IsZero() {
			size = sqlite.Size
		}
		class = string(ptr.Deref(sqlite.StorageClassName, ""))
	}
	spec := corev1ac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(corev1ac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	if class != "" {
		spec.WithStorageClassName(class)
	}
	return corev1ac.PersistentVolumeClaim(claimName(s.tenant), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithAnnotations(map[string]string{tenantUIDAnnotation: string(s.tenant.UID)}).
		WithSpec(spec)
}

// isOurClaim recognises a claim that was made for this Tenant or for a former one of its name.
func isOurClaim(t *v1alpha1.Tenant, claim client.Object) bool {
	return claim.GetLabels()[ManagedByLabel] == ManagedBy && claim.GetLabels()[TenantLabel] == t.Name
}

// madeFor says that the claim holds the data of this Tenant and of no other of its name.
func madeFor(t *v1alpha1.Tenant, claim client.Object) bool {
	return isOurClaim(t, claim) && claim.GetAnnotations()[tenantUIDAnnotation] == string(t.UID)
}

// mayUse says that the claim is this Tenant's, or that it is allowed to take it over. It is asked of
// the claim that is about to be applied as well, which the cache may not have shown to adoptionRequired.
func mayUse(t *v1alpha1.Tenant, claim client.Object) bool {
	return madeFor(t, claim) || (isOurClaim(t, claim) && ptr.Deref(t.Spec.Database.Adopt, false))
}

// adoptionRequired says that there is data of a former Tenant of this name that nobody allowed this
// one to take over.
func (s *scope) adoptionRequired() bool { return s.blockingData() != nil }

// blockingData is that data: the volume, if this tenant would use or move it, or the CloudNativePG cluster. A cluster of
// the former name blocks whoever made it, this very tenant included: beside it, an empty one would take its place.
func (s *scope) blockingData() client.Object {
	db := s.tenant.Spec.Database
	if (db.Engine.IsSingleWriter() || db.MigrateFrom != "") && s.claim != nil && isOurClaim(s.tenant, s.claim) && !mayUse(s.tenant, s.claim) {
		return s.claim
	}
	if s.cluster != nil && isOurClaim(s.tenant, s.cluster) && !mayUse(s.tenant, s.cluster) {
		return s.cluster
	}
	if s.formerCluster != nil && isOurClaim(s.tenant, s.formerCluster) {
		return s.formerCluster
	}
	return nil
}
