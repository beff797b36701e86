package admission

import (
	"fmt"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

const hours = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: %s}
spec: {hours: [{days: [Mon], spans: [{from: "09:00", to: "17:00"}]}]}
`

// shop is a tenant whose rule book is the policy rules and whose desk keeps the hours of timetable.
func shop(more string) string {
	return fmt.Sprintf(`
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: shop}
spec:
  displayName: Corner Shop
  timeZone: Europe/Berlin
  bookingPolicyRef: {name: rules}
  resources: [{id: desk, kind: Room, name: Desk, bookingPolicyRef: {name: timetable}}]
  services: [{id: visit, name: Visit, duration: 30m, requires: [{anyOf: [desk]}]}]
%s`, more)
}

func TestPolicyInUseCannotBeDeleted(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	rules, timetable, unused := a.apply(fmt.Sprintf(hours, "rules")), a.apply(fmt.Sprintf(hours, "timetable")), a.apply(fmt.Sprintf(hours, "unused"))
	tenant := a.apply(shop(""))
	user := a.as(author)
	remove := func(c client.Client, policy *unstructured.Unstructured) func() error {
		return func() error { return c.Delete(t.Context(), policy.DeepCopy(), client.DryRunAll) }
	}
	a.refused(remove(user, rules), `BookingPolicy "rules" is in use by Tenant "shop"`, "point the tenant, and those of its resources")
	a.refused(remove(user, timetable), `BookingPolicy "timetable" is in use by Tenant "shop"`)
	// Rights do not help: this is about a mistake, not about permission.
	a.refused(remove(a.cluster.Client, rules), `in use by Tenant "shop"`)
	a.refused(func() error {
		return user.DeleteAllOf(t.Context(), &v1alpha1.BookingPolicy{}, client.InNamespace(a.namespace), client.DryRunAll)
	}, `in use by Tenant "shop"`)
	a.accepted(remove(user, unused))

	if err := user.Delete(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	a.accepted(remove(user, rules))
}

func TestTenantThatGoesReleasesItsPolicy(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	rules := a.apply(fmt.Sprintf(hours, "rules"))
	tenant := parse(t, shop(""))
	tenant.SetFinalizers([]string{"frontdesk.dev/data"})
	a.create(tenant)
	user := a.as(author)
	remove := func() error { return user.Delete(t.Context(), rules.DeepCopy(), client.DryRunAll) }
	a.refused(remove, "in use")
	if err := user.Delete(t.Context(), tenant); err != nil {
		t.Fatal(err)
	}
	a.accepted(remove)
}

func TestPolicyOfAnotherNamespaceIsNotInUse(t *testing.T) {
	t.Parallel()
	one, other := newArena(t), newArena(t)
	mine, theirs := one.apply(fmt.Sprintf(hours, "rules")), other.apply(fmt.Sprintf(hours, "rules"))
	one.apply(shop(""))
	one.refused(func() error { return one.as(author).Delete(t.Context(), mine.DeepCopy(), client.DryRunAll) }, "in use")
	other.accepted(func() error { return other.as(author).Delete(t.Context(), theirs.DeepCopy(), client.DryRunAll) })
}

// A namespace that is deleted takes its policies with it, in any order.
func TestNamespaceMayGoWithPoliciesInUse(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	rules := a.apply(fmt.Sprintf(hours, "rules"))
	a.apply(shop(""))
	a.refused(func() error { return a.cluster.Client.Delete(t.Context(), rules.DeepCopy(), client.DryRunAll) }, "in use")
	for _, controller := range []string{"namespace-controller", "generic-garbage-collector"} {
		user := "system:serviceaccount:kube-system:" + controller
		a.allow(user, rbacv1.PolicyRule{APIGroups: []string{"frontdesk.dev"}, Resources: []string{"bookingpolicies"}, Verbs: []string{"delete", "deletecollection"}})
		a.accepted(func() error { return a.as(user).Delete(t.Context(), rules.DeepCopy(), client.DryRunAll) })
		a.accepted(func() error {
			return a.as(user).DeleteAllOf(t.Context(), &v1alpha1.BookingPolicy{}, client.InNamespace(a.namespace), client.DryRunAll)
		})
	}
}

func TestOperatorPatchesOnlyItsAnnotationOfItsPods(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.allow(operator, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/status"}, Verbs: []string{"patch"}})
	ours := a.pod("ours", map[string]string{"app.kubernetes.io/managed-by": "frontdesk-operator"})
	foreign := a.pod("foreign", map[string]string{"app.kubernetes.io/managed-by": "somebody"})
	unlabelled := a.pod("unlabelled", nil)
	const nudge = `{"metadata":{"annotations":{"frontdesk.dev/nudge":"now"}}}`
	for _, test := range []struct {
		name    string
		pod     client.Object
		patch   string
		refusal string
	}{
		{"pod of somebody else", foreign, nudge, "only the pods of tenants"},
		{"pod without labels", unlabelled, nudge, "only the pods of tenants"},
		{"another annotation", ours, `{"metadata":{"annotations":{"sidecar.example/inject":"true"}}}`, "nothing of a pod but its annotation frontdesk.dev/nudge"},
		{"annotation replaced", ours, `{"metadata":{"annotations":{"kept":"no"}}}`, "nothing of a pod but"},
		{"annotation removed", ours, `{"metadata":{"annotations":{"kept":null}}}`, "nothing of a pod but"},
		{"label", ours, `{"metadata":{"labels":{"app":"payments"}}}`, "nothing of a pod but"},
		{"finalizer", ours, `{"metadata":{"finalizers":["example.com/stay"]}}`, "nothing of a pod but"},
		{"address", ours, `{"status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"}]}}`, "nothing of a pod but"},
		{"readiness", ours, `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, "nothing of a pod but"},
		{"readiness with a nudge", ours, `{"metadata":{"annotations":{"frontdesk.dev/nudge":"now"}},"status":{"phase":"Running"}}`, "nothing of a pod but"},
	} {
		a.refused(patchStatus(a, operator, test.pod, test.patch), test.refusal)
	}
	a.accepted(patchStatus(a, operator, ours, nudge))

	// Everybody else is none of this policy's business.
	const other = "system:serviceaccount:elsewhere:frontdesk-operator"
	a.allow(other, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods/status"}, Verbs: []string{"patch"}})
	a.accepted(patchStatus(a, other, foreign, `{"status":{"phase":"Running"}}`))
}

