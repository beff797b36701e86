package controllers_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/alerts"
	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

// Not parallel: it installs an API that other tests may look for.
func TestMonitoringBeginsWhenItsAPIAppears(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant("  alerts: {emails: [owner@shop.example], slo: {availability: \"99.5\"}}\n"))
	w.waitReady("shop")
	w.waitFor("shop", v1alpha1.ConditionMonitoringReady, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled)

	install := envtest.CRDInstallOptions{Paths: []string{filepath.Join("testdata", "monitoring-api")}, ErrorIfPathMissing: true}
	if _, err := envtest.InstallCRDs(w.cluster.Config, install); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := envtest.UninstallCRDs(w.cluster.Config, install); err != nil {
			t.Error(err)
		}
	})
	w.waitFor("shop", v1alpha1.ConditionMonitoringReady, metav1.ConditionFalse, v1alpha1.ReasonAlertEmailsOff)
	w.offerAlertEmails(true)
	w.waitFor("shop", v1alpha1.ConditionMonitoringReady, metav1.ConditionTrue, v1alpha1.ReasonMonitoringConfigured)
	for _, kind := range []string{"PodMonitor", "PrometheusRule", "AlertmanagerConfig"} {
		object := w.monitoring(kind)
		if !metav1.IsControlledBy(object, w.tenant("shop")) {
			t.Errorf("%s is not owned by the Tenant: %v", kind, object.GetOwnerReferences())
		}
	}

	repairsMonitoring(t, w)
	edit(w, &v1alpha1.Tenant{}, "shop", func(tenant *v1alpha1.Tenant) { tenant.Spec.Alerts.SLO.Availability = "99.95" })
	w.eventually("the objective reaches the rules", func() string {
		text, err := yaml.Marshal(w.monitoring("PrometheusRule").Object)
		if err != nil {
			return err.Error()
		}
		if !strings.Contains(string(text), "(14.4 * 0.0005)") {
			return "the budget is not that of 99.95 %"
		}
		return ""
	})

	alertEmailsEnd(t, w)
}

// offerAlertEmails replaces the operator by one of a platform that mails alerts, or does not.
func (w *world) offerAlertEmails(offered bool) {
	w.t.Helper()
	w.stop()
	w.tune = func(o *controllers.Options) { o.Platform.AlertEmails = offered }
	w.startOperator()
}

// alertEmailsEnd looks that nobody is told any more who takes the addresses out, or whose platform ends it; of a tenant
// that cannot be configured, too.
func alertEmailsEnd(t *testing.T, w *world) {
	t.Helper()
	gone := func() string {
		if w.found("AlertmanagerConfig") == "" {
			return "is still there"
		}
		return ""
	}
	there := func() string { return w.found("AlertmanagerConfig") }
	name := func(addresses ...v1alpha1.EmailAddress) {
		t.Helper()
		edit(w, &v1alpha1.Tenant{}, "shop", func(tenant *v1alpha1.Tenant) { tenant.Spec.Alerts.Emails = addresses })
	}
	name()
	w.eventually("the AlertmanagerConfig of a healthy tenant without addresses", gone)
	name("owner@shop.example")
	w.eventually("the AlertmanagerConfig of a healthy tenant", there)

	edit(w, &v1alpha1.Tenant{}, "shop", func(tenant *v1alpha1.Tenant) { tenant.Spec.BookingPolicyRef.Name = "nowhere" })
	w.waitFor("shop", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonBookingPolicyNotFound)
	if problem := there(); problem != "" {
		t.Errorf("it went with the configuration: %s", problem)
	}
	w.offerAlertEmails(false)
	w.eventually("the AlertmanagerConfig that is not offered any more", gone)
	w.waitFor("shop", v1alpha1.ConditionMonitoringReady, metav1.ConditionFalse, v1alpha1.ReasonAlertEmailsOff)
	w.offerAlertEmails(true)
	w.eventually("the AlertmanagerConfig that is offered again", there)
	name()
	w.eventually("the AlertmanagerConfig of a broken tenant without addresses", gone)
	for _, kind := range []string{"PodMonitor", "PrometheusRule"} {
		if problem := w.found(kind); problem != "" {
			t.Errorf("the %s of a broken tenant went, too: %s", kind, problem)
		}
	}
}

// repairsMonitoring looks that what somebody edits is put right, and what somebody deletes is made again.
func repairsMonitoring(t *testing.T, w *world) {
	t.Helper()
	rule := w.monitoring("PrometheusRule")
	rule.Object["spec"] = map[string]any{"groups": []any{}}
	if err := w.cluster.Client.Update(t.Context(), rule); err != nil {
		t.Fatal(err)
	}
	if err := w.cluster.Client.Delete(t.Context(), w.monitoring("PodMonitor")); err != nil {
		t.Fatal(err)
	}
	w.eventually("the drift is repaired", func() string {
		groups, _, err := unstructured.NestedSlice(w.monitoring("PrometheusRule").Object, "spec", "groups")
		if err != nil || len(groups) == 0 {
			return "the rules are still empty"
		}
		return w.found("PodMonitor")
	})
}

func monitoringObject(kind string) *unstructured.Unstructured {
	version := "v1"
	if kind == "AlertmanagerConfig" {
		version = "v1alpha1"
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: version, Kind: kind})
	return object
}

func (w *world) monitoring(kind string) *unstructured.Unstructured {
	w.t.Helper()
	object := monitoringObject(kind)
	w.get(object, "frontdesk-shop")
	return object
}

// found says that there is no such object.
func (w *world) found(kind string) string {
	err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, monitoringObject(kind))
	if err != nil {
		return err.Error()
	}
	return ""
}

// The operator writes rules about durations that the server counts.
func TestAlertsKnowTheServersBuckets(t *testing.T) {
	t.Parallel()
	metrics := observe.NewMetrics()
	metrics.RequestStarted()("/", "GET", 200, "", time.Second)
	families, err := metrics.Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var bounds []float64
	for _, family := range families {
		if family.GetName() != "frontdesk_http_request_duration_seconds" {
			continue
		}
		for _, bucket := range family.GetMetric()[0].GetHistogram().GetBucket() {
			bounds = append(bounds, bucket.GetUpperBound())
		}
	}
	if diff := cmp.Diff(bounds, alerts.Buckets); diff != "" {
		t.Errorf("the bounds that alerts choose from (-server +alerts):\n%s", diff)
	}
}
