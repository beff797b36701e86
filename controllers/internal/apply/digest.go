package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// FieldOwner is the one name under which this operator applies.
	FieldOwner = "frontdesk-operator"
	// IntentAnnotation holds the hash of what was last applied.
	IntentAnnotation = "frontdesk.dev/intent"
	// digestAnnotation exists only in the cache, never on the API server: see Transform.
	digestAnnotation = "cache.frontdesk.dev/digest"
)

// exactFields are the top-level fields that nobody else may add to, by kind.
var exactFields = map[schema.GroupKind]string{
	{Kind: "Secret"}:  "data",
	{Kind: "Service"}: "spec",
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}: "spec",
}

// Digest identifies the state of what we own in an object: our entry of managedFields, and the entries of others
// who own fields that must be ours alone, those with their times. Empty when we own nothing. Our own time is left
// out: what is put right comes out as it was before, and no status has to be written to remember it. Whoever
// changes the value of a field takes it from our entry, unless he applies in our name; then he takes the
// annotation with the hash, or says another one.
func Digest(object metav1.Object, kind schema.GroupKind) string {
	entries := object.GetManagedFields()
	own := slices.IndexFunc(entries, func(e metav1.ManagedFieldsEntry) bool {
		return e.Manager == FieldOwner && e.Operation == metav1.ManagedFieldsOperationApply && e.Subresource == ""
	})
	if own < 0 {
		return ""
	}
	hash := sha256.New()
	add := func(entry metav1.ManagedFieldsEntry, at *metav1.Time) {
		hash.Write([]byte(entry.APIVersion + "\x00" + entry.Manager + "\x00"))
		if at != nil {
			hash.Write([]byte(at.UTC().Format("20060102T150405Z")))
		}
		hash.Write(canonical(entry.FieldsV1))
	}
	add(entries[own], nil)
	for i, entry := range entries {
		if i != own && entry.Subresource == "" && ownsExactField(entry, kind) {
			add(entry, entry.Time)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

func ownsExactField(entry metav1.ManagedFieldsEntry, kind schema.GroupKind) bool {
	field, exact := exactFields[kind]
	if !exact || entry.FieldsV1 == nil {
		return false
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(entry.FieldsV1.GetRawBytes(), &fields); err != nil {
		return false
	}
	_, owns := fields["f:"+field]
	return owns
}

// canonical sorts the keys: typed and unstructured clients return the same set in different order.
func canonical(fields *metav1.FieldsV1) []byte {
	if fields == nil {
		return nil
	}
	var set any
	if err := json.Unmarshal(fields.GetRawBytes(), &set); err != nil {
		return fields.GetRawBytes()
	}
	sorted, err := json.Marshal(set)
	if err != nil {
		return fields.GetRawBytes()
	}
	return sorted
}

// Transform is for the cache of an owned kind: it puts the digest where Observed finds it and drops
// managedFields, which are often larger than the object.
func Transform(kind schema.GroupKind) cache.TransformFunc {
	return func(in any) (any, error) {
		object, ok := in.(client.Object)
		if !ok || object.GetManagedFields() == nil {
			return in, nil
		}
		if digest := Digest(object, kind); digest != "" {
			annotations := object.GetAnnotations()
			if annotations == nil {
				annotations = map[string]string{}
			}
			annotations[digestAnnotation] = digest
			object.SetAnnotations(annotations)
		}
		object.SetManagedFields(nil)
		return object, nil
	}
}

// ReadAnnotations are what this package reads of objects in a cache. One that trims objects, after Transform, keeps them.
func ReadAnnotations() []string { return []string{IntentAnnotation, digestAnnotation} }

// observedDigest reads what Transform left, or computes it for an object that came past the cache.
func observedDigest(object client.Object, kind schema.GroupKind) string {
	if digest, cached := object.GetAnnotations()[digestAnnotation]; cached {
		return digest
	}
	return Digest(object, kind)
}
