package tenant

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
)

// workload is what the Deployment and its pods add up to.
type workload struct {
	// exists tells no Deployment from one without pods.
	exists bool
	// settled: the Deployment controller has acted on the template and count that are wanted now, and
	// no pod of another template is left.
	settled bool
	wanted  int
	ready   []corev1.Pod
	// running counts the pods that exist and have not ended, ready or not.
	running int
	// trouble says what keeps a pod from starting; empty when nothing is known to.
	trouble string
}

func (s *scope) workload() workload {
	w := workload{trouble: podTrouble(s.pods)}
	for _, pod := range s.pods {
		if isOver(&pod) {
			continue
		}
		w.running++
		if isReady(&pod) {
			w.ready = append(w.ready, pod)
		}
	}
	if s.deployment == nil {
		return w
	}
	d := s.deployment
	w.exists = true
	w.wanted = int(ptr.Deref(d.Spec.Replicas, 1))
	w.settled = s.observed("Deployment") &&
		d.Status.ObservedGeneration >= d.Generation &&
		d.Status.UpdatedReplicas == int32(w.wanted) && d.Status.Replicas == int32(w.wanted)
	if w.trouble == "" {
		w.trouble = deploymentTrouble(d)
	}
	if w.trouble == "" {
		w.trouble = s.excuse()
	}
	return w
}

// isOver says that no container of a pod runs or will run again. Such a pod may lie around for long: an evicted one is
// removed by nobody when its ReplicaSet is scaled to zero.
func isOver(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// excuse is what a pod that is not ready says itself.
func (s *scope) excuse() string {
	for _, pod := range s.pods {
		answer, known := s.answers[pod.UID]
		switch {
		case !known || answer.Err != nil || isReady(&pod):
		case answer.Refused != nil:
			return fmt.Sprintf("pod %s refuses %s: %s", pod.Name, shortRevision(answer.Refused.Revision), answer.Refused.Message)
		case !answer.Database.Reachable && answer.Database.Message != "":
			return fmt.Sprintf("pod %s cannot reach the database: %s", pod.Name, answer.Database.Message)
		}
	}
	return ""
}

// observed says that the cache shows the object as this operator applied it last. An object that was
// left alone in this pass is as it is.
func (s *scope) observed(kind string) bool {
	for _, item := range s.items {
		if item.Kind == kind {
			return item.Observed
		}
	}
	return true
}

// applied says that an object of the kind is in place.
func (s *scope) applied(kind string) bool {
	return slices.ContainsFunc(s.items, func(item apply.Item) bool { return item.Kind == kind && item.UID != "" })
}

// podTrouble finds what a person would look for in `kubectl describe pod`.
func podTrouble(pods []corev1.Pod) string {
	for _, pod := range pods {
		for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			if waiting := status.State.Waiting; waiting != nil && waiting.Reason != "ContainerCreating" && waiting.Reason != "PodInitializing" {
				return strings.TrimSuffix(fmt.Sprintf("pod %s: %s: %s", pod.Name, waiting.Reason, waiting.Message), ": ")
			}
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				return fmt.Sprintf("pod %s cannot be scheduled: %s", pod.Name, condition.Message)
			}
		}
	}
	return ""
}

func deploymentTrouble(d *appsv1.Deployment) string {
	for _, condition := range d.Status.Conditions {
		if condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue {
			return condition.Message
		}
	}
	return ""
}

// refusal is the first ready pod that refuses a revision.
func (s *scope) refusal(ready []corev1.Pod, revision string) (pod, message string) {
	for _, p := range ready {
		if answer := s.answers[p.UID]; answer.Refuses(revision) {
			return p.Name, answer.Refused.Message
		}
	}
	return "", ""
}

// served is the revision that all ready pods report; empty when they differ or one is silent.
func (s *scope) served(ready []corev1.Pod) string {
	var revision string
	for i, pod := range ready {
		answer, known := s.answers[pod.UID]
		if !known || answer.Err != nil || (i > 0 && answer.Revision != revision) {
			return ""
		}
		revision = answer.Revision
	}
	return revision
}

// laggards are the ready pods that do not serve a revision, with what they say instead.
func (s *scope) laggards(ready []corev1.Pod, revision string) []string {
	var lines []string
	for _, pod := range ready {
		answer, known := s.answers[pod.UID]
		switch {
		case answer.Serves(revision):
		case !known:
			lines = append(lines, fmt.Sprintf("pod %s has not said yet what it serves", pod.Name))
		case answer.Err != nil:
			lines = append(lines, fmt.Sprintf("pod %s %v", pod.Name, answer.Err))
		default:
			lines = append(lines, fmt.Sprintf("pod %s serves %s", pod.Name, shortRevision(answer.Revision)))
		}
	}
	return lines
}

// answersOf lists what the given pods have answered.
func (s *scope) answersOf(ready []corev1.Pod) []probe.Answer {
	var answers []probe.Answer
	for _, pod := range ready {
		if answer, known := s.answers[pod.UID]; known && answer.Err == nil {
			answers = append(answers, answer)
		}
	}
	return answers
}

func shortRevision(revision string) string {
	if revision == "" {
		return "no revision"
	}
	return "revision " + revision[:min(8, len(revision))]
}

// silent says that a ready pod has not been heard of since this process started.
func (s *scope) silent() bool {
	return slices.ContainsFunc(s.workload().ready, func(pod corev1.Pod) bool {
		_, known := s.answers[pod.UID]
		return !known
	})
}

// unheard says that nothing but the silence of pods that this process has not heard of yet speaks
// against what the status says already. It is so after a restart of the operator: a tenant that was
// ready is not called unready while its pods are being asked.
func (s *scope) unheard() bool {
	before := s.tenant.Status
	ready := meta.FindStatusCondition(before.Conditions, string(v1alpha1.ConditionReady))
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != s.tenant.Generation ||
		before.Revision == nil || before.Revision.Served == "" || before.Revision.Served != s.desired() {
		return false
	}
	w := s.workload()
	if s.verdict(w).reason != v1alpha1.ReasonRevisionPending {
		return false
	}
	for _, pod := range w.ready {
		if answer, known := s.answers[pod.UID]; known && !answer.Serves(s.desired()) {
			return false
		}
	}
	return true
}
