package chart

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// The policies of the chart are those of config/policy, which test/admission proves, with the names of the
// release and the account of its operator.
func TestAdmissionPolicies(t *testing.T) {
	t.Parallel()
	const prefix = namespace + "-frontdesk-"
	want := map[string]admissionv1.ValidatingAdmissionPolicySpec{}
	paths, err := filepath.Glob(root + "/config/policy/*_*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no policies (%v)", err)
	}
	for _, path := range paths {
		text := strings.ReplaceAll(readFile(t, path), "system:serviceaccount:frontdesk-system:frontdesk-operator", "system:serviceaccount:frontdesk-system:robot")
		for _, object := range ofKind(documents(t, text), "ValidatingAdmissionPolicy") {
			want[prefix+strings.TrimPrefix(object.GetName(), "frontdesk-")] = as[admissionv1.ValidatingAdmissionPolicy](t, object).Spec
		}
	}
	for name, selector := range map[string]struct {
		set  string
		want *metav1.LabelSelector
	}{
		"cluster mode": {"tenantNamespaces=null", nil},
		"namespaced mode": {"tenantNamespaces={dental,salons}", &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn, Values: []string{"dental", "salons"}},
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered := documents(t, render(t, selector.set, "serviceAccount.name=robot"))
			got := map[string]admissionv1.ValidatingAdmissionPolicySpec{}
			for _, object := range ofKind(rendered, "ValidatingAdmissionPolicy") {
				got[object.GetName()] = as[admissionv1.ValidatingAdmissionPolicy](t, object).Spec
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("policies (-config/policy +chart); run `make manifests`:\n%s", diff)
			}
			bindings := ofKind(rendered, "ValidatingAdmissionPolicyBinding")
			if len(bindings) != len(want) {
				t.Errorf("%d bindings of %d policies", len(bindings), len(want))
			}
			for _, object := range bindings {
				binding := as[admissionv1.ValidatingAdmissionPolicyBinding](t, object)
				if _, there := want[binding.Spec.PolicyName]; !there || !slices.Equal(binding.Spec.ValidationActions, []admissionv1.ValidationAction{admissionv1.Deny}) {
					t.Errorf("%s binds %q with %v", binding.Name, binding.Spec.PolicyName, binding.Spec.ValidationActions)
				}
				var where *metav1.LabelSelector
				if binding.Spec.MatchResources != nil {
					where = binding.Spec.MatchResources.NamespaceSelector
				}
				if diff := cmp.Diff(selector.want, where); diff != "" {
					t.Errorf("%s holds elsewhere (-want +got):\n%s", binding.Name, diff)
				}
			}
		})
	}
	if found := ofKind(documents(t, render(t, "admissionPolicies.install=false")), "ValidatingAdmissionPolicy"); len(found) > 0 {
		t.Errorf("admissionPolicies.install=false installs %s", found[0].GetName())
	}
}

func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	policy := func(t *testing.T, set ...string) networkingv1.NetworkPolicySpec {
		t.Helper()
		return only[networkingv1.NetworkPolicy](t, documents(t, render(t, set...)), "NetworkPolicy").Spec
	}
	standard := policy(t)
	rendered := documents(t, render(t))
	podLabels := only[appsv1.Deployment](t, rendered, "Deployment").Spec.Template.Labels
	if selector, err := metav1.LabelSelectorAsSelector(&standard.PodSelector); err != nil || !selector.Matches(labels.Set(podLabels)) {
		t.Errorf("the policy does not select the operator's pods (%v)", err)
	}
	if !slices.Equal(standard.PolicyTypes, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}) {
		t.Errorf("by default the policy is about %v; what the operator may reach is not known to the chart", standard.PolicyTypes)
	}
	var ports []string
	for _, rule := range standard.Ingress {
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.String())
		}
	}
	if diff := cmp.Diff([]string{"metrics", "health"}, ports); diff != "" {
		t.Errorf("ports that can be reached (-want +got):\n%s", diff)
	}
	narrow := policy(t, "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring", "networkPolicy.egress.enabled=true",
		"networkPolicy.egress.apiServerPorts={16443}", "networkPolicy.egress.extra[0].ports[0].port=5432")
	if from := narrow.Ingress[0].From; len(from) != 1 || from[0].NamespaceSelector.MatchLabels["team"] != "monitoring" {
		t.Errorf("metrics can be read from %v", from)
	}
	ports = nil
	for _, rule := range narrow.Egress {
		for _, port := range rule.Ports {
			ports = append(ports, port.Port.String())
		}
	}
	if diff := cmp.Diff([]string{"53", "53", "16443", "9090", "5432"}, ports); diff != "" {
		t.Errorf("ports that the operator can reach (-want +got):\n%s", diff)
	}
	if found := ofKind(documents(t, render(t, "networkPolicy.enabled=false")), "NetworkPolicy"); len(found) > 0 {
		t.Error("networkPolicy.enabled=false installs one")
	}
}

