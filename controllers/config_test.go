package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/bcrypt"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func (w *world) config(tenant string) tenantconfig.Bundle {
	w.t.Helper()
	secret := &corev1.Secret{}
	w.get(secret, "frontdesk-"+tenant+"-config")
	return secret.Data
}

func TestPolicyEditReachesPodsWithoutRestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	before := w.waitReady("shop")
	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	pods := w.podNames()

	edit(w, &v1alpha1.BookingPolicy{}, "hours", func(p *v1alpha1.BookingPolicy) { p.Spec.Hours[0].Spans[0].To = "18:30" })
	w.eventually("a new revision", func() string {
		if w.tenant("shop").Status.Revision.Served == before.Status.Revision.Served {
			return "the old one is served"
		}
		return ""
	})
	after := w.waitReady("shop")
	if got := w.config("shop").Revision(); after.Status.Revision.Served != got {
		t.Errorf("served is %s, the Secret holds %s", after.Status.Revision.Served, got)
	}
	generation := deployment.Generation
	w.get(deployment, "frontdesk-shop")
	if deployment.Generation != generation {
		t.Error("the Deployment's spec changed for a change of configuration")
	}
	if diff := cmp.Diff(pods, w.podNames()); diff != "" {
		t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}
}

func (w *world) podNames() []string {
	w.t.Helper()
	var pods corev1.PodList
	if err := w.cluster.Client.List(w.t.Context(), &pods, client.InNamespace(w.namespace)); err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, pod := range pods.Items {
		names = append(names, pod.Name)
	}
	return names
}

// brokenEdits are edits that make no configuration, and what is said of them.
var brokenEdits = []struct {
	name    string
	edit    func(*v1alpha1.Tenant)
	policy  func(*v1alpha1.BookingPolicy)
	reason  v1alpha1.ConditionReason
	message string
}{
	{
		name:   "unknown policy",
		edit:   func(o *v1alpha1.Tenant) { o.Spec.BookingPolicyRef.Name = "nowhere" },
		reason: v1alpha1.ReasonBookingPolicyNotFound, message: `spec.bookingPolicyRef.name: there is no BookingPolicy "nowhere"`,
	},
	{
		name:   "zone that does not exist",
		edit:   func(o *v1alpha1.Tenant) { o.Spec.TimeZone = "Europe/Lundon" },
		reason: v1alpha1.ReasonUnknownTimeZone, message: `spec.timeZone: "Europe/Lundon"`,
	},
	{
		name:   "unknown holiday calendar",
		policy: func(o *v1alpha1.BookingPolicy) { o.Spec.Holidays = &v1alpha1.Holidays{Calendar: "QQ"} },
		reason: v1alpha1.ReasonUnknownHolidayCalendar, message: `BookingPolicy hours: spec.holidays.calendar: "QQ"`,
	},
	{
		name:   "policy that the engine cannot use",
		policy: func(o *v1alpha1.BookingPolicy) { o.Spec.Buffers.After = "1500ms" },
		reason: v1alpha1.ReasonBookingPolicyInvalid, message: "BookingPolicy hours: spec.buffers.after: is 1s500ms",
	},
	{
		name:   "pinned to a release that the operator does not run",
		edit:   func(o *v1alpha1.Tenant) { o.Spec.Updates = &v1alpha1.Updates{Version: "0.0.1"} },
		reason: v1alpha1.ReasonUnsupportedVersion, message: "spec.updates.version",
	},
}

func TestBrokenEditKeepsTheLastGoodConfiguration(t *testing.T) {
	t.Parallel()
	for _, test := range brokenEdits {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.apply(simplePolicy)
			w.apply(simpleTenant(""))
			good := w.waitReady("shop")
			bundle := w.config("shop")

			if test.edit != nil {
				edit(w, &v1alpha1.Tenant{}, "shop", test.edit)
			}
			if test.policy != nil {
				edit(w, &v1alpha1.BookingPolicy{}, "hours", test.policy)
			}
			condition := w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, test.reason)
			if !strings.Contains(condition.Message, test.message) {
				t.Errorf("the message does not say %q: %s", test.message, condition.Message)
			}
			w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonConfigurationInvalid)
			w.waitFor("shop", v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonConfigurationInvalid)
			w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
			if diff := cmp.Diff(bundle, w.config("shop")); diff != "" {
				t.Errorf("the last good configuration was touched (-before +after):\n%s", diff)
			}
			w.waitEvent("shop", corev1.EventTypeWarning, test.reason)
			if got := w.tenant("shop").Status.Revision; got.Desired != "" || got.Served != good.Status.Revision.Served {
				t.Errorf("status says %+v; nothing is desired, and the last good revision is served", got)
			}
		})
	}
}

