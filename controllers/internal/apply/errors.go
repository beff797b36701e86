package apply

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ConflictError says that an object of the wanted name exists and is not the owner's.
type ConflictError struct {
	Kind schema.GroupVersionKind
	// Name of the object, in the owner's namespace.
	Name string
	// Controller names who controls the object instead; empty when nobody does.
	Controller string
}

func (e *ConflictError) Error() string {
	who := "nobody's that this operator knows of"
	if e.Controller != "" {
		who = "controlled by " + e.Controller
	}
	return fmt.Sprintf("%s %q exists and is %s: it is left alone; delete or rename it, and the tenant goes on within 30 seconds", e.Kind.Kind, e.Name, who)
}

// GoingError says that the object which stands in the way is already on its way out: it is being
// deleted, or belongs to an owner of the same name that exists no more.
type GoingError struct {
	Kind schema.GroupVersionKind
	Name string
}

func (e *GoingError) Error() string {
	return fmt.Sprintf("waiting until the previous %s %q is gone", e.Kind.Kind, e.Name)
}

// FightError says that somebody undoes every repair of an object, which is therefore left alone for a while.
type FightError struct {
	Kind schema.GroupVersionKind
	Name string
	// Managers names those who write the object besides us, by their names in its managedFields; empty when
	// they are not known.
	Managers string
	// Wait is how long the object is left alone.
	Wait time.Duration
}

func (e *FightError) Error() string {
	who := "somebody"
	if e.Managers != "" {
		who = e.Managers
	}
	return fmt.Sprintf("%s %q is changed again and again by %s: have that stopped; until then it is put back ever more rarely", e.Kind.Kind, e.Name, who)
}

// RefusedError says that the API server took an object for invalid or forbidden: trying again
// without a change leads nowhere soon.
type RefusedError struct {
	Kind schema.GroupVersionKind
	Name string
	Err  error
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the API server refused %s %q: %v", e.Kind.Kind, e.Name, e.Err)
}

func (e *RefusedError) Unwrap() error { return e.Err }
