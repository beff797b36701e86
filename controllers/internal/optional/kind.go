package optional

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Kind is an API that a cluster may lack.
type Kind struct {
	schema.GroupVersionKind
	// Plural is the name of the resource as it stands in URLs.
	Plural string
	// Content says that objects are cached as unstructured.Unstructured, because their status is read. Otherwise
	// only their metadata is.
	Content bool
}

// Definition is the name of the kind's CustomResourceDefinition.
func (k Kind) Definition() string { return k.Plural + "." + k.Group }

// Object is an empty object in the form in which the kind is cached.
func (k Kind) Object() client.Object {
	if k.Content {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(k.GroupVersionKind)
		return object
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(k.GroupVersionKind)
	return object
}

// Absent are optional kinds that cannot be used. A kind that no cluster lacks is never in it.
type Absent map[schema.GroupKind]bool
