package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Intent is an object as it should be: every field in it is ours, every other field is not. Make it with NewIntent.
type Intent struct {
	schema.GroupVersionKind
	Name string
	// Adopt is nil for objects that must be controlled by the owner.
	Adopt Adopt
	// Yields are fields that are ours only as long as nobody else sets them to something else: then the object is
	// applied without them. RenderedFrom is the resourceVersion of the object that the intent was rendered from, in which
	// these fields were still ours; empty when there was none.
	Yields       []Path
	RenderedFrom string
	// Essential: nothing that comes after is applied when this fails, because it would use what is
	// there under the name instead.
	Essential bool
	// Fresh: the object holds what was made up just now because there is none yet. One that is there after all is
	// left as it is, which is an error that another pass does not meet.
	Fresh bool

	// text is the object as JSON. Of nearly all intents no more than its hash is ever needed.
	text []byte
}

// Adopt decides whether an object that nobody controls belongs to the owner all the same.
// Data is like that: it carries no owner reference, so that it outlives its owner.
type Adopt func(client.Object) bool

// generated is what all apply configurations of client-go have.
type generated interface {
	GetAPIVersion() *string
	GetKind() *string
	GetName() *string
}

// NewIntent takes an apply configuration, or anything else that is written as the JSON of an object with kind and name.
func NewIntent(configuration any) (Intent, error) {
	text, err := json.Marshal(configuration) // maps are marshalled in key order
	if err != nil {
		return Intent{}, fmt.Errorf("render %T: %w", configuration, err)
	}
	var header metav1.PartialObjectMetadata
	if known, is := configuration.(generated); is {
		header.APIVersion, header.Kind, header.Name = ptr.Deref(known.GetAPIVersion(), ""), ptr.Deref(known.GetKind(), ""), ptr.Deref(known.GetName(), "")
	} else if err := json.Unmarshal(text, &header); err != nil {
		return Intent{}, fmt.Errorf("render %T: %w", configuration, err)
	}
	if header.Kind == "" || header.Name == "" {
		return Intent{}, fmt.Errorf("render %T: it has no kind or no name: %.80s", configuration, text)
	}
	return Intent{GroupVersionKind: header.GroupVersionKind(), Name: header.Name, text: text}, nil
}

// Object is what would be applied, in a copy of its own.
func (i Intent) Object() *unstructured.Unstructured {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(i.text); err != nil {
		panic(fmt.Sprintf("%s %s was written as JSON that cannot be read: %v", i.Kind, i.Name, err)) // NewIntent has written it
	}
	return object
}

// Hash identifies what is to be applied. It does not cover the annotation that carries it. The order of the fields is that of the
// configuration's type: one that changes it, as another release of client-go might, has every object applied once more. Package
// tenant has a golden file of hashes, so that it does not happen unseen.
func (i Intent) Hash() string {
	sum := sha256.Sum256(i.text)
	return hex.EncodeToString(sum[:16])
}
