package trim

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// deployment keeps how many pods there are to be and are, what keeps the controller from making them, and which claims
// they mount. The rest of the template is in the Tenant's status.
func (t *Trimmer) deployment(from *appsv1.Deployment) *appsv1.Deployment {
	kept := &appsv1.Deployment{ObjectMeta: t.meta(&from.ObjectMeta)}
	kept.Spec.Replicas = from.Spec.Replicas
	for _, volume := range from.Spec.Template.Spec.Volumes {
		if volume.PersistentVolumeClaim != nil {
			kept.Spec.Template.Spec.Volumes = append(kept.Spec.Template.Spec.Volumes, volume)
		}
	}
	kept.Status = appsv1.DeploymentStatus{
		ObservedGeneration: from.Status.ObservedGeneration, Replicas: from.Status.Replicas, UpdatedReplicas: from.Status.UpdatedReplicas,
	}
	for _, condition := range from.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure {
			kept.Status.Conditions = append(kept.Status.Conditions, condition)
		}
	}
	return kept
}

// pod keeps by what a pod is found, and of its status what is looked at. There are more pods than anything else.
func (t *Trimmer) pod(from *corev1.Pod) *corev1.Pod {
	meta := from.ObjectMeta
	meta.OwnerReferences = nil
	kept := &corev1.Pod{ObjectMeta: t.meta(&meta)}
	kept.Status = corev1.PodStatus{
		Phase: word(t, from.Status.Phase), PodIP: from.Status.PodIP, Conditions: t.told(from.Status.Conditions),
		InitContainerStatuses: t.waiting(from.Status.InitContainerStatuses), ContainerStatuses: t.waiting(from.Status.ContainerStatuses),
	}
	return kept
}

// told keeps whether the pod is ready, and why it has no node.
func (t *Trimmer) told(all []corev1.PodCondition) []corev1.PodCondition {
	var kept []corev1.PodCondition
	for _, condition := range all {
		if condition.Type == corev1.PodReady || (condition.Type == corev1.PodScheduled && condition.Status != corev1.ConditionTrue) {
			kept = append(kept, corev1.PodCondition{
				Type: word(t, condition.Type), Status: word(t, condition.Status), Message: t.words.of(condition.Message),
			})
		}
	}
	return kept
}

// waiting keeps the containers that cannot start, and why.
func (t *Trimmer) waiting(all []corev1.ContainerStatus) []corev1.ContainerStatus {
	var kept []corev1.ContainerStatus
	for _, status := range all {
		if waiting := status.State.Waiting; waiting != nil {
			kept = append(kept, corev1.ContainerStatus{Name: t.words.of(status.Name), State: corev1.ContainerState{Waiting: waiting}})
		}
	}
	return kept
}

// conditions gives the words of a list one memory with those of all others, and the list no more room than it needs.
func (t *Trimmer) conditions(all []metav1.Condition) []metav1.Condition {
	kept := tight(all)
	for i := range kept {
		c := &kept[i]
		c.Type, c.Status, c.Reason, c.Message = t.words.of(c.Type), word(t, c.Status), t.words.of(c.Reason), t.words.of(c.Message)
	}
	return kept
}

// tight copies a list whose decoder has left room to grow.
func tight[T any](list []T) []T {
	if len(list) == cap(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}
