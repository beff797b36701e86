package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// servers stand in for the servers in pods, towards the operator only: each serves what its config Secret
// holds. There is no node on which real ones could run; the end-to-end tests have one.
type servers struct {
	reader client.Reader

	mu      sync.Mutex
	tenants map[string]client.ObjectKey // by pod IP
}

func (s *servers) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	tenant, found := s.tenants[r.URL.Hostname()]
	s.mu.Unlock()
	if !found {
		return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody, Request: r}, nil
	}
	var secret corev1.Secret
	if err := s.reader.Get(r.Context(), client.ObjectKey{Namespace: tenant.Namespace, Name: "frontdesk-" + tenant.Name + "-config"}, &secret); err != nil {
		return nil, err
	}
	body, err := json.Marshal(tenantconfig.Status{
		Revision: tenantconfig.Bundle(secret.Data).Revision(), Version: "1.2.3", DocumentVersions: tenantconfig.Versions,
		Database: tenantconfig.DatabaseStatus{Engine: tenantconfig.EngineSQLite, SchemaVersion: 7, Reachable: true}, StartTime: time.Now().UTC(),
	})
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
}

// deployment waits until the operator has made a tenant's Deployment.
func (w *world) deployment(tenant string) *appsv1.Deployment {
	w.t.Helper()
	deployment := &appsv1.Deployment{}
	err := wait.PollUntilContextTimeout(w.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		err := w.cluster.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-" + tenant}, deployment)
		return err == nil, client.IgnoreNotFound(err)
	})
	if err != nil {
		w.t.Fatalf("there is no Deployment for %s: %v", tenant, err)
	}
	return deployment
}

// runPod makes the pod that the Deployment controller and kubelet would, and has it be as status says.
func (w *world) runPod(tenant, suffix, ip string, status corev1.PodStatus) {
	w.t.Helper()
	deployment := w.deployment(tenant)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: deployment.Name + "-" + suffix, Labels: deployment.Spec.Template.Labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "frontdesk.example/server:1.2.3"}}},
	}
	if err := w.cluster.Client.Create(w.t.Context(), pod); err != nil && !apierrors.IsAlreadyExists(err) {
		w.t.Fatal(err)
	}
	if ip != "" { // a pod that is nowhere has none
		w.servers.mu.Lock()
		w.servers.tenants[ip] = client.ObjectKey{Namespace: w.namespace, Name: tenant}
		w.servers.mu.Unlock()
		status.PodIP, status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
	}
	pod.Status = status
	if err := w.cluster.Client.Status().Update(w.t.Context(), pod); err != nil {
		w.t.Fatal(err)
	}
	ready := int32(0)
	for _, c := range status.Conditions {
		if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue {
			ready = 1
		}
	}
	deployment.Status = appsv1.DeploymentStatus{
		ObservedGeneration: deployment.Generation, Replicas: 1, UpdatedReplicas: 1, ReadyReplicas: ready, AvailableReplicas: ready,
	}
	if err := w.cluster.Client.Status().Update(w.t.Context(), deployment); err != nil {
		w.t.Fatal(err)
	}
	w.bindClaim(tenant)
}

// meddle is somebody who undoes every repair of a Service, until the end of the test.
func (w *world) meddle(service string) {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"selector":{"meddled":"yes"}}}`))
		_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
			object := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: service}}
			err := w.cluster.Client.Patch(ctx, object, patch, client.FieldOwner("rival-operator"))
			return false, client.IgnoreNotFound(err)
		})
	}()
	w.t.Cleanup(func() { cancel(); <-done })
}

// bindClaim does what the volume controller would.
func (w *world) bindClaim(tenant string) {
	w.t.Helper()
	claim := &corev1.PersistentVolumeClaim{}
	err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-" + tenant + "-data"}, claim)
	if apierrors.IsNotFound(err) {
		return // its database is elsewhere
	}
	if err != nil {
		w.t.Fatal(err)
	}
	claim.Status.Phase = corev1.ClaimBound
	if err := w.cluster.Client.Status().Update(w.t.Context(), claim); err != nil {
		w.t.Fatal(err)
	}
}

var (
	readyStatus = corev1.PodStatus{
		Phase:      corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "server", Ready: true, Started: ptr.To(true), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}},
	}
	unschedulableStatus = corev1.PodStatus{
		Phase: corev1.PodPending,
		Conditions: []corev1.PodCondition{{
			Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable,
			Message: "0/3 nodes are available: 3 Insufficient memory.",
		}},
	}
	crashStatus = corev1.PodStatus{
		Phase:      corev1.PodRunning,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "server", RestartCount: 4,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: "back-off 1m20s restarting failed container"}},
			LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
				ExitCode: 1, Reason: "Error", Message: "starting\ncannot open /data/frontdesk.db: disk I/O error\n",
			}},
		}},
	}
)
