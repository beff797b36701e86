// Package metrics counts what the operator does and shows how its tenants are. Series about an object
// go when the object goes.
package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
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

func init() { metrics.Registry.MustRegister(&tenants, reconciles, applies, nudges) }

// Reconciled counts a pass.
func Reconciled(controller, reason string) { reconciles.WithLabelValues(controller, reason).Inc() }

// Applied counts an object of a pass.
func Applied(kind schema.GroupKind, outcome string) {
	applies.WithLabelValues(kind.String(), outcome).Inc()
}

// Nudged counts a nudge.
func Nudged() { nudges.Inc() }