// waitEvent waits until exactly one event about a tenant says a reason.
func (w *world) waitEvent(tenant, kind string, reason v1alpha1.ConditionReason) {
	w.t.Helper()
	w.eventually("event "+string(reason), func() string {
		var events eventsv1.EventList
		if err := w.cluster.Client.List(w.t.Context(), &events, client.InNamespace(w.namespace)); err != nil {
			w.t.Fatal(err)
		}
		count := 0
		for _, event := range events.Items {
			if event.Regarding.Name == tenant && event.Reason == string(reason) && event.Type == kind {
				count++
			}
		}
		if count != 1 {
			return fmt.Sprintf("there are %d", count)
		}
		return ""
	})
}

func TestDeletedAPIKeyIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	key := func() string {
		secret := &corev1.Secret{}
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop-api-key"}, secret); err != nil {
			return ""
		}
		return string(secret.Data["key"])
	}
	first := key()
	if err := w.cluster.Client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "frontdesk-shop-api-key"}}); err != nil {
		t.Fatal(err)
	}
	w.eventually("another key", func() string {
		next := key()
		if next == "" || next == first {
			return "is not there"
		}
		doc, err := w.config("shop").Document()
		if err != nil {
			t.Fatal(err)
		}
		if bcrypt.CompareHashAndPassword([]byte(doc.Access.Keys[0].Hash), []byte(next)) != nil {
			return "is not configured"
		}
		if w.tenant("shop").Status.Revision.Served != w.config("shop").Revision() {
			return "is not served"
		}
		return ""
	})
}

func TestMissingSecretIsWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(postgresShop))
	condition := w.waitFor("shop", v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	if want := `spec.database.postgres.urlSecretRef: there is no Secret "db"`; !strings.Contains(condition.Message, want) {
		t.Errorf("the message does not say %q: %s", want, condition.Message)
	}
	w.waitFor("shop", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonSecretsMissing)
	w.nothingMade()

	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "db"},
		StringData: map[string]string{"uri": "postgres://shop@db.example/shop"},
	}
	if err := w.cluster.Client.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.waitFor("shop", v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonSecretKeyMissing)
	edit(w, &corev1.Secret{}, "db", func(s *corev1.Secret) { s.StringData = map[string]string{"url": "postgres://shop@db.example/shop"} })
	w.waitReady("shop")
	if got := string(w.config("shop")["database-url"]); got != "postgres://shop@db.example/shop" {
		t.Errorf("the URL in the configuration is %q", got)
	}
	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	if got := ptr.Deref(deployment.Spec.Replicas, 0); got != 2 {
		t.Errorf("a tenant on Postgres has %d replicas by default, want 2", got)
	}
	w.rotate(deployment.Generation)
}

// nothingMade checks that a tenant without a configuration has nothing half-made.
func (w *world) nothingMade() {
	w.t.Helper()
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.SecretList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.PersistentVolumeClaimList{},
	} {
		err := w.cluster.Client.List(w.t.Context(), list, client.InNamespace(w.namespace), client.HasLabels{"frontdesk.dev/tenant"})
		if err != nil {
			w.t.Fatal(err)
		}
		if n := meta.LenList(list); n > 0 {
			w.t.Errorf("%T has %d objects that were made before there was a configuration", list, n)
		}
	}
}

// rotate changes the credential that a ready shop uses, takes it away and brings it back.
func (w *world) rotate(generation int64) {
	w.t.Helper()
	pods := w.podNames()
	edit(w, &corev1.Secret{}, "db", func(s *corev1.Secret) { s.StringData = map[string]string{"url": "postgres://new@db.example/shop"} })
	w.eventually("the rotated URL", func() string {
		served := w.tenant("shop").Status.Revision.Served
		if bundle := w.config("shop"); string(bundle["database-url"]) != "postgres://new@db.example/shop" || served != bundle.Revision() {
			return "is not served"
		}
		return ""
	})
	rotated := w.config("shop")
	if err := w.cluster.Client.Delete(w.t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "db"}}); err != nil {
		w.t.Fatal(err)
	}
	w.waitFor("shop", v1alpha1.ConditionSecretsReady, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	w.waitFor("shop", v1alpha1.ConditionWorkloadAvailable, metav1.ConditionTrue, v1alpha1.ReasonAvailable)
	deployment := &appsv1.Deployment{}
	w.get(deployment, "frontdesk-shop")
	if deployment.Generation != generation {
		w.t.Error("the Deployment's spec changed for a change of a Secret")
	}
	if diff := cmp.Diff(pods, w.podNames()); diff != "" {
		w.t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(rotated, w.config("shop")); diff != "" {
		w.t.Errorf("the last good configuration was touched (-before +after):\n%s", diff)
	}
}

func TestTenantMayComeBeforeItsPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simpleTenant(""))
	w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonBookingPolicyNotFound)
	w.waitFor("shop", v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonConfigurationInvalid)
	w.nothingMade()
	w.apply(simplePolicy)
	w.waitReady("shop")
}
