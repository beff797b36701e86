package controllers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeobject "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/uuid"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// maxBytesPerTenant is what the cached objects of one tenant may hold, without what the stores and their indexes add.
// It is 21 KiB; of what the API server sends, without managedFields, it would be 42.
const maxBytesPerTenant = 25 << 10

// The memory of the operator is that of its caches, and grows with the fleet. Not parallel: the heap is the process's.
func TestCachedObjectsOfATenantAreSmall(t *testing.T) {
	const tenants = 200
	transforms := newTransforms()
	if _, err := cachedObjects(transforms, -1); err != nil { // whatever is made once
		t.Fatal(err)
	}
	kept := make([]any, 0, 20*tenants)
	before := liveHeap()
	for i := range tenants {
		objects, err := cachedObjects(transforms, i)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, objects...)
	}
	each := (liveHeap() - before) / tenants
	t.Logf("the %d objects of a tenant take %d bytes", len(kept)/tenants, each)
	if each > maxBytesPerTenant {
		t.Errorf("the cached objects of a tenant take %d bytes, want at most %d", each, maxBytesPerTenant)
	}
	if len(kept) < 14*tenants {
		t.Errorf("there were %d objects of %d tenants: a kind is missing", len(kept), tenants)
	}
	runtime.KeepAlive(kept)
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC() // what was finalised or cleaned up by the first
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// transforms are those of all caches.
type transforms struct {
	main     cache.Options
	optional func(optional.Kind) cache.Options
}

func newTransforms() transforms {
	return transforms{CacheOptions(nil, "frontdesk-system"), optionalCacheOptions(nil)}
}

// of returns what objects of a Go type go through; for those of the optional kinds, of a kind.
func (t transforms) of(object client.Object, kind schema.GroupKind) toolscache.TransformFunc {
	for _, known := range tenant.OptionalKinds {
		if known.GroupKind() == kind {
			for _, by := range t.optional(known).ByObject {
				return by.Transform
			}
		}
	}
	for example, by := range t.main.ByObject {
		if reflect.TypeOf(example) == reflect.TypeOf(object) || reflect.TypeOf(example).Elem().Name() == kind.Kind {
			if by.Transform != nil {
				return by.Transform
			}
		}
	}
	return t.main.DefaultTransform
}

// cachedObjects are the objects of the i-th tenant, decoded from what the API server sends, as the caches keep them.
func cachedObjects(through transforms, i int) ([]any, error) {
	objects, err := sentObjects(i)
	if err != nil {
		return nil, err
	}
	kept := make([]any, len(objects))
	for n, object := range objects {
		kind := object.GetObjectKind().GroupVersionKind().GroupKind()
		if kept[n], err = through.of(object, kind)(object); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// typicalTenant takes its namespace and name.
const typicalTenant = `
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: %[2]s, namespace: %[1]s}
spec:
  displayName: Business %[2]s
  timeZone: Europe/London
  region: GB
  bookingPolicyRef: {name: hours}
  resources: [{id: dr-khan, kind: Staff, name: Dr Khan, capacity: 1}]
  services: [{id: checkup, name: Check-up, duration: 30m, groupSize: 1, requires: [{anyOf: [dr-khan]}]}]
  database: {engine: Postgres, postgres: {urlSecretRef: {name: database, key: url}}}
  server: {autoscaling: {minReplicas: 2, maxReplicas: 4}}
  exposure: {host: %[2]s.book.example, gateway: {name: public, namespace: gateways}}
  alerts: {slo: {availability: "99.9", latency: 300ms}}
`

// typicalPolicy has the defaults that the API server sets.
const typicalPolicy = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: hours}
spec:
  hours: [{days: [Mon, Tue, Wed, Thu, Fri], spans: [{from: "09:00", to: "17:00"}]}]
  slots: {interval: 15m, anchor: SpanStart}
  notice: {maximumDays: 60}
  holds: {ttl: 5m}
  confirmation: Automatic
`

// sentObjects are the Tenant, what is made for it, and two pods, in the forms in which they are watched.
func sentObjects(i int) ([]client.Object, error) {
	namespace, name := "fleet-"+strconv.Itoa(i/50), "tenant-"+strconv.Itoa(i)
	t := &v1alpha1.Tenant{}
	if err := yaml.UnmarshalStrict(fmt.Appendf(nil, typicalTenant, namespace, name), t); err != nil {
		return nil, err
	}
	policy := &v1alpha1.BookingPolicy{}
	if err := yaml.UnmarshalStrict([]byte(typicalPolicy), policy); err != nil {
		return nil, err
	}
	described(&t.ObjectMeta, "kubectl")
	preview, err := tenant.NewPreview(tenant.PreviewInput{
		Tenant: t, Now: time.Now(),
		Policies: map[string]*v1alpha1.BookingPolicy{"hours": policy},
		Secrets:  map[string]*corev1.Secret{"database": {Data: map[string][]byte{"url": []byte("postgres://postgres.example/frontdesk")}}},
		Platform: tenant.Platform{
			ServerImage: "frontdesk.example/server:1.2.3", ServerVersion: "1.2.3", OperatorNamespace: "frontdesk-system",
			HostSuffixes: []tenant.HostSuffix{{Suffix: ".book.example", Namespaces: []string{"*"}}}, Isolation: &tenant.Isolation{},
		},
	})
	if err != nil {
		return nil, err
	}
	if len(preview.Faults) > 0 {
		return nil, fmt.Errorf("the tenant has faults: %v", preview.Faults)
	}
	var objects []client.Object
	for _, rendered := range preview.Objects {
		described(rendered, apply.FieldOwner)
		annotations := rendered.GetAnnotations()
		if annotations == nil {
			annotations = map[string]string{}
		}
		annotations[apply.IntentAnnotation] = "0123456789abcdef0123456789abcdef"
		rendered.SetAnnotations(annotations)
		sent, err := inWatchedForm(rendered)
		if err != nil {
			return nil, err
		}
		objects = append(objects, sent)
		if deployment, ok := sent.(*appsv1.Deployment); ok {
			objects = append(objects, podOf(deployment), podOf(deployment))
			t.Status.Template = templateOf(deployment)
		}
		gvk := rendered.GroupVersionKind()
		t.Status.Inventory = append(t.Status.Inventory, v1alpha1.InventoryItem{
			Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Name: rendered.GetName(), UID: rendered.GetUID(), Digest: strconv.Itoa(i) + "-0123456789abcdef0123456789abcd",
		})
	}
	t.Status.Conditions = said(t)
	decoded := &v1alpha1.Tenant{}
	return append(objects, decoded), throughJSON(t, decoded)
}

// described fills in what the API server does.
func described(object metav1.Object, manager string) {
	object.SetUID(uuid.NewUUID())
	object.SetResourceVersion("1234567")
	object.SetGeneration(1)
	object.SetCreationTimestamp(metav1.Now())
	object.SetManagedFields([]metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1", FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:app.kubernetes.io/name":{}},"f:ownerReferences":{}},"f:spec":{}}`),
	}})
}

