package fleet

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

const (
	// StateName is the ConfigMap in the operator's namespace.
	StateName = "frontdesk-rollout"
	// StateKey is the entry with the state.
	StateKey = "state.json"
	// ResumeAnnotation on the ConfigMap resumes a halted rollout, by any new value.
	ResumeAnnotation = "frontdesk.dev/resume-requested-at"
)

// store keeps the state. It is used by one goroutine.
type store struct {
	client client.Client
	key    client.ObjectKey
	// found is the object as it was last read or written; nil when there is none.
	found *corev1.ConfigMap
	// unseen: found was written, and the cache has not shown it yet.
	unseen bool
}

// read returns the state and the request to resume.
func (s *store) read(ctx context.Context) (state rollout.State, resume string, err error) {
	cached := &corev1.ConfigMap{}
	err = s.client.Get(ctx, s.key, cached)
	switch {
	case apierrors.IsNotFound(err):
		if !s.unseen {
			s.found = nil
		}
	case err != nil:
		return rollout.State{}, "", fmt.Errorf("read the rollout's state: %w", err)
	case !s.unseen || !older(cached, s.found):
		s.found, s.unseen = cached, false
	}
	if s.found == nil {
		return rollout.State{}, "", nil
	}
	state, err = rollout.Decode(s.found.Data[StateKey])
	if err != nil {
		return rollout.State{}, "", &damagedError{s.found, err}
	}
	return state, s.found.Annotations[ResumeAnnotation], nil
}

// damagedError says that there is a state which cannot be read. Only a person can mend it.
type damagedError struct {
	state *corev1.ConfigMap
	err   error
}

func (e *damagedError) Error() string {
	return fmt.Sprintf("ConfigMap %s/%s: %v; to begin again with the canaries: kubectl delete configmap -n %[1]s %[2]s", e.state.Namespace, e.state.Name, e.err)
}

func (e *damagedError) Unwrap() error { return e.err }

// write stores the state unless it is what was read, and returns the object that holds it, or nil. It
// fails when somebody else has written meanwhile.
func (s *store) write(ctx context.Context, state rollout.State) (*corev1.ConfigMap, error) {
	if state.Target == (rollout.Target{}) {
		return s.found, nil
	}
	text, err := state.Encode()
	if err != nil {
		return nil, err
	}
	if s.found == nil {
		created := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: s.key.Namespace, Name: s.key.Name,
				Labels: map[string]string{"app.kubernetes.io/part-of": "frontdesk", "app.kubernetes.io/component": "operator"},
			},
			Data: map[string]string{StateKey: text},
		}
		if err := s.client.Create(ctx, created); err != nil {
			return nil, fmt.Errorf("store the rollout's state: %w", err)
		}
		s.found, s.unseen = created, true
		return created, nil
	}
	if s.found.Data[StateKey] == text {
		return s.found, nil
	}
	updated := s.found.DeepCopy()
	updated.Data = map[string]string{StateKey: text}
	if err := s.client.Update(ctx, updated); err != nil {
		s.unseen = false // what the cache shows next is the truth
		return nil, fmt.Errorf("store the rollout's state: %w", err)
	}
	s.found, s.unseen = updated, true
	return updated, nil
}

// older says that a was written before b.
func older(a, b *corev1.ConfigMap) bool {
	order, err := resourceversion.CompareResourceVersion(a.ResourceVersion, b.ResourceVersion)
	return err == nil && order < 0
}
