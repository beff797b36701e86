package tenant

import (
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// PreviewInput is what a pass over one Tenant would have read. The Tenant has its defaults, as the API
// server would have set them.
type PreviewInput struct {
	Platform Platform
	Tenant   *v1alpha1.Tenant
	// Policies and Secrets by name; what is not there counts as missing.
	Policies map[string]*v1alpha1.BookingPolicy
	Secrets  map[string]*corev1.Secret
	// Config and APIKey are the Secrets that the operator has made for this Tenant; nil when there are
	// none, or they may not be read. Stand-ins take the place of what would be generated.
	Config, APIKey *corev1.Secret
	// Deployment and Claim are nil when there are none.
	Deployment *appsv1.Deployment
	Claim      *corev1.PersistentVolumeClaim
	// Pods that run; they limit which document version can be rendered.
	Pods []corev1.Pod
	// Absent are the kinds that the cluster does not serve, of OptionalKinds.
	Absent map[schema.GroupKind]bool
	// Now is the time of the preview: a tenant with windows is updated only within them.
	Now time.Time
}

// How the operator applies objects.
const (
	// FieldOwner is its name in server-side apply.
	FieldOwner = apply.FieldOwner
	// IntentAnnotation is put on each object as it is applied; what is rendered does not have it.
	IntentAnnotation = apply.IntentAnnotation
)

// Preview is what the operator would make of a Tenant.
type Preview struct {
	// Objects in the order in which they would be applied. Secrets hold their values.
	Objects []*unstructured.Unstructured
	// Unwanted are the objects of the Tenant's inventory that would be deleted.
	Unwanted []v1alpha1.InventoryItem
	// Conditions are those that follow from the input alone: ConfigurationValid and SecretsReady.
	Conditions []metav1.Condition
	// Faults are why there can be no configuration.
	Faults []PreviewFault
}

// PreviewFault is one thing that keeps a Tenant from becoming configuration.
type PreviewFault struct {
	Reason v1alpha1.ConditionReason
	// Policy names the BookingPolicy at fault; empty when it is the Tenant.
	Policy string
	// Field is a path such as spec.services[0].duration.
	Field   string
	Message string
}

// NewPreview renders a Tenant without reading or writing anything, with the same code as a pass. No part of it are an
// update that waits for its turn in a rollout, the steps of a migration to another engine (only its end), and the
// Secret with the credential of a database on a server of the platform, which comes of what the server says.
func NewPreview(in PreviewInput) (*Preview, error) {
	s := &scope{
		tenant: in.Tenant, platform: in.Platform, policies: in.Policies, secrets: in.Secrets,
		apiKey: previewKey(in.APIKey), derived: previewDerived(in.Config),
		deployment: in.Deployment, claim: in.Claim, pods: in.Pods, absent: in.Absent, now: in.Now,
	}
	if in.Config != nil {
		s.stored = in.Config.Annotations[revisionAnnotation]
	}
	s.host = s.wantedHost() // taken to be allowed and free
	s.previewCluster()
	s.compose()
	s.previewDatabase(in.Config)
	intents, err := s.render()
	if err != nil {
		return nil, err
	}
	preview := &Preview{Faults: previewFaults(s.faults)}
	for _, intent := range intents {
		preview.Objects = append(preview.Objects, withSerial(intent.Object(), in.Config))
	}
	for i, item := range inventoryOf(&in.Tenant.Status) {
		provisioned := onServer(in.Tenant) && item.Name == databaseSecretName(in.Tenant)
		if !rendered(intents, item) && !s.keep(item.GroupKind()) && !provisioned {
			preview.Unwanted = append(preview.Unwanted, in.Tenant.Status.Inventory[i])
		}
	}
	preview.Conditions = conditions.Set(nil, in.Tenant.Generation, s.configurationValid(), s.secretsReady())
	return preview, nil
}

// CheckPolicy finds what is wrong with a BookingPolicy by itself.
func CheckPolicy(policy *v1alpha1.BookingPolicy) []PreviewFault {
	return previewFaults(document.CheckPolicy(policy))
}

// SecretReference is an entry of a Secret that a Tenant names.
type SecretReference struct {
	// Field of the spec that names it.
	Field string
	// Name of the Secret and Key of the entry in it.
	Name, Key string
}

// SecretReferences lists the entries of Secrets that a Tenant names and its server needs.
func SecretReferences(t *v1alpha1.Tenant) []SecretReference {
	var references []SecretReference
	for _, ref := range secretRefs(t) {
		references = append(references, SecretReference{Field: ref.field, Name: ref.name, Key: ref.key})
	}
	return references
}

// SelectorLabels select a tenant's pods.
func SelectorLabels(t *v1alpha1.Tenant) map[string]string { return selectorLabels(t) }

// ConfigSecretName is the name of the Secret that the tenant's server is configured with.
func ConfigSecretName(t *v1alpha1.Tenant) string { return configSecretName(t) }

// ClaimName is the name of the volume of a tenant whose database is embedded.
func ClaimName(t *v1alpha1.Tenant) string { return claimName(t) }

// ClusterName is the name of the CloudNativePG cluster of a tenant whose database is one.
func ClusterName(t *v1alpha1.Tenant) string { return clusterName(t) }

// APIKeySecret is where the tenant's generated API key is: the name of the Secret, and the entry in it.
func APIKeySecret(t *v1alpha1.Tenant) (name, entry string) { return apiKeySecretName(t), apiKeyEntry }

// StatusToken reads the token of the servers' status endpoint from a config Secret.
func StatusToken(config *corev1.Secret) string {
	return string(config.Data[string(document.StatusTokenKey)])
}

func previewFaults(faults []document.Fault) []PreviewFault {
	var out []PreviewFault
	for _, fault := range faults {
		out = append(out, PreviewFault(fault))
	}
	return out
}

// previewKey is the generated key, or one of the same form with which nobody can do anything.
func previewKey(secret *corev1.Secret) apiKey {
	if secret != nil {
		if key, ok := parseAPIKey(secret.Data); ok {
			return key
		}
	}
	return apiKey{key: "fd_generated_" + strings.Repeat("0", 32), hash: "$2a$10$" + strings.Repeat(".", 53)}
}

// previewCluster takes a CloudNativePG cluster to be there, with a stand-in for the URL that only it can give.
func (s *scope) previewCluster() {
	if !onCluster(s.tenant) {
		return
	}
	s.cluster, s.clusterSecret = &unstructured.Unstructured{}, s.secrets[clusterSecretName(s.tenant)]
	markCluster(s.cluster, s.tenant)
	if s.clusterSecret == nil {
		s.clusterSecret = &corev1.Secret{Data: map[string][]byte{clusterURLEntry: []byte("generated")}}
		s.clusterSecret.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(s.cluster, clusterKind)}
	} else if owner := metav1.GetControllerOf(s.clusterSecret); owner != nil && owner.Kind == clusterKind.Kind {
		s.cluster.SetUID(owner.UID) // which is not among what is read
	}
}