func TestHighAvailabilityIsTheDefault(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t))
	deployment := only[appsv1.Deployment](t, rendered, "Deployment")
	if *deployment.Spec.Replicas != 2 || len(ofKind(rendered, "PodDisruptionBudget")) != 1 {
		t.Errorf("%d replicas with %d PodDisruptionBudgets", *deployment.Spec.Replicas, len(ofKind(rendered, "PodDisruptionBudget")))
	}
	budget := only[policyv1.PodDisruptionBudget](t, rendered, "PodDisruptionBudget").Spec
	if selector, err := metav1.LabelSelectorAsSelector(budget.Selector); err != nil || !selector.Matches(labels.Set(deployment.Spec.Template.Labels)) {
		t.Errorf("the PodDisruptionBudget is not about the operator's pods (%v)", err)
	}
	if away := budget.MaxUnavailable.IntValue(); away < 1 || away >= int(*deployment.Spec.Replicas) {
		t.Errorf("of %d replicas %d may be away: a drain waits for ever, or takes all", *deployment.Spec.Replicas, away)
	}
	if found := ofKind(documents(t, render(t, "podDisruptionBudget.enabled=false")), "PodDisruptionBudget"); len(found) > 0 {
		t.Error("podDisruptionBudget.enabled=false installs one")
	}
	var over []string
	for _, spread := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
		over = append(over, spread.TopologyKey)
		if selector, err := metav1.LabelSelectorAsSelector(spread.LabelSelector); err != nil || !selector.Matches(labels.Set(deployment.Spec.Template.Labels)) {
			t.Errorf("the spread over %s does not count the operator's pods (%v)", spread.TopologyKey, err)
		}
	}
	if diff := cmp.Diff([]string{"kubernetes.io/hostname", "topology.kubernetes.io/zone"}, over); diff != "" {
		t.Errorf("pods spread over (-want +got):\n%s", diff)
	}
}

func TestFlowSchema(t *testing.T) {
	t.Parallel()
	if found := ofKind(documents(t, render(t)), "FlowSchema"); len(found) > 0 {
		t.Error("there is a FlowSchema without being asked for")
	}
	spec := only[flowcontrolv1.FlowSchema](t, documents(t, render(t, "flowSchema.enabled=true", "serviceAccount.name=robot")), "FlowSchema").Spec
	account := spec.Rules[0].Subjects[0].ServiceAccount
	if spec.PriorityLevelConfiguration.Name != "workload-high" || account.Name != "robot" || account.Namespace != namespace {
		t.Errorf("the flow of %v goes to %q", account, spec.PriorityLevelConfiguration.Name)
	}
}

func TestExtraObjectsAreTemplates(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t, "extraObjects[0].apiVersion=v1", "extraObjects[0].kind=ConfigMap", `extraObjects[0].metadata.name=\{\{ .Release.Name \}\}-extra`))
	if found := ofKind(rendered, "ConfigMap"); len(found) != 1 || found[0].GetName() != "frontdesk-extra" {
		t.Errorf("rendered %v", found)
	}
}
