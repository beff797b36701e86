package tenant

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
)

// autoscaler lets the number of pods follow the load. There is none while the tenant is suspended: see
// replicas.go.
func autoscaler(s *scope) any {
	if !s.autoscaled() || s.databaseBlocked() {
		return nil
	}
	bounds := autoscaling(s.podTenant())
	return autoscalingv2ac.HorizontalPodAutoscaler(s.tenant.OwnedName(), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithSpec(autoscalingv2ac.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
				WithAPIVersion("apps/v1").WithKind("Deployment").WithName(s.tenant.OwnedName())).
			WithMinReplicas(bounds.MinReplicas).
			WithMaxReplicas(bounds.MaxReplicas).
			WithMetrics(autoscalingv2ac.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(autoscalingv2ac.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(autoscalingv2ac.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).
						WithAverageUtilization(bounds.TargetCPUUtilizationPercentage)))))
}
