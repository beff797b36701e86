package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestForeignObjectOfOurNameIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop"},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 7777}}},
	}
	if err := w.cluster.Client.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	condition := w.waitFor("shop", v1alpha1.ConditionDegraded, metav1.ConditionTrue, v1alpha1.ReasonNameConflict)
	if want := `Service "frontdesk-shop"`; !strings.Contains(condition.Message, want) {
		t.Errorf("the message does not name %s: %s", want, condition.Message)
	}
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameConflict)
	w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNameConflict)
	after := &corev1.Service{}
	w.get(after, "frontdesk-shop")
	if diff := cmp.Diff(foreign.ObjectMeta, after.ObjectMeta); diff != "" {
		t.Errorf("the foreign Service was touched (-before +after):\n%s", diff)
	}

	if err := w.cluster.Client.Delete(t.Context(), after); err != nil {
		t.Fatal(err)
	}
	w.requestReconcile("shop")
	w.waitReady("shop")
}

func TestNoPodMountsAForeignSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop-config"},
		Data:       map[string][]byte{"tenant.yaml": []byte("somebody else's")},
	}
	if err := w.cluster.Client.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNameConflict)
	err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, &appsv1.Deployment{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("there is a Deployment whose pods would mount it: %v", err)
	}
	after := &corev1.Secret{}
	w.get(after, foreign.Name)
	if diff := cmp.Diff(foreign, after); diff != "" {
		t.Errorf("the foreign Secret was touched (-before +after):\n%s", diff)
	}
}

func TestForeignSecretIsNoGoodConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: w.namespace, Name: "frontdesk-shop-config",
			Labels:      map[string]string{"app.kubernetes.io/managed-by": "frontdesk-operator"},
			Annotations: map[string]string{"frontdesk.dev/revision": "somebody-else's"},
		},
		Data: map[string][]byte{"tenant.yaml": []byte("somebody else's")},
	}
	if err := w.cluster.Client.Create(t.Context(), foreign); err != nil {
		t.Fatal(err)
	}
	// Without its policy the tenant has no configuration: the one that seems to be there must not do instead.
	w.apply(simpleTenant(""))
	condition := w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonBookingPolicyNotFound)
	if strings.Contains(condition.Message, "last good") {
		t.Errorf("a foreign Secret passes for a configuration: %s", condition.Message)
	}
	err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, &appsv1.Deployment{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("there is a Deployment whose pods would mount it: %v", err)
	}
}

func (w *world) requestReconcile(tenant string) {
	w.t.Helper()
	edit(w, &v1alpha1.Tenant{}, tenant, func(o *v1alpha1.Tenant) {
		o.Annotations = map[string]string{"frontdesk.dev/reconcile-requested-at": time.Now().Format(time.RFC3339Nano)}
	})
}

// deleteTenant deletes as kubectl does, and plays the garbage collector afterwards: there is none here.
func (w *world) deleteTenant(name string) {
	w.t.Helper()
	tenant := w.tenant(name)
	if err := w.cluster.Client.Delete(w.t.Context(), tenant); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("the tenant", func() string {
		err := w.cluster.Client.Get(w.t.Context(), client.ObjectKeyFromObject(tenant), tenant)
		if !apierrors.IsNotFound(err) {
			w.releaseClaims()
			return "is still there"
		}
		return ""
	})
}

// releaseClaims plays the controller that keeps a claim while a pod uses it.
func (w *world) releaseClaims() {
	var claims corev1.PersistentVolumeClaimList
	if err := w.cluster.Client.List(w.t.Context(), &claims, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	for _, claim := range claims.Items {
		if claim.DeletionTimestamp == nil || len(claim.Finalizers) == 0 || len(w.podNames()) > 0 {
			continue
		}
		claim.Finalizers = nil
		if err := w.cluster.Client.Update(w.t.Context(), &claim); client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			w.t.Fatal(err)
		}
	}
}

