package tenant

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestNumberIsOursUntilItIsScaled(t *testing.T) {
	t.Parallel()
	const handed, start, resume = replicasByAnnotation, startAnnotation, resumeAnnotation
	scaled := map[string]string{handed: replicasByAutoscaler}
	for _, test := range []struct {
		name        string
		live        int32
		annotations map[string]string
		state       v1alpha1.RunState
		fixed       bool
		want        int32 // -1 when it is not ours
		marked      map[string]string
		yields      bool
	}{
		{name: "a fixed number", live: 5, fixed: true, want: 2},
		{name: "from a fixed number", live: 5, want: 5, marked: map[string]string{start: "5"}},
		{name: "from below the least", live: 1, want: 3, marked: map[string]string{start: "3"}},
		{name: "from above the most", live: 50, want: 9, marked: map[string]string{start: "9"}},
		{name: "not scaled yet", live: 5, annotations: map[string]string{start: "5"}, want: 5, marked: map[string]string{start: "5"}, yields: true},
		{name: "not scaled yet, and other bounds", live: 2, annotations: map[string]string{start: "2"}, want: 3, marked: map[string]string{start: "3"}, yields: true},
		{name: "scaled", live: 7, annotations: map[string]string{start: "5"}, want: -1, marked: scaled},
		{name: "the autoscaler's already", live: 7, annotations: scaled, want: -1, marked: scaled},
		{name: "to suspend", live: 7, annotations: scaled, state: v1alpha1.RunStateSuspended, want: 0, marked: map[string]string{resume: "7"}},
		{name: "after suspension", annotations: map[string]string{resume: "7"}, want: 7, marked: map[string]string{start: "7"}},
		{name: "after suspension, less now", annotations: map[string]string{resume: "70"}, want: 9, marked: map[string]string{start: "9"}},
		{name: "after suspension, unreadable", annotations: map[string]string{resume: "many"}, want: 3, marked: map[string]string{start: "3"}},
		{name: "scaled to zero by hand", annotations: map[string]string{start: "5"}, want: 3, marked: map[string]string{start: "3"}},
		{name: "the autoscaler's, and scaled to zero by hand", annotations: scaled, want: 3, marked: map[string]string{start: "3"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := servingScope()
			s.tenant.Spec.RunState = test.state
			s.deployment = &appsv1.Deployment{Spec: appsv1.DeploymentSpec{Replicas: ptr.To(test.live)}}
			s.deployment.Annotations = test.annotations
			if !test.fixed {
				s.tenant.Spec.Server = &v1alpha1.Server{Autoscaling: &v1alpha1.Autoscaling{MinReplicas: 3, MaxReplicas: 9}}
			}
			d := appsv1ac.Deployment("shop", "corner").WithSpec(appsv1ac.DeploymentSpec())
			s.setReplicas(d)
			if got := ptr.Deref(d.Spec.Replicas, -1); got != test.want {
				t.Errorf("%d pods, want %d", got, test.want)
			}
			if diff := cmp.Diff(test.marked, d.Annotations, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("annotations (-want +got):\n%s", diff)
			}
			if got := len(s.yields(appsv1.SchemeGroupVersion.WithKind("Deployment"))) > 0; got != test.yields {
				t.Errorf("the number yields: %v, want %v", got, test.yields)
			}
		})
	}
}
