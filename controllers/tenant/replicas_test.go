package tenant

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestReplicasAreHandedOverOnceAndAsTheyAre(t *testing.T) {
	t.Parallel()
	handed := map[string]string{replicasByAnnotation: replicasByAutoscaler}
	for _, test := range []struct {
		name        string
		live        int32
		annotations map[string]string
		state       v1alpha1.RunState
		fixed       bool
		foreign     bool
		want        int32
		due         bool
	}{
		{name: "a fixed number", live: 5, fixed: true},
		{name: "from a fixed number", live: 5, want: 5, due: true},
		{name: "from below the least", live: 1, want: 3, due: true},
		{name: "from above the most", live: 50, want: 9, due: true},
		{name: "the autoscaler's already", live: 7, annotations: handed},
		{name: "to suspend", live: 7, annotations: handed, state: v1alpha1.RunStateSuspended},
		{name: "from nothing", annotations: map[string]string{resumeAnnotation: "7"}},
		{name: "of somebody else's Deployment", live: 5, foreign: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := servingScope()
			s.tenant.Spec.Database.Engine = v1alpha1.DatabaseEnginePostgres
			s.tenant.Spec.RunState = test.state
			s.update = &podUpdate{}
			s.deployment = &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: ptr.To(test.live)}}
			s.deployment.Annotations = test.annotations
			if !test.foreign {
				s.deployment.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.tenant, v1alpha1.GroupVersion.WithKind("Tenant"))}
			}
			if !test.fixed {
				s.tenant.Spec.Server = &v1alpha1.Server{Autoscaling: &v1alpha1.Autoscaling{MinReplicas: 3, MaxReplicas: 9}}
			}
			if got, due := s.replicasToHandOver(); got != test.want || due != test.due {
				t.Errorf("hands over %d, %v; want %d, %v", got, due, test.want, test.due)
			}
		})
	}
}

func TestWhatStartsFromNothingStartsWithOneApply(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		annotations map[string]string
		want        int32
	}{
		"after suspension":             {map[string]string{resumeAnnotation: "7"}, 7},
		"after suspension, less now":   {map[string]string{resumeAnnotation: "70"}, 9},
		"after suspension, unknown":    {nil, 3},
		"after suspension, unreadable": {map[string]string{resumeAnnotation: "many"}, 3},
		"scaled to zero by hand":       {map[string]string{replicasByAnnotation: replicasByAutoscaler}, 3},
	} {
		s := servingScope()
		s.tenant.Spec.Database.Engine = v1alpha1.DatabaseEnginePostgres
		s.tenant.Spec.Server = &v1alpha1.Server{Autoscaling: &v1alpha1.Autoscaling{MinReplicas: 3, MaxReplicas: 9}}
		s.deployment = &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: ptr.To(int32(0))}}
		s.deployment.Annotations = test.annotations
		d := appsv1ac.Deployment("shop", "corner").WithSpec(appsv1ac.DeploymentSpec())
		s.setReplicas(d)
		if got := ptr.Deref(d.Spec.Replicas, -1); got != test.want || len(d.Annotations) > 0 {
			t.Errorf("%s: %d pods, annotations %v; want %d pods", name, got, d.Annotations, test.want)
		}
	}
}
