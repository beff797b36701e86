package command

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/changes"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// effect is what the operator would do for one tenant.
type effect struct {
	changes []changes.Change
	// faults are why it would do nothing.
	faults []string
	// gaps are what could not be found out.
	gaps []string
}

// effect renders a tenant as the operator would, and asks the API server what applying that would change.
func (p *plan) effect(ctx context.Context, t *v1alpha1.Tenant) (*effect, error) {
	e := &effect{}
	input, err := p.input(ctx, e, t)
	if err != nil {
		return nil, err
	}
	preview, err := tenant.NewPreview(*input)
	if err != nil {
		return nil, err
	}
	for _, kind := range []v1alpha1.ConditionType{v1alpha1.ConditionConfigurationValid, v1alpha1.ConditionSecretsReady} {
		if c := meta.FindStatusCondition(preview.Conditions, string(kind)); c != nil && c.Status == "False" {
			e.faults = append(e.faults, c.Message)
		}
	}
	if len(e.faults) > 0 {
		return e, nil
	}
	for _, object := range preview.Objects {
		if err := p.compare(ctx, e, object); err != nil {
			return nil, err
		}
	}
	for _, item := range preview.Unwanted {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(schema.GroupVersionKind{Group: item.Group, Version: item.Version, Kind: item.Kind})
		object.SetNamespace(t.Namespace)
		object.SetName(item.Name)
		live, err := p.live(ctx, object)
		if err != nil {
			return nil, err
		}
		if live != nil {
			e.changes = append(e.changes, changes.Change{Before: live})
		}
	}
	return e, nil
}

// compare asks the API server what applying an object would change.
func (p *plan) compare(ctx context.Context, e *effect, object *unstructured.Unstructured) error {
	live, err := p.live(ctx, object)
	if err == nil {
		after := object.DeepCopy()
		err = p.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(after), client.DryRunAll, client.ForceOwnership, client.FieldOwner(tenant.FieldOwner))
		if err == nil {
			e.changes = append(e.changes, changes.Change{Before: live, After: after})
			return nil
		}
	}
	if apierrors.IsForbidden(err) || meta.IsNoMatchError(err) {
		e.gaps = append(e.gaps, fmt.Sprintf("%s %s was not compared: %v", object.GetKind(), object.GetName(), err))
		return nil
	}
	return fmt.Errorf("ask about %s %s: %w", object.GetKind(), object.GetName(), err)
}

// input reads what the operator would read, with the manifests' objects in the place of the live ones.
func (p *plan) input(ctx context.Context, e *effect, t *v1alpha1.Tenant) (*tenant.PreviewInput, error) {
	in := &tenant.PreviewInput{Tenant: t, Now: time.Now(), Policies: map[string]*v1alpha1.BookingPolicy{}, Secrets: map[string]*corev1.Secret{}}
	for _, name := range t.BookingPolicyNames() {
		key := types.NamespacedName{Namespace: t.Namespace, Name: name}
		policy := p.wantedPolicies[key]
		if policy == nil {
			var err error
			if policy, err = read[v1alpha1.BookingPolicy](ctx, p, e, key); err != nil {
				return nil, err
			}
		}
		if policy != nil {
			in.Policies[name] = policy
		}
	}
	at := func(name string) types.NamespacedName {
		return types.NamespacedName{Namespace: t.Namespace, Name: name}
	}
	for _, name := range tenant.SecretNames(t) {
		secret, err := read[corev1.Secret](ctx, p, e, at(name))
		if err != nil {
			return nil, err
		}
		if secret != nil {
			in.Secrets[name] = secret
		}
	}
	var err error
	if in.Config, err = read[corev1.Secret](ctx, p, e, at(tenant.ConfigSecretName(t))); err != nil {
		return nil, err
	}
	keyName, _ := tenant.APIKeySecret(t)
	if in.APIKey, err = read[corev1.Secret](ctx, p, e, at(keyName)); err != nil {
		return nil, err
	}
	if in.Deployment, err = read[appsv1.Deployment](ctx, p, e, at(t.OwnedName())); err != nil {
		return nil, err
	}
	if in.Claim, err = read[corev1.PersistentVolumeClaim](ctx, p, e, at(tenant.ClaimName(t))); err != nil {
		return nil, err
	}
	if t.Spec.Database.MigrateFrom != "" {
		e.gaps = append(e.gaps, "its data is to move to another engine: what is shown is the end of that, not the steps")
	}
	var pods corev1.PodList
	if err := p.client.List(ctx, &pods, client.InNamespace(t.Namespace), client.MatchingLabels(tenant.SelectorLabels(t))); err != nil {
		return nil, err
	}
	in.Pods = pods.Items
	if in.Absent, err = absentKinds(p.client.RESTMapper()); err != nil {
		return nil, err
	}
	in.Platform, err = p.platform(ctx, e, in.Deployment)
	return in, err
}

