package tenant

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
)

// The types below are those parts of the Prometheus operator's API that are rendered, under its names
// (monitoring.coreos.com/v1). Its own types would render every field that is empty, too.

type podMonitorConfiguration struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        *metav1ac.ObjectMetaApplyConfiguration `json:"metadata"`
	Spec            podMonitorSpec                         `json:"spec"`
}

type podMonitorSpec struct {
	Selector            metav1.LabelSelector `json:"selector"`
	PodMetricsEndpoints []podMetricsEndpoint `json:"podMetricsEndpoints"`
}

type podMetricsEndpoint struct {
	Port        string       `json:"port"`
	Path        string       `json:"path"`
	Relabelings []relabeling `json:"relabelings"`
}

type relabeling struct {
	Action       string   `json:"action"`
	SourceLabels []string `json:"sourceLabels"`
	TargetLabel  string   `json:"targetLabel"`
}

// podMonitor has Prometheus collect the metrics of every pod, of pods that are not ready too. It gives the
// series the label tenant, by which alerts and dashboards select; namespace and pod they have anyway.
func podMonitor(s *scope) any {
	if s.absent[podMonitorKind.GroupKind()] {
		return nil
	}
	return &podMonitorConfiguration{
		TypeMeta: typeMeta(podMonitorKind),
		Metadata: s.monitoringMeta(),
		Spec: podMonitorSpec{
			Selector: metav1.LabelSelector{MatchLabels: selectorLabels(s.tenant)},
			PodMetricsEndpoints: []podMetricsEndpoint{{
				Port: internalPortName,
				Path: "/metrics",
				Relabelings: []relabeling{{
					Action: "replace", SourceLabels: []string{"__meta_kubernetes_pod_label_frontdesk_dev_tenant"}, TargetLabel: "tenant",
				}},
			}},
		},
	}
}