// previewDatabase takes what leads to a database on a server of the platform from the Secret that is there: only
// the operator knows the server, and only the server the password.
func (s *scope) previewDatabase(config *corev1.Secret) {
	if s.bundle == nil || !onServer(s.tenant) {
		return
	}
	s.bundle[string(document.DatabaseURLKey)] = []byte("generated")
	if config == nil {
		return
	}
	for _, key := range []string{string(document.DatabaseURLKey), databaseCAFile} {
		if value, found := config.Data[key]; found {
			s.bundle[key] = value
		}
	}
}

// withSerial keeps the number of that database's credential on the config Secret.
func withSerial(object *unstructured.Unstructured, config *corev1.Secret) *unstructured.Unstructured {
	if config == nil || object.GroupVersionKind() != secretKind || object.GetName() != config.Name {
		return object
	}
	if serial := config.Annotations[databaseSerialAnnotation]; serial != "" {
		annotations := object.GetAnnotations()
		annotations[databaseSerialAnnotation] = serial
		object.SetAnnotations(annotations)
	}
	return object
}

func previewDerived(config *corev1.Secret) derivedKeys {
	if config == nil {
		return derivedKeys{session: "generated", statusToken: "generated"}
	}
	return derivedKeys{session: string(config.Data[string(document.SessionKey)]), statusToken: StatusToken(config)}
}
