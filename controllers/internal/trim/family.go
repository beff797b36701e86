package trim

import (
	"maps"
	"reflect"
	"runtime"
	"sync"
	"weak"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// family is what the objects of one tenant have in common. It lives as long as one of them does: each points to its
// owner in here.
type family struct {
	name   string
	labels map[string]string
	owner  [1]metav1.OwnerReference
}

type familyKey struct{ namespace, label string }

// families are those that live. Safe for concurrent use; the zero value is ready.
type families struct {
	mu    sync.Mutex
	known map[familyKey]weak.Pointer[family]
}

// join replaces what is equal in the object and its family by what is the family's. A family begins with its first
// object that has an owner; an object of the same label with another owner, as that of a Tenant that was made anew,
// begins another one.
func (f *families) join(label string, object *metav1.ObjectMeta) {
	if label == "" || len(object.OwnerReferences) > 1 {
		return
	}
	key, owned := familyKey{object.Namespace, label}, len(object.OwnerReferences) == 1
	f.mu.Lock()
	defer f.mu.Unlock()
	mine := f.known[key].Value()
	if owned && (mine == nil || !reflect.DeepEqual(mine.owner[0], object.OwnerReferences[0])) {
		mine = &family{name: object.Name, labels: object.Labels, owner: [1]metav1.OwnerReference{object.OwnerReferences[0]}}
		if f.known == nil {
			f.known = map[familyKey]weak.Pointer[family]{}
		}
		f.known[key] = weak.Make(mine)
		runtime.AddCleanup(mine, f.forget, key)
	}
	if mine == nil {
		return
	}
	if owned {
		object.OwnerReferences = mine.owner[:]
	}
	if object.Name == mine.name {
		object.Name = mine.name
	}
	if maps.Equal(object.Labels, mine.labels) {
		object.Labels = mine.labels
	}
}

// forget drops a family that lives no more, unless another has taken its place.
func (f *families) forget(key familyKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.known[key].Value() == nil {
		delete(f.known, key)
	}
}
