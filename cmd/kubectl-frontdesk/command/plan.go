package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/changes"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
)

// plan is the cluster as it would be after an apply, as far as it was looked at.
type plan struct {
	*session
	serverSide bool
	// wanted are the objects of the manifests as the API server would store them.
	wantedTenants  map[types.NamespacedName]*v1alpha1.Tenant
	wantedPolicies map[types.NamespacedName]*v1alpha1.BookingPolicy
}

func newPlan(connected *session, serverSide bool) *plan {
	return &plan{
		session: connected, serverSide: serverSide,
		wantedTenants:  map[types.NamespacedName]*v1alpha1.Tenant{},
		wantedPolicies: map[types.NamespacedName]*v1alpha1.BookingPolicy{},
	}
}

// take asks the API server what it would make of a document. It returns nil for a kind of others.
func (p *plan) take(ctx context.Context, document manifest.Document) (*changes.Change, error) {
	object := document.Object
	if object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
		return nil, nil
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(p.namespace)
	}
	live, err := p.live(ctx, object)
	if err != nil {
		return nil, err
	}
	after, err := p.dryRun(ctx, live, object)
	if err != nil {
		return nil, err
	}
	key := client.ObjectKeyFromObject(after)
	switch after.GetKind() {
	case "Tenant":
		p.wantedTenants[key], err = typed[v1alpha1.Tenant](after)
	case "BookingPolicy":
		p.wantedPolicies[key], err = typed[v1alpha1.BookingPolicy](after)
	}
	return &changes.Change{Before: live, After: after}, err
}

func typed[T any](object *unstructured.Unstructured) (*T, error) {
	out := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, out); err != nil {
		return nil, fmt.Errorf("read %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return out, nil
}

// live reads an object of the same kind and name; nil when there is none.
func (p *plan) live(ctx context.Context, like *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	found := &unstructured.Unstructured{}
	found.SetGroupVersionKind(like.GroupVersionKind())
	err := p.client.Get(ctx, client.ObjectKeyFromObject(like), found)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return found, err
}

// dryRun does what `kubectl apply` would do, without doing it.
func (p *plan) dryRun(ctx context.Context, live, wanted *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	strict := client.FieldValidation(metav1.FieldValidationStrict)
	after := wanted.DeepCopy()
	switch {
	case p.serverSide:
		return after, p.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(after), client.DryRunAll, client.ForceOwnership, client.FieldOwner("kubectl"))
	case live == nil:
		return after, p.client.Create(ctx, after, client.DryRunAll, strict)
	}
	patch, err := threeWay(live, wanted)
	if err != nil {
		return nil, err
	}
	after = live.DeepCopy()
	return after, p.client.Patch(ctx, after, client.RawPatch(types.MergePatchType, patch), client.DryRunAll, strict)
}

// threeWay is the patch of `kubectl apply` for custom resources: it takes out what was in the manifest
// that was applied last and is no longer.
func threeWay(live, wanted *unstructured.Unstructured) ([]byte, error) {
	current, err := json.Marshal(live)
	if err != nil {
		return nil, err
	}
	modified, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	original := []byte(live.GetAnnotations()[corev1.LastAppliedConfigAnnotation])
	return jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
}

// tenants are those that the manifests touch: themselves, or by a policy that they use.
func (p *plan) tenants(ctx context.Context) ([]*v1alpha1.Tenant, error) {
	touched := map[types.NamespacedName]*v1alpha1.Tenant{}
	for key, t := range p.wantedTenants {
		touched[key] = t
	}
	looked := map[string]bool{}
	for policy := range p.wantedPolicies {
		if looked[policy.Namespace] {
			continue
		}
		looked[policy.Namespace] = true
		var list v1alpha1.TenantList
		if err := p.client.List(ctx, &list, client.InNamespace(policy.Namespace)); err != nil {
			return nil, err
		}
		for _, t := range list.Items {
			key := client.ObjectKeyFromObject(&t)
			if touched[key] == nil && slices.ContainsFunc(t.BookingPolicyNames(), func(name string) bool {
				return p.wantedPolicies[types.NamespacedName{Namespace: t.Namespace, Name: name}] != nil
			}) {
				touched[key] = &t
			}
		}
	}
	var all []*v1alpha1.Tenant
	for _, t := range touched {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *v1alpha1.Tenant) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return all, nil
}
