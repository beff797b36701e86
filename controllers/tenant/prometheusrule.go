package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/alerts"
)

type prometheusRuleConfiguration struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        *metav1ac.ObjectMetaApplyConfiguration `json:"metadata"`
	Spec            prometheusRuleSpec                     `json:"spec"`
}

type prometheusRuleSpec struct {
	Groups []alerts.Group `json:"groups"`
}

// prometheusRule holds the tenant's alerts. Every tenant has them: one that promises nothing of its own is held
// to the default.
func prometheusRule(s *scope) any {
	if s.absent[prometheusRuleKind.GroupKind()] {
		return nil
	}
	rules := alerts.Tenant{
		Namespace: s.tenant.Namespace, Name: s.tenant.Name, Objective: objective(s.tenant),
		Running: s.tenant.Spec.RunState != v1alpha1.RunStateSuspended,
	}
	return &prometheusRuleConfiguration{
		TypeMeta: typeMeta(prometheusRuleKind),
		Metadata: s.monitoringMeta(),
		Spec:     prometheusRuleSpec{Groups: rules.Groups()},
	}
}

// objective is what the tenant promises.
func objective(t *v1alpha1.Tenant) alerts.Objective {
	if t.Spec.Alerts == nil || t.Spec.Alerts.SLO == nil {
		return alerts.DefaultObjective
	}
	return alerts.ParseObjective(t.Spec.Alerts.SLO.Availability, string(t.Spec.Alerts.SLO.Latency))
}
