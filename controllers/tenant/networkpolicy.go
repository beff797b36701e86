package tenant

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Isolation says who, besides the tenant's own namespace, may talk to the tenants' servers. Its peers are those
// of a NetworkPolicy.
type Isolation struct {
	// PublicFrom may reach the public port: gateways and ingress controllers. The namespace of the Gateway that
	// a tenant names always may.
	PublicFrom []networkingv1.NetworkPolicyPeer `json:"publicFrom,omitempty"`
	// MetricsFrom may reach the internal port, as the operator's namespace always may.
	MetricsFrom []networkingv1.NetworkPolicyPeer `json:"metricsFrom,omitempty"`
	// DNS are the cluster's name servers.
	DNS []networkingv1.NetworkPolicyPeer `json:"dns,omitempty"`
}

// ParseIsolation reads the JSON form, in which the operator is told. Empty text is nil: no NetworkPolicies.
func ParseIsolation(text string) (*Isolation, error) {
	if text == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	parsed := &Isolation{}
	if err := decoder.Decode(parsed); err != nil {
		return nil, fmt.Errorf("read the peers of NetworkPolicies: %w", err)
	}
	return parsed, nil
}

// explicitNetworkPolicy is a NetworkPolicy whose lists are there even when they are empty: an empty list that
// we own is closed, one that we leave out is open for anybody to fill.
type explicitNetworkPolicy struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        *metav1ac.ObjectMetaApplyConfiguration `json:"metadata"`
	Spec            explicitNetworkPolicySpec              `json:"spec"`
}

type explicitNetworkPolicySpec struct {
	PodSelector metav1.LabelSelector                    `json:"podSelector"`
	PolicyTypes []networkingv1.PolicyType               `json:"policyTypes"`
	Ingress     []networkingv1.NetworkPolicyIngressRule `json:"ingress"`
	Egress      []networkingv1.NetworkPolicyEgressRule  `json:"egress"`
}

// networkPolicy closes the tenant's pods in both directions and opens what the spec declares. It is rendered
// from the configuration that is wanted; while that is broken, the one before stays.
func networkPolicy(s *scope) any {
	isolation := s.platform.Isolation
	if isolation == nil || s.bundle == nil {
		return nil
	}
	return &explicitNetworkPolicy{
		TypeMeta: metav1.TypeMeta{APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "NetworkPolicy"},
		Metadata: metav1ac.ObjectMeta().
			WithName(s.tenant.OwnedName()).WithNamespace(s.tenant.Namespace).
			WithLabels(labels(s.tenant)).
			WithOwnerReferences(ownedBy(s.tenant)),
		Spec: explicitNetworkPolicySpec{
			// Every pod of the tenant: those that move its data, too.
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "frontdesk", TenantLabel: s.tenant.Name}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress:     s.ingressRules(isolation),
			Egress:      s.egressRules(isolation),
		},
	}
}

func (s *scope) ingressRules(isolation *Isolation) []networkingv1.NetworkPolicyIngressRule {
	public := []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}
	if s.host != "" {
		public = append(public, isolation.PublicFrom...)
		if s.gateway() != nil {
			public = append(public, namespacePeer(s.gatewayNamespace()))
		}
	}
	internal := append([]networkingv1.NetworkPolicyPeer{namespacePeer(s.platform.OperatorNamespace)}, isolation.MetricsFrom...)
	return []networkingv1.NetworkPolicyIngressRule{
		{From: public, Ports: []networkingv1.NetworkPolicyPort{port(tenantconfig.PublicPort)}},
		{From: internal, Ports: []networkingv1.NetworkPolicyPort{port(tenantconfig.InternalPort)}},
	}
}

// egressRules open what the spec declares, and the way to the names of it. A tenant that needs nothing gets
// nothing.
func (s *scope) egressRules(isolation *Isolation) []networkingv1.NetworkPolicyEgressRule {
	rules := []networkingv1.NetworkPolicyEgressRule{}
	for _, d := range s.destinations() {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{
			To: d.peers(s.tenant.Namespace), Ports: []networkingv1.NetworkPolicyPort{port(d.port)},
		})
	}
	if len(rules) == 0 || len(isolation.DNS) == 0 {
		return rules // a rule without peers would lead everywhere
	}
	dns := port(53)
	overUDP := port(53)
	overUDP.Protocol = ptr.To(corev1.ProtocolUDP)
	return append([]networkingv1.NetworkPolicyEgressRule{{To: isolation.DNS, Ports: []networkingv1.NetworkPolicyPort{overUDP, dns}}}, rules...)
}

func port(number int) networkingv1.NetworkPolicyPort {
	return networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt(number))}
}

func namespacePeer(name string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}}
}