// object is a pointer to an API type.
type object[T any] interface {
	*T
	client.Object
}

// read returns nil for what there is not, and for what may not be read, which is a gap.
func read[T any, P object[T]](ctx context.Context, p *plan, e *effect, key types.NamespacedName) (P, error) {
	var found P = new(T)
	err := p.client.Get(ctx, key, found)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case apierrors.IsForbidden(err):
		e.gaps = append(e.gaps, fmt.Sprintf("%v: a stand-in was used", err))
		return nil, nil
	case err != nil:
		return nil, err
	}
	return found, nil
}

// platform is what the operator was told, or else what the tenant runs now.
func (p *plan) platform(ctx context.Context, e *effect, running *appsv1.Deployment) (tenant.Platform, error) {
	deployments, err := p.operatorDeployments(ctx)
	switch {
	case err != nil && !apierrors.IsForbidden(err):
		return tenant.Platform{}, err
	case len(deployments) > 0:
		return platformOf(&deployments[0])
	case running != nil:
		platform := ownPlatform()
		container := running.Spec.Template.Spec.Containers[0]
		platform.ServerImage, platform.ImagePullPolicy = container.Image, container.ImagePullPolicy
		e.gaps = append(e.gaps, "no operator was found: whether it makes NetworkPolicies is not known")
		return platform, nil
	default:
		e.gaps = append(e.gaps, "no operator was found: its images are not known")
		return ownPlatform(), nil
	}
}

// ownPlatform is that of an operator of the plugin's own release.
func ownPlatform() tenant.Platform {
	return tenant.Platform{ServerImage: "frontdesk:" + version.Version, ServerVersion: version.Version, ImagePullPolicy: corev1.PullIfNotPresent}
}

// platformOf is what an operator was told on its command line. Who is told no release of the servers runs those of its
// own, which the labels name.
func platformOf(operator *appsv1.Deployment) (tenant.Platform, error) {
	platform := ownPlatform()
	platform.OperatorNamespace, platform.TrustedProxies = operator.Namespace, arguments(operator, "--trusted-proxies")
	platform.ServerImage = cmp.Or(argument(operator, "--server-image"), platform.ServerImage)
	platform.ServerVersion = cmp.Or(argument(operator, "--server-version"), operator.Labels["app.kubernetes.io/version"], platform.ServerVersion)
	platform.OtherImages = pairs(operator, "--other-server-image")
	platform.ImagePullPolicy = cmp.Or(corev1.PullPolicy(argument(operator, "--server-image-pull-policy")), platform.ImagePullPolicy)
	platform.MonitoringLabels = pairs(operator, "--monitoring-label")
	platform.AlertEmails = switchedOn(operator, "--alert-emails")
	var err error
	platform.Isolation, err = tenant.ParseIsolation(argument(operator, "--isolation"))
	return platform, err
}

// pairs are the values of an argument that takes KEY=VALUE.
func pairs(operator *appsv1.Deployment, name string) map[string]string {
	all := map[string]string{}
	for _, pair := range arguments(operator, name) {
		key, value, _ := strings.Cut(pair, "=")
		all[key] = value
	}
	return all
}

// absentKinds are the optional kinds that the cluster does not serve.
func absentKinds(mapper meta.RESTMapper) (map[schema.GroupKind]bool, error) {
	absent := map[schema.GroupKind]bool{}
	for _, kind := range tenant.OptionalKinds {
		_, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
		switch {
		case meta.IsNoMatchError(err):
			absent[kind.GroupKind()] = true
		case err != nil:
			return nil, fmt.Errorf("look up %s: %w", kind.Definition(), err)
		}
	}
	return absent, nil
}
