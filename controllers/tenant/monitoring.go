package tenant

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/conditions"
)

// What monitors a tenant, where the cluster has the Prometheus operator.
var (
	podMonitorKind     = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}
	prometheusRuleKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}
	monitoringKinds    = []schema.GroupVersionKind{podMonitorKind, prometheusRuleKind}

	alertmanagerConfigKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1alpha1", Kind: "AlertmanagerConfig"}
)

// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=alertmanagerconfigs,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=podmonitors,verbs=create;get;list;patch;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheusrules,verbs=create;get;list;patch;watch

func typeMeta(kind schema.GroupVersionKind) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: kind.GroupVersion().String(), Kind: kind.Kind}
}

// monitoringMeta carries the platform's labels, too: a Prometheus uses only what its selectors find.
func (s *scope) monitoringMeta() *metav1ac.ObjectMetaApplyConfiguration {
	all := maps.Clone(s.platform.MonitoringLabels)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, labels(s.tenant))
	return metav1ac.ObjectMeta().
		WithName(s.tenant.OwnedName()).WithNamespace(s.tenant.Namespace).
		WithLabels(all).
		WithOwnerReferences(ownedBy(s.tenant))
}

// lackingMonitoring are the kinds that the tenant should have an object of: those that the cluster does not
// serve, and those of which there is none yet.
func (s *scope) lackingMonitoring() (absent, missing []string) {
	wanted := monitoringKinds
	if s.wantsAlertEmails() && s.platform.AlertEmails {
		wanted = append(slices.Clone(wanted), alertmanagerConfigKind)
	}
	for _, kind := range wanted {
		made := slices.ContainsFunc(s.items, func(item apply.Item) bool { return item.GroupKind() == kind.GroupKind() })
		switch {
		case s.absent[kind.GroupKind()]:
			absent = append(absent, kind.Kind)
		case !made:
			missing = append(missing, kind.Kind)
		}
	}
	return absent, missing
}

// monitoringReady is about the objects. Whether a Prometheus and an Alertmanager use them shows only there.
func (s *scope) monitoringReady() conditions.Condition {
	const t = v1alpha1.ConditionMonitoringReady
	absent, missing := s.lackingMonitoring()
	promised := objective(s.tenant)
	lacking := fmt.Sprintf("the cluster does not have %s (%s)", strings.Join(absent, " and "), podMonitorKind.Group)
	switch {
	case slices.ContainsFunc(monitoringKinds, func(kind schema.GroupVersionKind) bool { return s.unknown[kind.GroupKind()] }):
		return s.asBefore(conditions.Unknown(t, v1alpha1.ReasonMonitoringUnavailable, "the API server does not say whether it has the Prometheus operator's kinds; it is asked again"))
	case len(absent) > 0 && s.tenant.Spec.Alerts == nil:
		return conditions.Unknown(t, v1alpha1.ReasonNotConfigured, "spec.alerts is not set, and "+lacking+"; metrics are on port 9090 of each pod")
	case len(absent) > 0:
		return conditions.False(t, v1alpha1.ReasonAPINotInstalled,
			lacking+": ask the platform to install the Prometheus operator, and the tenant goes on by itself; metrics are on port 9090 of each pod")
	case len(missing) > 0:
		return conditions.False(t, v1alpha1.ReasonMonitoringUnavailable, fmt.Sprintf("there is no %s yet", strings.Join(missing, " and ")))
	case s.wantsAlertEmails() && !s.platform.AlertEmails:
		return conditions.False(t, v1alpha1.ReasonAlertEmailsOff, "alerts are in place, but nobody in spec.alerts.emails is told of them: the platform sends no alerts to tenants; "+
			"ask it to set monitoring.alertEmails in the chart's values, or take the addresses out")
	}
	message := "metrics are collected and alerts are in place, for every Prometheus that selects " + s.tenant.OwnedName()
	if s.wantsAlertEmails() {
		message += ", and mailed by every Alertmanager that does"
	}
	if !promised.MeasuresLatency() {
		message += fmt.Sprintf("; there is none on latency: the longest time that is told apart is 10s, and the objective is %s", promised.Latency)
	}
	return conditions.True(t, v1alpha1.ReasonMonitoringConfigured, message)
}
