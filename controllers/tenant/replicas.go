package tenant

import (
	"context"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

// The number of pods has one owner at a time. With spec.server.autoscaling it is the
// HorizontalPodAutoscaler's, and the Deployment is rendered without one; else it is ours. Server-side apply
// would reset a number that its only owner stops applying to 1, so that on the way to the autoscaler the
// number is first applied, as it is, under a name of its own: handOverReplicas. On the way back the number of
// the spec is simply applied again.

const (
	// replicasByAnnotation on a Deployment says that the number has been handed over.
	replicasByAnnotation = "frontdesk.dev/replicas-by"
	replicasByAutoscaler = "HorizontalPodAutoscaler"
	// resumeAnnotation on the Deployment of a suspended tenant is the number to go back to.
	resumeAnnotation = "frontdesk.dev/replicas-on-resume"
	// interimOwner owns the number from when we let go of it until the autoscaler changes it.
	interimOwner = apply.FieldOwner + "-replicas"
)

// autoscaling returns the bounds that the spec sets, or nil.
func autoscaling(t *v1alpha1.Tenant) *v1alpha1.Autoscaling {
	if t.Spec.Server == nil || t.Spec.Database.Engine.IsSingleWriter() {
		return nil
	}
	return t.Spec.Server.Autoscaling
}

// autoscaled says that an autoscaler is to decide now. It cannot bring back what is at zero.
func (s *scope) autoscaled() bool {
	return autoscaling(s.podTenant()) != nil && s.podTenant().Spec.RunState != v1alpha1.RunStateSuspended
}

// setReplicas renders the number of pods, or that it is not ours. What starts from nothing starts with the
// number and the template of one apply, and is handed over when it runs: pods of a former template, perhaps of a
// former database, must not come back for a moment.
func (s *scope) setReplicas(d *appsv1ac.DeploymentApplyConfiguration) {
	bounds := autoscaling(s.podTenant())
	switch {
	case bounds == nil:
		d.Spec.WithReplicas(wantedReplicas(s.podTenant()))
	case !s.autoscaled():
		if before := s.lastReplicas(); before > 0 {
			d.WithAnnotations(map[string]string{resumeAnnotation: strconv.Itoa(int(before))})
		}
		d.Spec.WithReplicas(0)
	case s.liveReplicas() > 0:
		d.WithAnnotations(map[string]string{replicasByAnnotation: replicasByAutoscaler})
	default:
		d.Spec.WithReplicas(within(bounds, s.lastReplicas()))
	}
}

func within(bounds *v1alpha1.Autoscaling, number int32) int32 {
	return min(max(number, bounds.MinReplicas), bounds.MaxReplicas)
}

// liveReplicas is the number that the Deployment has now; 0 when there is none.
func (s *scope) liveReplicas() int32 {
	if s.deployment == nil {
		return 0
	}
	return ptr.Deref(s.deployment.Spec.Replicas, 1)
}

// lastReplicas is the number of pods, or that before the tenant was suspended, as long as it is known; else 0.
func (s *scope) lastReplicas() int32 {
	if live := s.liveReplicas(); live > 0 || s.deployment == nil {
		return live
	}
	before, err := strconv.ParseInt(s.deployment.Annotations[resumeAnnotation], 10, 32)
	if err != nil {
		return 0
	}
	return int32(before)
}

// replicasToHandOver is the number with which the autoscaler begins, when it is to begin.
func (s *scope) replicasToHandOver() (int32, bool) {
	if !s.autoscaled() || s.liveReplicas() == 0 || !metav1.IsControlledBy(s.deployment, s.tenant) || s.update == nil || s.databaseBlocked() ||
		s.deployment.Annotations[replicasByAnnotation] == replicasByAutoscaler {
		return 0, false
	}
	return within(autoscaling(s.podTenant()), s.liveReplicas()), true
}

// handOverReplicas applies the number under the name of an interim owner. The apply of the Deployment, which
// comes next, lets go of it.
func (r *Reconciler) handOverReplicas(ctx context.Context, s *scope) error {
	number, due := s.replicasToHandOver()
	if !due {
		return nil
	}
	d := appsv1ac.Deployment(s.deployment.Name, s.deployment.Namespace).
		WithUID(s.deployment.UID).
		WithSpec(appsv1ac.DeploymentSpec().WithReplicas(number))
	if err := r.Client.Apply(ctx, d, client.FieldOwner(interimOwner), client.ForceOwnership); err != nil {
		return fmt.Errorf("hand %d replicas over to the autoscaler: %w", number, err)
	}
	return nil
}

// wantedReplicas is how many pods the spec asks for; with an autoscaler, the least.
func wantedReplicas(t *v1alpha1.Tenant) int32 {
	server := ptr.Deref(t.Spec.Server, v1alpha1.Server{})
	switch {
	case t.Spec.RunState == v1alpha1.RunStateSuspended:
		return 0
	case t.Spec.Database.Engine.IsSingleWriter():
		return 1
	case server.Autoscaling != nil:
		return server.Autoscaling.MinReplicas
	default:
		return ptr.Deref(server.Replicas, defaultReplicas)
	}
}

// mostReplicas is how many pods the spec allows at once.
func mostReplicas(t *v1alpha1.Tenant) int32 {
	if bounds := autoscaling(t); bounds != nil && t.Spec.RunState != v1alpha1.RunStateSuspended {
		return bounds.MaxReplicas
	}
	return wantedReplicas(t)
}
