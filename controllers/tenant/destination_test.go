package tenant

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
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

// metadataAddresses are where clouds hand out credentials to whoever asks from one of their machines.
var metadataAddresses = map[string]string{
	"most clouds":                  "169.254.169.254",
	"most clouds, to a dual stack": "::ffff:169.254.169.254",
	"OpenStack":                    "fe80::a9fe:a9fe",
	"Alibaba":                      "100.100.100.200",
	"Alibaba by IPv6":              "fd00:100::100:200",
	"Akamai by IPv6":               "fd00:a9fe:a9fe::1",
	"Amazon by IPv6":               "fd00:ec2::254",
	"Amazon's containers":          "169.254.170.2",
	"Amazon's pods by IPv6":        "fd00:ec2::23",
	"Azure's host":                 "168.63.129.16",
	"Google by IPv6":               "fd20:ce::254",
	"Oracle's classic cloud":       "192.0.0.192",
	"Oracle by IPv6":               "fd00:c1::a9fe:a9fe",
	"Scaleway":                     "169.254.42.42",
	"Scaleway by IPv6":             "fd00:42::42",
}

// Whatever the URL of a database says, by a name or by an address, it opens no way to where clouds hand out credentials. No
// more does an integration.
func TestMetadataAddressesStayClosed(t *testing.T) {
	t.Parallel()
	for cloud, text := range metadataAddresses {
		address := netip.MustParseAddr(text)
		if got := addresses("postgres://app:secret@"+netip.AddrPortFrom(address, 80).String()+"/x", postgresPort); len(got) > 0 {
			t.Errorf("%s: %s is opened: %+v", cloud, text, got)
		}
		for host, d := range map[string]destination{"a database's name": addresses("postgres://db.example/x", postgresPort)[0], "a webhook's": declared("crm.example", httpsPort)} {
			for _, peer := range d.peers("own") {
				if opens(peer.IPBlock, address.Unmap()) {
					t.Errorf("%s: %s could lead to %s", cloud, host, text)
				}
			}
		}
	}
	for host, want := range map[string]int{"10.1.2.3": 1, "db.example": 2, "[2001:db8::1]": 1} {
		s := servingScope()
		s.bundle = map[string][]byte{string(document.DatabaseURLKey): []byte("postgres://app:secret@" + host + "/x")}
		rules := s.egressRules(&Isolation{})
		if len(rules) != 1 || len(rules[0].To) != want {
			t.Fatalf("%s opens %+v", host, rules)
		}
		for _, peer := range rules[0].To {
			if peer.IPBlock.CIDR == "0.0.0.0/0" && !slices.Contains(peer.IPBlock.Except, "169.254.0.0/16") {
				t.Errorf("%s opens the metadata addresses: %+v", host, peer.IPBlock)
			}
		}
	}
}

func opens(block *networkingv1.IPBlock, address netip.Addr) bool {
	within := func(text string) bool { return netip.MustParsePrefix(text).Contains(address) }
	return within(block.CIDR) && !slices.ContainsFunc(block.Except, within)
}

// What an author declares without credentials of his own for it leads to the internet, and into no private network.
func TestIntegrationsReachNoPrivateNetwork(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"crm.example", "10.1.2.3", "192.168.1.1", "[fd12::1]", "127.0.0.1", "169.254.169.254"} {
		s := servingScope()
		s.tenant.Spec.Integrations = &v1alpha1.Integrations{
			Webhooks: []v1alpha1.Webhook{{Name: "crm", URL: v1alpha1.URL("https://" + host + "/hook")}},
			Email:    &v1alpha1.EmailIntegration{Host: "mail.example", Port: 587},
		}
		for _, rule := range s.egressRules(&Isolation{}) {
			for _, peer := range rule.To {
				if peer.IPBlock == nil || !slices.Equal(peer.IPBlock.Except, privateRanges[peer.IPBlock.CIDR]) || len(peer.IPBlock.Except) == 0 {
					t.Errorf("a webhook at %s opens %+v", host, peer)
				}
			}
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