func patchStatus(a *arena, user string, pod client.Object, patch string) func() error {
	c := a.as(user)
	return func() error {
		target, ok := pod.DeepCopyObject().(client.Object)
		if !ok {
			return fmt.Errorf("%T is no object", pod)
		}
		return c.Status().Patch(a.t.Context(), target, client.RawPatch(types.StrategicMergePatchType, []byte(patch)), client.DryRunAll)
	}
}

func TestShapingPodsNeedsTheRightToMakeThem(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	user := a.as(author)
	tenant := func(field string) func() error {
		return func() error {
			object := parse(t, shop("  server: {pod: {"+field+"}}\n"))
			object.SetNamespace(a.namespace)
			return user.Create(t.Context(), object, client.DryRunAll)
		}
	}
	fields := map[string]string{
		"labels":            `labels: {app: payments}`,
		"annotations":       `annotations: {sidecar.example/inject: "true"}`,
		"nodeSelector":      `nodeSelector: {node-role.kubernetes.io/control-plane: ""}`,
		"tolerations":       `tolerations: [{operator: Exists}]`,
		"affinity":          `affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: Exists}]}]}}}`,
		"priorityClassName": `priorityClassName: system-cluster-critical`,
	}
	for name, field := range fields {
		a.refused(tenant(field), "spec.server.pod."+name+" shapes pods", "you may not create pods in namespace "+a.namespace)
	}
	// What only keeps the tenant's own pods apart is everybody's to say.
	a.accepted(tenant(`topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]`))

	a.allow(author, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"create"}})
	for _, field := range fields {
		a.accepted(tenant(field))
	}
}

func TestEditsBesideTheShapeOfPodsNeedNoFurtherRight(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	user := a.as(author)
	tenant := a.apply(shop("  server: {pod: {priorityClassName: high}}\n"))
	patch := func(text string) func() error {
		return func() error {
			return user.Patch(t.Context(), tenant.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(text)), client.DryRunAll)
		}
	}
	a.refused(patch(`{"spec":{"server":{"pod":{"priorityClassName":"higher"}}}}`), "priorityClassName shapes pods")
	a.accepted(patch(`{"spec":{"displayName":"Other Shop"}}`))
	a.accepted(patch(`{"spec":{"server":{"pod":null}}}`))
}
