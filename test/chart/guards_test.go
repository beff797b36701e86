package chart

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
)

// mutating is the capability of a cluster that has policies that mutate, which the minimum version has not.
const mutating = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"

// The policies of the chart are those of config/policy, which test/admission proves, with the names of the
// release and the account of its operator.
func TestAdmissionPolicies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		apis  []string
		set   string
		kinds []string
		where *metav1.LabelSelector
	}{
		"cluster mode":                {[]string{mutating}, "tenantNamespaces=null", []string{"Validating", "Mutating"}, nil},
		"cluster mode before 1.36":    {nil, "tenantNamespaces=null", []string{"Validating"}, nil},
		"namespaced mode":             {[]string{mutating}, "tenantNamespaces={dental,salons}", []string{"Validating", "Mutating"}, inDentalAndSalons},
		"namespaced mode before 1.36": {nil, "tenantNamespaces={dental,salons}", []string{"Validating"}, inDentalAndSalons},
		"switched off":                {[]string{mutating}, "admissionPolicies.install=false", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered := documents(t, renderFor(t, c.apis, c.set, "serviceAccount.name=robot"))
			want, got := map[string]any{}, map[string]any{}
			for _, kind := range c.kinds {
				maps.Copy(want, sourcePolicies(t, kind+"AdmissionPolicy"))
			}
			for _, kind := range []string{"Validating", "Mutating"} {
				policies, bound := map[string]bool{}, map[string]bool{}
				for _, object := range ofKind(rendered, kind+"AdmissionPolicy") {
					policies[object.GetName()] = true
					got[kind+" "+object.GetName()] = object.Object["spec"]
				}
				for _, object := range ofKind(rendered, kind+"AdmissionPolicyBinding") {
					bound[checkBinding(t, kind, object, c.where)] = true
				}
				if diff := cmp.Diff(policies, bound); diff != "" {
					t.Errorf("%s policies that have a binding (-policies +bound):\n%s", kind, diff)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("policies (-config/policy +chart); run `make manifests`:\n%s", diff)
			}
		})
	}
}

var inDentalAndSalons = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
	{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn, Values: []string{"dental", "salons"}},
}}

// sourcePolicies reads the policies of a kind from config/policy, under the names and with the account that the chart gives.
func sourcePolicies(t *testing.T, kind string) map[string]any {
	t.Helper()
	paths, err := filepath.Glob(root + "/config/policy/*_*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]any{}
	for _, path := range paths {
		text := strings.ReplaceAll(readFile(t, path), "system:serviceaccount:frontdesk-system:frontdesk-operator", "system:serviceaccount:frontdesk-system:robot")
		for _, object := range ofKind(documents(t, text), kind) {
			name := namespace + "-frontdesk-" + strings.TrimPrefix(object.GetName(), "frontdesk-")
			found[strings.TrimSuffix(kind, "AdmissionPolicy")+" "+name] = object.Object["spec"]
		}
	}
	if len(found) == 0 {
		t.Fatalf("config/policy has no %s", kind)
	}
	return found
}

// checkBinding says what it does and where, and returns the policy that it binds.
func checkBinding(t *testing.T, kind string, object unstructured.Unstructured, where *metav1.LabelSelector) (policy string) {
	t.Helper()
	var matched *admissionv1.MatchResources
	if kind == "Mutating" {
		spec := as[admissionv1.MutatingAdmissionPolicyBinding](t, object).Spec
		policy, matched = spec.PolicyName, spec.MatchResources
	} else {
		spec := as[admissionv1.ValidatingAdmissionPolicyBinding](t, object).Spec
		policy, matched = spec.PolicyName, spec.MatchResources
		if !slices.Equal(spec.ValidationActions, []admissionv1.ValidationAction{admissionv1.Deny}) {
			t.Errorf("%s binds %q with %v", object.GetName(), policy, spec.ValidationActions)
		}
	}
	var selector *metav1.LabelSelector
	if matched != nil {
		selector = matched.NamespaceSelector
	}
	if diff := cmp.Diff(where, selector); diff != "" {
		t.Errorf("%s holds elsewhere (-want +got):\n%s", object.GetName(), diff)
	}
	return policy
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
