package tenant

import (
	"strconv"

	"k8s.io/apimachinery/pkg/runtime/schema"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

// The number of pods has one owner at a time. With spec.server.autoscaling it is the HorizontalPodAutoscaler's, else it
// is ours. Server-side apply would reset a number that its only owner stops applying to 1, so that the number with which
// an autoscaler begins stays ours until it sets another one: setting it takes it from us, and from then on the Deployment
// is rendered without one. An apply that was rendered before that is known yields: see apply.Intent. On the way back the
// number of the spec is simply applied again.

const (
	// replicasByAnnotation on a Deployment says that the number is the autoscaler's.
	replicasByAnnotation = "frontdesk.dev/replicas-by"
	replicasByAutoscaler = "HorizontalPodAutoscaler"
	// startAnnotation is the number with which the autoscaler was given the Deployment. A Deployment that has another
	// number was scaled since.
	startAnnotation = "frontdesk.dev/replicas-at-start"
	// resumeAnnotation on the Deployment of a suspended tenant is the number to go back to.
	resumeAnnotation = "frontdesk.dev/replicas-on-resume"
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
// number and the template of one apply: pods of a former template, perhaps of a former database, must not come back
// for a moment.
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
	case s.scaled():
		d.WithAnnotations(map[string]string{replicasByAnnotation: replicasByAutoscaler})
	default:
		number := within(bounds, s.lastReplicas())
		d.WithAnnotations(map[string]string{startAnnotation: strconv.Itoa(int(number))})
		d.Spec.WithReplicas(number)
	}
}

// scaled says that the autoscaler has set the number. It cannot have when there are no pods.
func (s *scope) scaled() bool {
	if s.liveReplicas() == 0 {
		return false
	}
	start, found := s.deployment.Annotations[startAnnotation]
	return s.deployment.Annotations[replicasByAnnotation] == replicasByAutoscaler ||
		(found && start != strconv.Itoa(int(s.liveReplicas())))
}

// yields are the fields of an object that are ours only until somebody else sets them.
func (s *scope) yields(kind schema.GroupVersionKind) []apply.Path {
	if kind.Kind != "Deployment" || !s.autoscaled() || s.scaled() || s.liveReplicas() == 0 || s.deployment.Annotations[startAnnotation] == "" {
		return nil
	}
	return []apply.Path{{"spec", "replicas"}}
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
