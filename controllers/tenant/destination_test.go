package tenant

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

func TestAddressesOfAConnection(t *testing.T) {
	t.Parallel()
	type place struct {
		host string
		port int
	}
	for _, test := range []struct {
		connection string
		want       []place
	}{
		{"", nil},
		{"postgres://u:p@db.example.com/shop", []place{{"db.example.com", 5432}}},
		{"postgres://u:p%40ss@db.data.svc:6432/shop?sslmode=require", []place{{"db.data.svc", 6432}}},
		{"postgres://u:p@ss@h.example/x", []place{{"h.example", 5432}}},
		{"postgres://a.example:5433,b.example/shop", []place{{"a.example", 5433}, {"b.example", 5432}}},
		{"postgres://u@[2001:db8::1]:5432/shop", []place{{"2001:db8::1", 5432}}},
		{"postgres:///shop?host=/run/postgresql", []place{{"", 5432}}},
		{"host=db port=5432", []place{{"", 5432}}},
	} {
		t.Run(test.connection, func(t *testing.T) {
			t.Parallel()
			var got []place
			for _, d := range addresses(test.connection, postgresPort) {
				got = append(got, place{d.host, d.port})
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(place{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPeersOfADestination(t *testing.T) {
	t.Parallel()
	inNamespace := func(name string) []networkingv1.NetworkPolicyPeer {
		return []networkingv1.NetworkPolicyPeer{namespacePeer(name)}
	}
	block := func(cidr string) []networkingv1.NetworkPolicyPeer {
		return []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: cidr}}}
	}
	anywhere := []networkingv1.NetworkPolicyPeer{
		{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: metadataRanges["0.0.0.0/0"]}},
		{IPBlock: &networkingv1.IPBlock{CIDR: "::/0", Except: metadataRanges["::/0"]}},
	}
	for host, want := range map[string][]networkingv1.NetworkPolicyPeer{
		"db":                        inNamespace("own"),
		"db.data.svc":               inNamespace("data"),
		"db.data.svc.cluster.local": inNamespace("data"),
		"db.data.svc.":              inNamespace("data"),
		"db.data":                   anywhere,
		"db.example.com":            anywhere,
		"192.0.2.7":                 block("192.0.2.7/32"),
		"2001:db8::1":               block("2001:db8::1/128"),
	} {
		got := destination{host: host, port: postgresPort, except: metadataRanges}.peers("own")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", host, diff)
		}
	}
}

// A Tenant's author may have his server call Services of the cluster, each in its namespace and on its port.
func TestADeclaredServiceOpensItsNamespaceOnOnePort(t *testing.T) {
	t.Parallel()
	s := servingScope()
	s.tenant.Spec.Integrations = &v1alpha1.Integrations{Vapi: &v1alpha1.VapiIntegration{BaseURL: "http://calls.other.svc:8080"}}
	want := []networkingv1.NetworkPolicyEgressRule{{
		To: []networkingv1.NetworkPolicyPeer{namespacePeer("other")}, Ports: []networkingv1.NetworkPolicyPort{port(8080)},
	}}
	if diff := cmp.Diff(want, s.egressRules(&Isolation{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostsOfANamespace(t *testing.T) {
	t.Parallel()
	p := Platform{HostSuffixes: []HostSuffix{
		{Suffix: ".book.example", Namespaces: []string{"dental", "salons"}},
		{Suffix: "smile.example", Namespaces: []string{"dental"}},
		{Suffix: ".everybody.example", Namespaces: []string{"*"}},
	}}
	for _, test := range []struct {
		namespace, host string
		want            bool
	}{
		{"dental", "a.book.example", true},
		{"dental", "a.b.book.example", true},
		{"dental", "book.example", false},
		{"dental", "evilbook.example", false},
		{"dental", "smile.example", true},
		{"dental", "www.smile.example", false},
		{"salons", "smile.example", false},
		{"other", "a.book.example", false},
		{"other", "a.everybody.example", true},
	} {
		if got := p.allowsHost(test.namespace, test.host); got != test.want {
			t.Errorf("%s in %s: %v", test.host, test.namespace, got)
		}
	}
	if (Platform{}).allowsHost("dental", "a.book.example") {
		t.Error("a platform that allows nothing allows a host")
	}
}
