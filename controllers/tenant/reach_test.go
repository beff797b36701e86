package tenant

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// greedy asks for everything that a Tenant has room for about its pods.
func greedy(t *testing.T) *scope {
	t.Helper()
	s := readScope(t, filepath.Join("testdata", "postgres", "input.yaml"))
	s.tenant.Spec.Server = &v1alpha1.Server{Pod: &v1alpha1.PodSettings{
		Labels:            map[string]v1alpha1.MetadataValue{ManagedByLabel: "somebody", TenantLabel: "another", "app": "payments"},
		Annotations:       map[string]v1alpha1.AnnotationValue{"kubectl.kubernetes.io/default-container": "miner"},
		NodeSelector:      map[string]v1alpha1.MetadataValue{"node-role.kubernetes.io/control-plane": ""},
		Tolerations:       []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		PriorityClassName: "system-node-critical",
		ImagePullSecrets:  []v1alpha1.SecretReference{{Name: "registry"}},
		Affinity:          &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}},
	}}
	return s
}

// podOf is the pod template of the Deployment that is rendered.
func podOf(t *testing.T, s *scope) corev1.PodTemplateSpec {
	t.Helper()
	s.compose()
	intents, err := s.render()
	if err != nil {
		t.Fatal(err)
	}
	for _, intent := range intents {
		if intent.Kind != "Deployment" {
			continue
		}
		var deployment appsv1.Deployment
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(intent.Object().Object, &deployment); err != nil {
			t.Fatal(err)
		}
		return deployment.Spec.Template
	}
	t.Fatal("no Deployment is rendered")
	return corev1.PodTemplateSpec{}
}

// Whatever a Tenant says, its pods have no way to the node, to the API server or to another's Secrets.
func TestPodsReachNoFurtherThanTheirTenant(t *testing.T) {
	t.Parallel()
	s := greedy(t)
	spec := podOf(t, s).Spec
	if spec.HostNetwork || spec.HostPID || spec.HostIPC || spec.NodeName != "" || spec.RuntimeClassName != nil {
		t.Error("the pod shares something with its node")
	}
	if spec.ServiceAccountName != s.tenant.OwnedName() || ptr.Deref(spec.AutomountServiceAccountToken, true) {
		t.Errorf("the pod runs as %q with a token", spec.ServiceAccountName)
	}
	if len(spec.Containers) != 1 || len(spec.InitContainers) != 0 {
		t.Fatalf("there are %d containers and %d before them", len(spec.Containers), len(spec.InitContainers))
	}
	container := spec.Containers[0]
	if len(container.Env)+len(container.EnvFrom) > 0 {
		t.Error("something is in the environment, where every child process sees it")
	}
	security := container.SecurityContext
	if ptr.Deref(security.Privileged, false) || ptr.Deref(security.AllowPrivilegeEscalation, true) || !ptr.Deref(security.ReadOnlyRootFilesystem, false) ||
		!ptr.Deref(spec.SecurityContext.RunAsNonRoot, false) || spec.SecurityContext.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("the pod is not at the restricted level")
	}
	if diff := cmp.Diff(&corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}, security.Capabilities); diff != "" {
		t.Errorf("capabilities (-want +got):\n%s", diff)
	}
}

func TestVolumesAreTheTenantsOwn(t *testing.T) {
	t.Parallel()
	s := greedy(t)
	for _, volume := range podOf(t, s).Spec.Volumes {
		source := volume.VolumeSource
		switch {
		case source.EmptyDir != nil:
		case source.Secret != nil && source.Secret.SecretName == configSecretName(s.tenant):
		case source.PersistentVolumeClaim != nil && source.PersistentVolumeClaim.ClaimName == claimName(s.tenant):
		default:
			t.Errorf("volume %s is %+v", volume.Name, source)
		}
	}
}

// The labels by which the operator and Services find pods cannot be taken.
func TestOperatorsLabelsWin(t *testing.T) {
	t.Parallel()
	s := greedy(t)
	pod := podOf(t, s)
	for key, want := range labels(s.tenant) {
		if got := pod.Labels[key]; got != want {
			t.Errorf("label %s is %q, want %q", key, got, want)
		}
	}
}

// The image is one of the platform's: a Tenant says at most which release of those it wants.
func TestImageIsThePlatforms(t *testing.T) {
	t.Parallel()
	s := greedy(t)
	if image := podOf(t, s).Spec.Containers[0].Image; image != s.platform.ServerImage {
		t.Errorf("the pod runs %s", image)
	}
}
