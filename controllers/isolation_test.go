package controllers_test

import (
	"encoding/json"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestNetworkPolicyIsKeptClosed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	policy := &networkingv1.NetworkPolicy{}
	w.get(policy, "frontdesk-shop")
	if len(policy.Spec.Egress) != 0 || len(policy.Spec.PolicyTypes) != 2 {
		t.Fatalf("a tenant that needs nothing may connect to %v (%v)", policy.Spec.Egress, policy.Spec.PolicyTypes)
	}
	good := policy.Spec.DeepCopy()
	for what, change := range map[string]func(*networkingv1.NetworkPolicy){
		"an opened way out": func(p *networkingv1.NetworkPolicy) { p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{}} },
		"an opened way in": func(p *networkingv1.NetworkPolicy) {
			p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
		},
		"a type taken away": func(p *networkingv1.NetworkPolicy) {
			p.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
		},
	} {
		edit(w, &networkingv1.NetworkPolicy{}, "frontdesk-shop", change)
		w.eventually(what, func() string {
			w.get(policy, "frontdesk-shop")
			want, _ := json.Marshal(good)
			if got, _ := json.Marshal(policy.Spec); string(got) != string(want) {
				return "is still there: " + string(got)
			}
			return ""
		})
	}
	w.delete(policy, "frontdesk-shop")
	w.eventually("a deleted policy", func() string {
		if err := w.cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: w.namespace, Name: "frontdesk-shop"}, policy); err != nil {
			return err.Error()
		}
		return ""
	})
}

func TestPlatformWithoutNetworkPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply(simpleTenant(""))
	w.waitReady("shop")
	policy := &networkingv1.NetworkPolicy{}
	w.get(policy, "frontdesk-shop")
	w.stop()
	w.isolation = nil
	w.startOperator()
	w.expectGone(policy)
	w.waitReady("shop")
}
