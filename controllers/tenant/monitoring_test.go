package tenant

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
)

// promising is the tenant of the golden files with an objective; nil is none.
func promising(t *testing.T, slo *v1alpha1.ServiceLevelObjective) *scope {
	t.Helper()
	s := readScope(t, filepath.Join("testdata", "suspended", "input.yaml"))
	s.absent = nil
	s.tenant.Spec.RunState = v1alpha1.RunStateRunning
	if slo != nil {
		s.tenant.Spec.Alerts = &v1alpha1.Alerts{SLO: slo}
	}
	return s
}

// mailed has people told of a tenant's alerts.
func mailed(s *scope) {
	s.platform.AlertEmails, s.platform.MonitoringLabels = true, map[string]string{"release": "prometheus"}
	s.tenant.Spec.Alerts = &v1alpha1.Alerts{Emails: []v1alpha1.EmailAddress{"owner@shop.example", `{{"not"}}@shop.example`}}
}

// The rules in these files are also run by promtool, in test/monitoring.
func TestMonitoringObjects(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*scope){
		"default":   func(*scope) {},
		"suspended": func(s *scope) { s.tenant.Spec.RunState = v1alpha1.RunStateSuspended },
		"labelled":  func(s *scope) { s.platform.MonitoringLabels = map[string]string{"release": "prometheus"} },
		// Between two bounds that are measured, and so lenient that a page needs its floor.
		"lenient": func(s *scope) {
			s.tenant.Spec.Alerts = &v1alpha1.Alerts{SLO: &v1alpha1.ServiceLevelObjective{Availability: "90", Latency: "800ms"}}
		},
		"unmeasured": func(s *scope) {
			s.tenant.Spec.Alerts = &v1alpha1.Alerts{SLO: &v1alpha1.ServiceLevelObjective{Availability: "99.99", Latency: "20s"}}
		},
		"emails": mailed,
		"emails-off": func(s *scope) {
			s.tenant.Spec.Alerts = &v1alpha1.Alerts{Emails: []v1alpha1.EmailAddress{"owner@shop.example"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := promising(t, nil)
			change(s)
			var monitoring []apply.Intent
			for _, intent := range intentsOf(t, s) {
				if intent.Group == podMonitorKind.Group {
					monitoring = append(monitoring, intent)
				}
			}
			compareGolden(t, filepath.Join("testdata", "monitoring", name+".yaml"), readable(t, monitoring))
		})
	}
}

func TestMonitoringReady(t *testing.T) {
	t.Parallel()
	var both []apply.Item
	for _, kind := range monitoringKinds {
		both = append(both, apply.Item{GroupVersionKind: kind, Name: "frontdesk-shop"})
	}
	neither := optional.Absent{podMonitorKind.GroupKind(): true, prometheusRuleKind.GroupKind(): true}
	for name, test := range map[string]struct {
		absent optional.Absent
		items  []apply.Item
		slo    *v1alpha1.ServiceLevelObjective
		status metav1.ConditionStatus
		reason v1alpha1.ConditionReason
		says   string
	}{
		"nobody asked": {neither, nil, nil, metav1.ConditionUnknown, v1alpha1.ReasonNotConfigured, "PodMonitor and PrometheusRule"},
		"no API":       {neither, nil, &v1alpha1.ServiceLevelObjective{}, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled, "PodMonitor and PrometheusRule"},
		"half an API":  {optional.Absent{prometheusRuleKind.GroupKind(): true}, both[:1], &v1alpha1.ServiceLevelObjective{}, metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled, "have PrometheusRule ("},
		"not made yet": {nil, both[:1], nil, metav1.ConditionFalse, v1alpha1.ReasonMonitoringUnavailable, "no PrometheusRule"},
		"all there":    {nil, both, nil, metav1.ConditionTrue, v1alpha1.ReasonMonitoringConfigured, "frontdesk-shop"},
		"too slow to measure": {nil, both, &v1alpha1.ServiceLevelObjective{Latency: "20s"}, metav1.ConditionTrue,
			v1alpha1.ReasonMonitoringConfigured, "none on latency"},
	} {
		s := promising(t, test.slo)
		s.absent, s.items = test.absent, test.items
		got := s.monitoringReady()
		want := conditions.Condition{Type: v1alpha1.ConditionMonitoringReady, Status: test.status, Reason: test.reason, Message: got.Message}
		if got != want || !strings.Contains(got.Message, test.says) {
			t.Errorf("%s: %+v; want %s %s with %q", name, got, test.status, test.reason, test.says)
		}
	}
}

// Who asks to be told must hear that nobody is.
func TestAlertEmailsAreSentOrSaidNotToBe(t *testing.T) {
	t.Parallel()
	var made []apply.Item
	for _, kind := range append(slices.Clone(monitoringKinds), alertmanagerConfigKind) {
		made = append(made, apply.Item{GroupVersionKind: kind, Name: "frontdesk-shop"})
	}
	for name, test := range map[string]struct {
		offered bool
		absent  optional.Absent
		items   []apply.Item
		status  metav1.ConditionStatus
		reason  v1alpha1.ConditionReason
		says    string
	}{
		"not offered":  {false, nil, made[:2], metav1.ConditionFalse, v1alpha1.ReasonAlertEmailsOff, "monitoring.alertEmails"},
		"no API":       {true, optional.Absent{alertmanagerConfigKind.GroupKind(): true}, made[:2], metav1.ConditionFalse, v1alpha1.ReasonAPINotInstalled, "AlertmanagerConfig"},
		"not made yet": {true, nil, made[:2], metav1.ConditionFalse, v1alpha1.ReasonMonitoringUnavailable, "no AlertmanagerConfig"},
		"sent":         {true, nil, made, metav1.ConditionTrue, v1alpha1.ReasonMonitoringConfigured, "mailed by every Alertmanager"},
	} {
		s := promising(t, nil)
		s.tenant.Spec.Alerts = &v1alpha1.Alerts{Emails: []v1alpha1.EmailAddress{"owner@shop.example"}}
		s.platform.AlertEmails, s.absent, s.items = test.offered, test.absent, test.items
		got := s.monitoringReady()
		if got.Status != test.status || got.Reason != test.reason || !strings.Contains(got.Message, test.says) {
			t.Errorf("%s: %+v; want %s %s with %q", name, got, test.status, test.reason, test.says)
		}
	}
}
