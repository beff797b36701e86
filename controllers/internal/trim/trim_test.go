package trim

import (
	"fmt"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeobject "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func newTrimmer() *Trimmer {
	return New(Keep{Labels: []string{"tenant", "ours"}, Annotations: []string{"digest"}, Family: "tenant"})
}

// sent and kept are metadata as it comes, and what is to be left of it.
func sent() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "corner", Name: "frontdesk-shop", UID: "u", ResourceVersion: "7", Generation: 3, CreationTimestamp: metav1.Now(),
		Labels: map[string]string{"tenant": "shop", "ours": "yes", "theirs": "yes"}, Annotations: map[string]string{"digest": "d", "note": "n"},
		Finalizers: []string{"theirs"}, OwnerReferences: owners("t"),
	}
}

func kept() metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: "corner", Name: "frontdesk-shop", UID: "u", ResourceVersion: "7", Generation: 3,
		Labels: map[string]string{"tenant": "shop", "ours": "yes"}, Annotations: map[string]string{"digest": "d"}, OwnerReferences: owners("t"),
	}
}

func owners(uid types.UID) []metav1.OwnerReference {
	return []metav1.OwnerReference{{APIVersion: "frontdesk.dev/v1alpha1", Kind: "Tenant", Name: "shop", UID: uid, Controller: ptr.To(true)}}
}

func ownerless(meta metav1.ObjectMeta) metav1.ObjectMeta {
	meta.OwnerReferences = nil
	return meta
}

func TestOnlyWhatIsReadIsKept(t *testing.T) {
	t.Parallel()
	kind := metav1.TypeMeta{APIVersion: "v1", Kind: "Service"}
	done := batchv1.JobCondition{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}
	for _, test := range []struct {
		name     string
		in, want any
	}{
		{
			"metadata",
			&metav1.PartialObjectMetadata{TypeMeta: kind, ObjectMeta: sent()},
			&metav1.PartialObjectMetadata{TypeMeta: kind, ObjectMeta: kept()},
		},
		{"Deployment", sentDeployment(), keptDeployment()},
		{
			"Job",
			&batchv1.Job{ObjectMeta: sent(), Spec: batchv1.JobSpec{Parallelism: ptr.To(int32(1))}, Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{done}}},
			&batchv1.Job{ObjectMeta: kept(), Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{done}}},
		},
		{
			"claim",
			&corev1.PersistentVolumeClaim{
				ObjectMeta: sent(), Spec: corev1.PersistentVolumeClaimSpec{VolumeName: "v"}, Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
			},
			&corev1.PersistentVolumeClaim{ObjectMeta: kept(), Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending}},
		},
		{"pod", sentPod(), keptPod()},
		{
			"content",
			&unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Route", "spec": map[string]any{"host": "h"}, "status": map[string]any{"parents": []any{map[string]any{"name": "p"}}},
				"metadata": content(sent()),
			}},
			&unstructured.Unstructured{Object: map[string]any{
				"apiVersion": "v1", "kind": "Route", "status": map[string]any{"parents": []any{map[string]any{"name": "p"}}},
				"metadata": content(kept()),
			}},
		},
		{"of a kind that is not known", &corev1.ConfigMap{ObjectMeta: sent(), Data: map[string]string{"a": "b"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			trimmer := newTrimmer()
			if test.want == nil {
				test.want = test.in
			}
			once, err := trimmer.Transform(test.in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, once); diff != "" {
				t.Errorf("what is kept (-want +got):\n%s", diff)
			}
			again, err := trimmer.Transform(once)
			if diff := cmp.Diff(test.want, again); diff != "" || err != nil {
				t.Errorf("trimmed once more (%v, -want +got):\n%s", err, diff)
			}
		})
	}
}

var (
	mounts  = corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "c"}}}
	failure = appsv1.DeploymentCondition{Type: appsv1.DeploymentReplicaFailure, Status: corev1.ConditionTrue, Message: "quota"}
)

func sentDeployment() *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: sent()}
	d.Spec.Replicas = ptr.To(int32(2))
	d.Spec.Template.Spec = corev1.PodSpec{Containers: []corev1.Container{{Name: "server"}}, Volumes: []corev1.Volume{{Name: "tmp"}, mounts}}
	d.Status = appsv1.DeploymentStatus{
		ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 1, ReadyReplicas: 1,
		Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing}, failure},
	}
	return d
}

func keptDeployment() *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: kept()}
	d.Spec.Replicas = ptr.To(int32(2))
	d.Spec.Template.Spec.Volumes = []corev1.Volume{mounts}
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: 3, Replicas: 2, UpdatedReplicas: 1, Conditions: []appsv1.DeploymentCondition{failure}}
	return d
}

func sentPod() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: sent(), Spec: corev1.PodSpec{NodeName: "n"}}
	pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodPending, PodIP: "10.0.0.1", HostIP: "10.0.0.2",
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "no node"},
			{Type: corev1.PodReady, Status: corev1.ConditionFalse}, {Type: corev1.ContainersReady, Status: corev1.ConditionFalse},
		},
		ContainerStatuses: []corev1.ContainerStatus{
			{Name: "fine", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
			{Name: "server", Image: "i", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}},
		},
	}
	return pod
}

