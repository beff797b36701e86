package chart

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// test/monitoring looks into the files; here it is shown that they are what is installed.
func TestMonitoringIsWhatTheFilesSay(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t, "monitoring.enabled=true", "monitoring.dashboard.enabled=true"))

	var dashboard, shown any
	config := only[corev1.ConfigMap](t, rendered, "ConfigMap")
	if err := json.Unmarshal([]byte(config.Data["frontdesk.json"]), &shown); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(readFile(t, chartPath+"/monitoring/dashboard.json")), &dashboard); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(dashboard, shown); diff != "" {
		t.Errorf("the dashboard (-file +chart):\n%s", diff)
	}
	if config.Labels["grafana_dashboard"] != "1" {
		t.Errorf("Grafana does not find the dashboard by its labels: %v", config.Labels)
	}

	var rules any
	if err := yaml.Unmarshal([]byte(readFile(t, chartPath+"/monitoring/rules.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	found := ofKind(rendered, "PrometheusRule")
	if len(found) != 1 {
		t.Fatalf("%d PrometheusRules, want 1", len(found))
	}
	if diff := cmp.Diff(rules, found[0].Object["spec"]); diff != "" {
		t.Errorf("the rules (-file +chart):\n%s", diff)
	}
}
