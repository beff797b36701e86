package tenant

import (
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	containerName    = "server"
	publicPortName   = "http"
	internalPortName = "internal"
	configFolder     = "/etc/frontdesk"
	temporaryFolder  = "/tmp"
	// serverUser is the user and group of the image.
	serverUser = 65532
	// terminationGrace, in seconds, is longer than the server drains. There is no preStop hook: on SIGTERM the server
	// itself reports that it is not ready and keeps serving until proxies have noticed, before it refuses anything.
	terminationGrace = 45
	// startupAttempts times startupPeriod seconds is how long migrations may take.
	startupPeriod   = 2
	startupAttempts = 150
)

// defaultResources let a small business run on a small node. There is no CPU limit: throttling would
// hurt the latency of calls, and the request keeps the peace among neighbours.
func defaultResources() *corev1ac.ResourceRequirementsApplyConfiguration {
	return corev1ac.ResourceRequirements().
		WithRequests(corev1.ResourceList{
			corev1.ResourceCPU:              resource.MustParse("50m"),
			corev1.ResourceMemory:           resource.MustParse("96Mi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("32Mi"),
		}).
		WithLimits(corev1.ResourceList{
			corev1.ResourceMemory:           resource.MustParse("512Mi"),
			corev1.ResourceEphemeralStorage: resource.MustParse("512Mi"),
		})
}

// podTemplate holds nothing that changes with the configuration: see the package comment. It is rendered
// for the tenant and for one that asks for nothing: see template.go.
func podTemplate(s *scope, image string) *corev1ac.PodTemplateSpecApplyConfiguration {
	pod := podSettings(s.tenant)
	podLabels := map[string]string{}
	for key, value := range pod.Labels {
		podLabels[key] = string(value)
	}
	maps.Copy(podLabels, labels(s.tenant))
	annotations := map[string]string{"kubectl.kubernetes.io/default-container": containerName}
	for key, value := range pod.Annotations {
		annotations[key] = string(value)
	}
	spec := corev1ac.PodSpec().
		WithServiceAccountName(s.tenant.OwnedName()).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(terminationGrace).
		WithSecurityContext(corev1ac.PodSecurityContext().
			WithRunAsNonRoot(true).
			WithRunAsUser(serverUser).WithRunAsGroup(serverUser).WithFSGroup(serverUser).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(corev1ac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithContainers(container(s, image)).
		WithVolumes(volumes(s.tenant)...)
	schedule(spec, s.tenant, pod)
	return corev1ac.PodTemplateSpec().WithLabels(podLabels).WithAnnotations(annotations).WithSpec(spec)
}

func container(s *scope, image string) *corev1ac.ContainerApplyConfiguration {
	resources := defaultResources()
	if server := s.tenant.Spec.Server; server != nil && server.Resources != nil {
		resources = corev1ac.ResourceRequirements().WithRequests(server.Resources.Requests).WithLimits(server.Resources.Limits)
	}
	return corev1ac.Container().
		WithName(containerName).
		WithImage(image).
		WithImagePullPolicy(s.platform.ImagePullPolicy).
		WithCommand("/server").
		WithArgs(arguments(s.platform)...).
		WithPorts(
			corev1ac.ContainerPort().WithName(publicPortName).WithContainerPort(tenantconfig.PublicPort).WithProtocol(corev1.ProtocolTCP),
			corev1ac.ContainerPort().WithName(internalPortName).WithContainerPort(tenantconfig.InternalPort).WithProtocol(corev1.ProtocolTCP)).
		WithResources(resources).
		WithStartupProbe(httpProbe("/startupz").WithPeriodSeconds(startupPeriod).WithTimeoutSeconds(2).WithFailureThreshold(startupAttempts)).
		WithReadinessProbe(httpProbe("/readyz").WithPeriodSeconds(5).WithTimeoutSeconds(2).WithFailureThreshold(2)).
		WithLivenessProbe(httpProbe("/livez").WithPeriodSeconds(10).WithTimeoutSeconds(5).WithFailureThreshold(3)).
		WithSecurityContext(corev1ac.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(corev1ac.Capabilities().WithDrop("ALL"))).
		WithTerminationMessagePolicy(corev1.TerminationMessageFallbackToLogsOnError).
		WithVolumeMounts(mounts()...)
}

// arguments are the same for every tenant, exposed or not: to expose one restarts nothing.
func arguments(p Platform) []string {
	args := []string{"--config", configFolder, "--data", document.DataFolder}
	if len(p.TrustedProxies) > 0 {
		args = append(args, "--trusted-proxies="+strings.Join(p.TrustedProxies, ","))
	}
	return args
}

func httpProbe(path string) *corev1ac.ProbeApplyConfiguration {
	return corev1ac.Probe().WithHTTPGet(corev1ac.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(internalPortName)))
}

// volumes: the whole config Secret as one volume, because a subPath would never be refreshed.
func volumes(t *v1alpha1.Tenant) []*corev1ac.VolumeApplyConfiguration {
	data := corev1ac.Volume().WithName("data")
	if t.Spec.Database.Engine.IsSingleWriter() {
		data.WithPersistentVolumeClaim(corev1ac.PersistentVolumeClaimVolumeSource().WithClaimName(claimName(t)))
	} else {
		data.WithEmptyDir(corev1ac.EmptyDirVolumeSource())
	}
	return []*corev1ac.VolumeApplyConfiguration{
		corev1ac.Volume().WithName("config").
			WithSecret(corev1ac.SecretVolumeSource().WithSecretName(configSecretName(t)).WithDefaultMode(0o440)),
		data,
		corev1ac.Volume().WithName("tmp").WithEmptyDir(corev1ac.EmptyDirVolumeSource()),
	}
}

func mounts() []*corev1ac.VolumeMountApplyConfiguration {
	return []*corev1ac.VolumeMountApplyConfiguration{
		corev1ac.VolumeMount().WithName("config").WithMountPath(configFolder).WithReadOnly(true),
		corev1ac.VolumeMount().WithName("data").WithMountPath(document.DataFolder),
		corev1ac.VolumeMount().WithName("tmp").WithMountPath(temporaryFolder),
	}
}

func podSettings(t *v1alpha1.Tenant) v1alpha1.PodSettings {
	if t.Spec.Server == nil || t.Spec.Server.Pod == nil {
		return v1alpha1.PodSettings{}
	}
	return *t.Spec.Server.Pod
}

// schedule copies where the pods may run.
func schedule(spec *corev1ac.PodSpecApplyConfiguration, t *v1alpha1.Tenant, pod v1alpha1.PodSettings) {
	for key, value := range pod.NodeSelector {
		spec.WithNodeSelector(map[string]string{key: string(value)})
	}
	for _, toleration := range pod.Tolerations {
		spec.WithTolerations(converted[corev1ac.TolerationApplyConfiguration](toleration))
	}
	if pod.Affinity != nil {
		spec.WithAffinity(converted[corev1ac.AffinityApplyConfiguration](pod.Affinity))
	}
	for _, constraint := range pod.TopologySpreadConstraints {
		spec.WithTopologySpreadConstraints(converted[corev1ac.TopologySpreadConstraintApplyConfiguration](constraint))
	}
	if len(pod.TopologySpreadConstraints) == 0 && !t.Spec.Database.Engine.IsSingleWriter() {
		spec.WithTopologySpreadConstraints(corev1ac.TopologySpreadConstraint().
			WithMaxSkew(1).WithTopologyKey(corev1.LabelHostname).WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(selectorLabels(t))))
	}
	if pod.PriorityClassName != "" {
		spec.WithPriorityClassName(string(pod.PriorityClassName))
	}
	for _, ref := range pod.ImagePullSecrets {
		spec.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(string(ref.Name)))
	}
}
