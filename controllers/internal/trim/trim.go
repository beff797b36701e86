package trim

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// Keep says what is read of the metadata of made objects.
type Keep struct {
	// Labels and Annotations by name.
	Labels, Annotations []string
	// Family is the label by whose value, within a namespace, objects are told to belong together. It must be one of
	// Labels.
	Family string
}

// Trimmer trims the objects of one process's caches. It is safe for concurrent use.
type Trimmer struct {
	keep     Keep
	words    words
	families families
}

// New returns a Trimmer.
func New(keep Keep) *Trimmer { return &Trimmer{keep: keep} }

// Transform is a cache.TransformFunc. Objects of types that it does not know are passed on as they are.
func (t *Trimmer) Transform(in any) (any, error) {
	switch object := in.(type) {
	case *metav1.PartialObjectMetadata:
		kind := metav1.TypeMeta{APIVersion: t.words.of(object.APIVersion), Kind: t.words.of(object.Kind)}
		return &metav1.PartialObjectMetadata{TypeMeta: kind, ObjectMeta: t.meta(&object.ObjectMeta)}, nil
	case *appsv1.Deployment:
		return t.deployment(object), nil
	case *batchv1.Job:
		return &batchv1.Job{ObjectMeta: t.meta(&object.ObjectMeta), Status: batchv1.JobStatus{Conditions: object.Status.Conditions}}, nil
	case *corev1.PersistentVolumeClaim:
		return &corev1.PersistentVolumeClaim{
			ObjectMeta: t.meta(&object.ObjectMeta), Status: corev1.PersistentVolumeClaimStatus{Phase: word(t, object.Status.Phase)},
		}, nil
	case *corev1.Pod:
		return t.pod(object), nil
	case *unstructured.Unstructured:
		return t.content(object), nil
	case *v1alpha1.Tenant:
		t.tenant(object)
	case *v1alpha1.BookingPolicy:
		t.policy(object)
	case *v1alpha1.Campaign:
		t.campaign(object)
	}
	return in, nil
}

// meta is what is read of the metadata of an object that the operator made.
func (t *Trimmer) meta(from *metav1.ObjectMeta) metav1.ObjectMeta {
	kept := metav1.ObjectMeta{
		Namespace: t.words.of(from.Namespace), Name: from.Name, UID: from.UID,
		ResourceVersion: from.ResourceVersion, Generation: from.Generation, DeletionTimestamp: from.DeletionTimestamp,
		Labels: only(from.Labels, t.keep.Labels), Annotations: only(from.Annotations, t.keep.Annotations), OwnerReferences: from.OwnerReferences,
	}
	t.families.join(kept.Labels[t.keep.Family], &kept)
	return kept
}

// only keeps the entries of these names. The names are the caller's own: those of each object are another copy.
func only(entries map[string]string, names []string) map[string]string {
	var kept map[string]string
	for _, name := range names {
		if value, found := entries[name]; found {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[name] = value
		}
	}
	return kept
}

// word is words.of for all kinds of strings.
func word[T ~string](t *Trimmer, text T) T { return T(t.words.of(string(text))) }