func keptPod() *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: ownerless(kept())}
	pod.DeletionTimestamp = &metav1.Time{Time: time.Unix(1, 0)}
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodPending, PodIP: "10.0.0.1",
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "no node"}, {Type: corev1.PodReady, Status: corev1.ConditionFalse},
		},
		ContainerStatuses: []corev1.ContainerStatus{
			{Name: "server", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}}},
		},
	}
	return pod
}

// content is metadata as a decoder of JSON leaves it.
func content(meta metav1.ObjectMeta) map[string]any {
	fields, err := runtimeobject.DefaultUnstructuredConverter.ToUnstructured(&meta)
	if err != nil {
		panic(err) // metadata can always be written
	}
	if meta.CreationTimestamp.IsZero() {
		delete(fields, "creationTimestamp")
	}
	return fields
}

// A patch is made from what was read: nothing of what people and the operator have written may be missing.
func TestTenantsAreKeptWhole(t *testing.T) {
	t.Parallel()
	tenant := &v1alpha1.Tenant{ObjectMeta: sent(), Spec: v1alpha1.TenantSpec{DisplayName: "Shop"}}
	tenant.Status = v1alpha1.TenantStatus{
		Version: "1", Replicas: ptr.To(int32(2)), Revision: &v1alpha1.RevisionStatus{Desired: "r", Served: "r"},
		Template:  &v1alpha1.TemplateStatus{Platform: "{}", Own: "{}", Settings: "s", Pin: "1", Request: "now"},
		Inventory: []v1alpha1.InventoryItem{{Kind: "Secret", Name: "a", UID: "1", Digest: "d"}, {Kind: "Service", Name: "a", UID: "2"}},
		Conditions: append(make([]metav1.Condition, 0, 8),
			metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Ready", Message: "all well", ObservedGeneration: 3, LastTransitionTime: metav1.Now()}),
	}
	want := tenant.DeepCopy()
	tenant.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}
	got, err := newTrimmer().Transform(tenant)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("of a Tenant is left (%v, -want +got):\n%s", err, diff)
	}
	if c := tenant.Status.Conditions; cap(c) != len(c) {
		t.Errorf("there is room for %d conditions, and %d are there", cap(c), len(c))
	}
}

// What has no managedFields may be in a cache already, where it is being read.
func TestTenantsInACacheAreNotTouched(t *testing.T) {
	t.Parallel()
	cached := &v1alpha1.Tenant{ObjectMeta: sent()}
	cached.Status.Conditions = make([]metav1.Condition, 1, 8)
	if _, err := newTrimmer().Transform(cached); err != nil || cap(cached.Status.Conditions) != 8 {
		t.Errorf("it was changed, or failed: %v", err)
	}
}

func TestObjectsOfOneTenantShare(t *testing.T) {
	t.Parallel()
	trimmer := newTrimmer()
	metadata := func(uid types.UID) *metav1.PartialObjectMetadata {
		t.Helper()
		meta := sent()
		meta.OwnerReferences = owners(uid)
		got, err := trimmer.Transform(&metav1.PartialObjectMetadata{ObjectMeta: meta})
		if err != nil {
			t.Fatal(err)
		}
		object, ok := got.(*metav1.PartialObjectMetadata)
		if !ok {
			t.Fatalf("metadata became a %T", got)
		}
		return object
	}
	first, second := metadata("t"), metadata("t")
	if &first.OwnerReferences[0] != &second.OwnerReferences[0] {
		t.Error("two objects of a tenant have an owner reference each")
	}
	anew := metadata("another")
	if got := anew.OwnerReferences[0].UID; got != "another" {
		t.Errorf("an object of a Tenant that was made anew is owned by %q", got)
	}
	if got := second.OwnerReferences[0].UID; got != "t" {
		t.Errorf("an object of the former Tenant is now owned by %q", got)
	}
	runtime.KeepAlive([]any{first, second, anew})
}

func TestTenantsThatAreGoneLeaveNothing(t *testing.T) {
	t.Parallel()
	trimmer := newTrimmer()
	for i := range 100 {
		meta := sent()
		meta.Labels["tenant"] = fmt.Sprint("shop-", i)
		if _, err := trimmer.Transform(&metav1.PartialObjectMetadata{ObjectMeta: meta}); err != nil {
			t.Fatal(err)
		}
	}
	left := func() int {
		trimmer.families.mu.Lock()
		defer trimmer.families.mu.Unlock()
		return len(trimmer.families.known)
	}
	for deadline := time.Now().Add(30 * time.Second); left() > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("of 100 tenants that are gone %d are known", left())
		}
		runtime.GC()
	}
}

func TestWordsAreBoundedAndCommonOnesStay(t *testing.T) {
	t.Parallel()
	var w words
	common := w.of("common")
	for i := range 10 * generation {
		w.of(fmt.Sprint("rare-", i))
		if again := w.of(string([]byte("common"))); unsafe.StringData(again) != unsafe.StringData(common) {
			t.Fatalf("a common word has two memories after %d rare ones", i)
		}
	}
	if n := len(w.recent) + len(w.former); n > 2*generation {
		t.Errorf("%d words are known, want at most %d", n, 2*generation)
	}
}
