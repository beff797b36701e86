package tenant

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

const (
	defaultReplicas = 2
	// revisionHistory is how many old ReplicaSets are kept to roll back to by hand.
	revisionHistory = 3
)

// deployment runs the servers. None is rendered while the database is not settled: what runs keeps
// running.
func deployment(s *scope) any {
	if s.databaseBlocked() || s.update == nil {
		return nil
	}
	d := appsv1ac.Deployment(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithAnnotations(map[string]string{templateAnnotation: templateDigest(s.update.record)}).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(appsv1ac.DeploymentSpec().
			WithRevisionHistoryLimit(revisionHistory).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selectorLabels(s.tenant))).
			WithStrategy(strategy(s.podTenant())).
			WithTemplate(s.update.template))
	s.setReplicas(d)
	return d
}

// databaseBlocked says that there is data which this tenant may not use, or would leave behind, so that no Deployment must.
func (s *scope) databaseBlocked() bool {
	return s.adoptionRequired() || s.migrationHeld()
}

// strategy never lets two pods write one file, and otherwise never takes a pod away before its
// successor is ready.
func strategy(t *v1alpha1.Tenant) *appsv1ac.DeploymentStrategyApplyConfiguration {
	if t.Spec.Database.Engine.IsSingleWriter() {
		return appsv1ac.DeploymentStrategy().WithType(appsv1.RecreateDeploymentStrategyType)
	}
	return appsv1ac.DeploymentStrategy().
		WithType(appsv1.RollingUpdateDeploymentStrategyType).
		WithRollingUpdate(appsv1ac.RollingUpdateDeployment().
			WithMaxUnavailable(intstr.FromInt32(0)).
			WithMaxSurge(intstr.FromInt32(1)))
}
