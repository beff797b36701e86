package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Access limits callers of the HTTP API.
type Access struct {
	// rateLimit bounds how often one API key may call. Without it the platform's
	// default holds.
	// +optional
	RateLimit *RateLimit `json:"rateLimit,omitempty"`
}

// RateLimit bounds how often something may happen. Without a Redis cache
// each replica counts for itself.
type RateLimit struct {
	// requestsPerMinute that are allowed in the long run, from 1 to 100000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	RequestsPerMinute int32 `json:"requestsPerMinute"`

	// burst is how many requests may come at once before the limit bites, from 1
	// to 100000. Without it: a tenth of requestsPerMinute, and at least 1.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Burst *int32 `json:"burst,omitempty"`
}

// Server shapes the pods of a tenant.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.replicas) && has(self.autoscaling))",message="only one of replicas and autoscaling may be set"
type Server struct {
	// replicas is how many pods serve the tenant, from 1 to 100. Without it: 1
	// with the engines SQLite and JSONFile, which allow no more, and 2 with the
	// others. To stop a tenant use runState: Suspended.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscaling lets the number of pods follow the load, instead of replicas.
	// It needs engine Postgres or CloudNativePG, and a cluster that measures what
	// pods use (metrics.k8s.io, as from metrics-server). Without that the
	// number follows nothing.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// resources are the requests and limits of the server's container. Without
	// them the platform's default holds. Claims of devices cannot be made.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.claims)",message="must not have claims: the server uses no devices"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// pod adjusts where and how the pods are scheduled. Volumes, the service
	// account and security settings cannot be adjusted.
	// +optional
	Pod *PodSettings `json:"pod,omitempty"`
}

// Autoscaling lets the number of pods follow the load.
//
// +kubebuilder:validation:XValidation:rule="self.minReplicas <= self.maxReplicas",fieldPath=".minReplicas",message="must not be greater than maxReplicas"
type Autoscaling struct {
	// minReplicas is the least number of pods, from 1 to 100. Default: 2.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the greatest number of pods, from 1 to 100.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxReplicas int32 `json:"maxReplicas"`

	// targetCPUUtilizationPercentage is the average use of the requested CPU
	// that is aimed at, in per cent of the request, from 1 to 100. Default: 70.
	// +optional
	// +kubebuilder:default=70
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	TargetCPUUtilizationPercentage int32 `json:"targetCPUUtilizationPercentage,omitempty"`
}

// PodSettings is the part of a pod that a tenant may shape.
type PodSettings struct {
	// labels to add to the pods. Those of the operator (frontdesk.dev and
	// app.kubernetes.io) cannot be replaced.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('frontdesk.dev/'))",message="must not use the prefixes app.kubernetes.io/ and frontdesk.dev/, by which the operator finds its pods"
	Labels map[string]MetadataValue `json:"labels,omitempty"`

	// annotations to add to the pods. Those that choose a security profile are
	// not possible.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('container.apparmor.security.beta.kubernetes.io/') && !k.startsWith('frontdesk.dev/'))",message="must not use the prefixes container.apparmor.security.beta.kubernetes.io/, because security settings cannot be adjusted, and frontdesk.dev/, which is the operator's"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// nodeSelector restricts the pods to nodes with these labels.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	NodeSelector map[string]MetadataValue `json:"nodeSelector,omitempty"`

	// tolerations let the pods run on tainted nodes.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// affinity says near to what, and far from what, the pods should run.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// topologySpreadConstraints spread the pods over zones or nodes. Without
	// them, and with more than one replica, the pods are spread over nodes as
	// far as possible.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`

	// priorityClassName of the pods.
	// +optional
	PriorityClassName ObjectName `json:"priorityClassName,omitempty"`

	// imagePullSecrets name Secrets, in the same namespace, with which the image
	// is pulled.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	ImagePullSecrets []SecretReference `json:"imagePullSecrets,omitempty"`
}

// MetadataValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
type MetadataValue string

// AnnotationValue is the value of an annotation.
//
// +kubebuilder:validation:MaxLength=1024
type AnnotationValue string

// Exposure makes a tenant reachable from outside.
//
// +kubebuilder:validation:XValidation:rule="has(self.gateway) != has(self.ingress)",message="exactly one of gateway and ingress must be set"
type Exposure struct {
	// host under which the tenant is reached, for example
	// brightsmile.book.example. The platform decides which endings a namespace
	// may use, and no two tenants of a cluster can have the same host: who came
	// first keeps it, and RouteAccepted is False for the other.
	// +required
	Host Host `json:"host"`

	// gateway attaches the tenant to a Gateway of the Gateway API by an
	// HTTPRoute. Preferred over ingress.
	// +optional
	Gateway *GatewayExposure `json:"gateway,omitempty"`

	// ingress exposes the tenant by an Ingress, where there is no Gateway API.
	// +optional
	Ingress *IngressExposure `json:"ingress,omitempty"`
}

// GatewayExposure names a Gateway.
type GatewayExposure struct {
	// name of the Gateway.
	// +required
	Name ObjectName `json:"name"`

	// namespace of the Gateway. Without it: the tenant's own. The Gateway must
	// allow routes from the tenant's namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the listener of the Gateway to attach to, for example
	// https. Without it: every listener that matches the host.
	// +optional
	SectionName ObjectName `json:"sectionName,omitempty"`
}

// IngressExposure shapes an Ingress.
type IngressExposure struct {
	// className is the IngressClass, for example nginx. Without it the cluster's
	// default class is used.
	// +optional
	ClassName ObjectName `json:"className,omitempty"`

	// tlsSecretName names a Secret of type kubernetes.io/tls with the
	// certificate for the host. Without it the tenant is reached by plain http,
	// unless something in front of the Ingress ends TLS.
	// +optional
	TLSSecretName ObjectName `json:"tlsSecretName,omitempty"`
}
