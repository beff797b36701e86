package tenant

import (
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

var (
	secretKind = corev1.SchemeGroupVersion.WithKind("Secret")
	jobKind    = batchv1.SchemeGroupVersion.WithKind("Job")
	claimKind  = corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim")
)

// factories render the objects of a tenant, in the order in which they are applied: what a pod needs
// comes before the pods, and without it there are none. Each is pure. nil means that the object is not
// wanted, or that what is there must stay as it is: see keep.
var factories = []factory{
	{serviceAccount, true},
	{apiKeySecret, true},
	{databaseSecret, true},
	{databaseCluster, false},
	{configSecret, true},
	{claim, true},
	{service, false},
	{networkPolicy, false},
	{migrationJob, false},
	{deployment, false},
	{podDisruptionBudget, false},
	{autoscaler, false},
	{httpRoute, false},
	{ingress, false},
	{podMonitor, false},
	{prometheusRule, false},
	{alertmanagerConfig, false},
}

type factory struct {
	render    func(*scope) any
	essential bool
}

// render makes the intents of a pass. Before there is a configuration that can run there are none:
// nothing is half-made. Only the cluster comes first, when it is all that the configuration lacks.
func (s *scope) render() ([]apply.Intent, error) {
	wanted := factories
	switch {
	case s.stored == "" && s.databaseBlocked():
		return nil, nil
	case s.current() == "" && (len(s.faults) > 0 || len(s.missing) > 0):
		return nil, nil
	case s.current() == "":
		wanted = []factory{{databaseCluster, false}}
	}
	if err := s.planUpdate(); err != nil {
		return nil, err
	}
	var intents []apply.Intent
	for _, factory := range wanted {
		configuration := factory.render(s)
		if configuration == nil {
			continue
		}
		intent, err := apply.NewIntent(configuration)
		if err != nil {
			return nil, err
		}
		intent.Essential = factory.essential
		if intent.Yields = s.yields(intent.GroupVersionKind); intent.Yields != nil {
			intent.RenderedFrom = s.deployment.ResourceVersion
		}
		intent.Fresh = s.apiKeyAbsent && intent.Name == apiKeySecretName(s.tenant)
		if isData(intent.GroupKind()) {
			intent.Adopt = func(found client.Object) bool { return mayUse(s.tenant, found) }
		}
		intents = append(intents, intent)
	}
	return intents, nil
}

// keep says that an object which was not rendered in this pass must not be pruned: data never is, and
// nothing is while the configuration is broken or no pods can be rendered. The Job of a migration stays until nobody
// asks for one any more, and what it says has been acted on.
// An AlertmanagerConfig hangs on none of these: whoever is not to be told any more is not, however the tenant is.
func (s *scope) keep(kind schema.GroupKind) bool {
	if kind == alertmanagerConfigKind.GroupKind() {
		return alertmanagerConfig(s) != nil
	}
	return isData(kind) || s.bundle == nil || s.update == nil || s.databaseBlocked() ||
		(kind == jobKind.GroupKind() && (s.tenant.Spec.Database.MigrateFrom != "" || s.mountsVolume()))
}

// isData says that objects of a kind hold data: they have no owner, and follow deletionPolicy.
func isData(kind schema.GroupKind) bool {
	return kind == claimKind.GroupKind() || kind == clusterKind.GroupKind()
}

func ownedBy(t *v1alpha1.Tenant) *metav1ac.OwnerReferenceApplyConfiguration {
	return metav1ac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).
		WithKind("Tenant").
		WithName(t.Name).
		WithUID(t.UID).
		WithController(true).
		WithBlockOwnerDeletion(true)
}

// converted turns an API type into its apply configuration. Both have the same JSON, so that it
// cannot fail for what came from the API server.
func converted[T any](from any) *T {
	to := new(T)
	data, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		panic(fmt.Sprintf("%T and %T differ: %v", from, to, err))
	}
	return to
}