// inWatchedForm decodes an object as its watch does.
func inWatchedForm(rendered *unstructured.Unstructured) (client.Object, error) {
	kind := rendered.GroupVersionKind()
	for _, known := range tenant.OptionalKinds {
		if known.GroupKind() == kind.GroupKind() && known.Content {
			decoded := &unstructured.Unstructured{}
			return decoded, throughJSON(rendered, decoded)
		}
	}
	switch kind.Kind {
	case "Deployment":
		return throughProto(rendered, &appsv1.Deployment{}, &appsv1.Deployment{})
	case "PersistentVolumeClaim":
		return throughProto(rendered, &corev1.PersistentVolumeClaim{}, &corev1.PersistentVolumeClaim{})
	}
	metadata := &metav1.PartialObjectMetadata{}
	sent, err := throughProto(rendered, &metav1.PartialObjectMetadata{}, metadata)
	metadata.SetGroupVersionKind(kind)
	return sent, err
}

func podOf(deployment *appsv1.Deployment) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: *deployment.Spec.Template.ObjectMeta.DeepCopy(), Spec: *deployment.Spec.Template.Spec.DeepCopy()}
	described(pod, "kube-controller-manager")
	pod.Namespace, pod.Name = deployment.Namespace, deployment.Name+"-"+string(pod.UID[:8])
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(deployment, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	pod.Status = corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.0.0.1", Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionTrue},
	}}
	data, err := pod.Marshal()
	decoded := &corev1.Pod{}
	if err != nil || decoded.Unmarshal(data) != nil {
		panic("a pod cannot be encoded and decoded") // for lack of what could fail
	}
	return decoded
}

func templateOf(deployment *appsv1.Deployment) *v1alpha1.TemplateStatus {
	data, err := json.Marshal(deployment.Spec.Template)
	if err != nil {
		panic(err) // see podOf
	}
	return &v1alpha1.TemplateStatus{Platform: string(data), Settings: "0123456789abcdef0123456789abcdef"}
}

// said are conditions as a tenant at rest has them: some say the same of all tenants, some name this one.
func said(t *v1alpha1.Tenant) []metav1.Condition {
	var all []metav1.Condition
	for _, kind := range []v1alpha1.ConditionType{
		v1alpha1.ConditionReady, v1alpha1.ConditionProgressing, v1alpha1.ConditionDegraded, v1alpha1.ConditionConfigurationValid,
		v1alpha1.ConditionSecretsReady, v1alpha1.ConditionDatabaseReady, v1alpha1.ConditionWorkloadAvailable,
		v1alpha1.ConditionIntegrationsHealthy, v1alpha1.ConditionMonitoringReady, v1alpha1.ConditionSuspended,
	} {
		all = append(all, metav1.Condition{
			Type: string(kind), Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonAsExpected), LastTransitionTime: metav1.Now(),
			Message: fmt.Sprintf("a sentence of the length of most, which says of each tenant that %s is as it should be", kind),
		})
	}
	return append(all, metav1.Condition{
		Type: string(v1alpha1.ConditionRouteAccepted), Status: metav1.ConditionTrue, Reason: string(v1alpha1.ReasonRouteAccepted),
		LastTransitionTime: metav1.Now(), Message: "Gateway gateways/public routes " + t.Name + " to the tenant",
	})
}

func throughJSON(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, to)
}

// wire is an object that the API server sends as protobuf.
type wire interface {
	client.Object
	Marshal() ([]byte, error)
	Unmarshal(data []byte) error
}

// throughProto brings an object into a Go type, and through the encoding, in which each string is its own.
func throughProto[T wire](from *unstructured.Unstructured, typed, decoded T) (client.Object, error) {
	if err := runtimeobject.DefaultUnstructuredConverter.FromUnstructured(from.Object, typed); err != nil {
		return nil, err
	}
	data, err := typed.Marshal()
	if err != nil {
		return nil, err
	}
	return decoded, decoded.Unmarshal(data)
}
