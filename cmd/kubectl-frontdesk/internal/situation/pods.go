package situation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// Troubles that are not a container's own.
const (
	troubleUnschedulable = "Unschedulable"
	troubleNotReady      = "NotReady"
	troubleEnding        = "Ending"
)

func (s *Situation) readPods(ctx context.Context, reader client.Reader, t *v1alpha1.Tenant, ask Ask) error {
	var pods corev1.PodList
	switch err := reader.List(ctx, &pods, client.InNamespace(t.Namespace), client.MatchingLabels(tenant.SelectorLabels(t))); {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return fmt.Errorf("list pods: %w", err)
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	for _, pod := range pods.Items {
		found := podState(&pod)
		switch {
		case found.Ready && s.Revision.Served != "":
			found.Serves = s.Revision.Served // all ready pods have told the operator so
		case ask != nil && pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil:
			if serves, refuses, answered := ask(ctx, pod); answered {
				found.Serves, found.Refuses = serves, refuses
			}
		}
		s.Pods = append(s.Pods, found)
	}
	return nil
}

func podState(pod *corev1.Pod) Pod {
	found := Pod{Name: pod.Name, Node: pod.Spec.NodeName, Phase: string(pod.Status.Phase)}
	for _, status := range pod.Status.ContainerStatuses {
		found.Restarts += status.RestartCount
	}
	unscheduled := ""
	for _, condition := range pod.Status.Conditions {
		switch {
		case condition.Type == corev1.PodReady:
			found.Ready = condition.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil
		case condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse:
			unscheduled = condition.Message
		}
	}
	waiting, last := containers(pod)
	switch {
	case found.Ready:
	case pod.DeletionTimestamp != nil:
		found.Trouble = troubleEnding
	case unscheduled != "":
		found.Trouble, found.Detail = troubleUnschedulable, unscheduled
	case waiting != nil:
		found.Trouble, found.Detail = waiting.Reason, firstOf(last, waiting.Message)
	default:
		found.Trouble, found.Detail = troubleNotReady, firstOf(last, "it runs, and does not call itself ready yet")
	}
	return found
}

// containers finds what a container of the pod waits for, and how one ended last.
func containers(pod *corev1.Pod) (waiting *corev1.ContainerStateWaiting, last string) {
	for _, status := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if waiting == nil {
			waiting = status.State.Waiting
		}
		if ended := status.LastTerminationState.Terminated; ended != nil {
			last = ending(ended)
		}
		if ended := status.State.Terminated; ended != nil && ended.ExitCode != 0 {
			last = ending(ended)
		}
	}
	return waiting, last
}

// ending is what a container left behind: the server's last lines are its termination message.
func ending(ended *corev1.ContainerStateTerminated) string {
	said := strings.TrimSpace(ended.Message)
	if lines := strings.Split(said, "\n"); len(lines) > 1 {
		said = lines[len(lines)-1]
	}
	how := fmt.Sprintf("it ended with exit code %d", ended.ExitCode)
	if ended.Reason != "" && ended.Reason != "Error" {
		how += " (" + ended.Reason + ")"
	}
	if said != "" {
		how += ": " + said
	}
	return how
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
