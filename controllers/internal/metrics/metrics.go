// Package metrics counts what the operator does and shows how its tenants are. Series about an object
// go when the object goes.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	conditions = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "frontdesk_tenant_condition",
		Help: "Conditions of Tenants: 1 for the status that holds.",
	}, []string{"namespace", "tenant", "condition", "status"})
	reconciles = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "frontdesk_reconcile_outcomes_total",
		Help: "Passes by the reason of the Ready condition that they ended with.",
	}, []string{"controller", "reason"})
	applies = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "frontdesk_apply_total",
		Help: "Objects by what an apply came to: applied, skipped because nothing had changed, or failed.",
	}, []string{"kind", "outcome"})
	nudges = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "frontdesk_nudges_total",
		Help: "Annotations patched on pods to make kubelet refresh a mounted Secret.",
	})
)

func init() { metrics.Registry.MustRegister(conditions, reconciles, applies, nudges) }

var statuses = []metav1.ConditionStatus{metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown}

// TenantConditions shows the conditions of one Tenant. A condition that is gone since before, or has
// changed its status, leaves no series behind.
func TenantConditions(namespace, tenant string, before, after []metav1.Condition) {
	for _, c := range before {
		if meta.FindStatusCondition(after, c.Type) == nil {
			conditions.DeletePartialMatch(prometheus.Labels{"namespace": namespace, "tenant": tenant, "condition": c.Type})
		}
	}
	for _, c := range after {
		for _, status := range statuses {
			if status == c.Status {
				conditions.WithLabelValues(namespace, tenant, c.Type, string(status)).Set(1)
			} else {
				conditions.DeleteLabelValues(namespace, tenant, c.Type, string(status))
			}
		}
	}
}

// ForgetTenant removes the series of a Tenant.
func ForgetTenant(namespace, tenant string) {
	conditions.DeletePartialMatch(prometheus.Labels{"namespace": namespace, "tenant": tenant})
}

// Reconciled counts a pass.
func Reconciled(controller, reason string) { reconciles.WithLabelValues(controller, reason).Inc() }

// Applied counts an object of a pass.
func Applied(kind schema.GroupKind, outcome string) {
	applies.WithLabelValues(kind.String(), outcome).Inc()
}

// Nudged counts a nudge.
func Nudged() { nudges.Inc() }