// collectGarbage removes what the tenant of that UID controlled.
func (w *world) collectGarbage(uid types.UID) {
	w.t.Helper()
	for _, list := range []client.ObjectList{
		&corev1.SecretList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &appsv1.DeploymentList{},
		&networkingv1.NetworkPolicyList{}, &policyv1.PodDisruptionBudgetList{},
	} {
		if err := w.cluster.Client.List(w.t.Context(), list, client.InNamespace(w.namespace)); err != nil {
			w.t.Fatal(err)
		}
		err := meta.EachListItem(list, func(item runtime.Object) error {
			object, ok := item.(client.Object)
			if !ok {
				return fmt.Errorf("%T is no object", item)
			}
			if controller := metav1.GetControllerOf(object); controller == nil || controller.UID != uid {
				return nil
			}
			return client.IgnoreNotFound(w.cluster.Client.Delete(w.t.Context(), object))
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestDeletionPolicyDeleteRemovesTheData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant("  deletionPolicy: Delete\n"))
	w.waitReady("shop")
	w.deleteTenant("shop")
	err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop-data"}, &corev1.PersistentVolumeClaim{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the claim is still there: %v", err)
	}
}

// Not every Tenant was born with the finalizer: the operator adds it, and leaves those of others.
func TestOperatorAddsTheFinalizer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.stop()
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Finalizers = []string{"example.com/backup"} })
	w.startOperator()
	w.eventually("the finalizer", func() string {
		if got := w.tenant("shop").Finalizers; !slices.Equal(got, []string{"example.com/backup", "frontdesk.dev/data"}) {
			return fmt.Sprintf("there are %q", got)
		}
		return ""
	})
}

func TestRetainedDataIsTakenOverOnlyWhenAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	former := w.waitReady("shop")
	claim := &corev1.PersistentVolumeClaim{}
	w.get(claim, "frontdesk-shop-data")
	w.deleteTenant("shop")
	kept := &corev1.PersistentVolumeClaim{}
	w.get(kept, "frontdesk-shop-data")
	if kept.DeletionTimestamp != nil || kept.UID != claim.UID {
		t.Fatal("the data did not stay")
	}

	w.apply(simpleTenant(""))
	// What the former tenant controlled is on its way out, and no conflict.
	w.waitFor("shop", v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonAdoptionRequired)
	w.collectGarbage(former.UID)
	w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonDatabaseNotReady)

	edit(w, &v1alpha1.Tenant{}, "shop", func(o *v1alpha1.Tenant) { o.Spec.Database.Adopt = ptr.To(true) })
	w.waitReady("shop")
	w.get(kept, "frontdesk-shop-data")
	if kept.UID != claim.UID {
		t.Error("the data was not taken over but made anew")
	}
}

func TestPolicyAndCampaignStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.applySample("dentist.yaml")
	w.applySample("dentist-campaign.yaml")
	w.waitReady("bright-smile")
	w.eventually("the policy", func() string {
		policy := &v1alpha1.BookingPolicy{}
		w.get(policy, "dental-hours")
		if ptr.Deref(policy.Status.Tenants, 0) != 1 {
			return "does not count its tenant"
		}
		return conditionProblem(policy.Status.Conditions, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonValid)
	})
	edit(w, &v1alpha1.BookingPolicy{}, "dr-lee-hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Holidays = &v1alpha1.Holidays{Calendar: "QQ"} })
	w.eventually("the broken policy", func() string {
		policy := &v1alpha1.BookingPolicy{}
		w.get(policy, "dr-lee-hours")
		return conditionProblem(policy.Status.Conditions, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonUnknownHolidayCalendar)
	})
	w.eventually("the campaign", func() string {
		campaign := &v1alpha1.Campaign{}
		w.get(campaign, "recall-2026")
		if problem := conditionProblem(campaign.Status.Conditions, v1alpha1.ConditionTenantReady, metav1.ConditionFalse, v1alpha1.ReasonTenantNotReady); problem != "" {
			return problem
		}
		return conditionProblem(campaign.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonUnsupportedFeature)
	})
}

func conditionProblem(all []metav1.Condition, kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason) string {
	for _, c := range all {
		if c.Type != string(kind) {
			continue
		}
		if c.Status == status && c.Reason == string(reason) {
			return ""
		}
		return c.Type + " is " + string(c.Status) + " " + c.Reason + ": " + c.Message
	}
	return "has no condition " + string(kind)
}
