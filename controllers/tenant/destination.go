package tenant

import (
	"maps"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

const (
	postgresPort = 5432
	redisPort    = 6379
	httpsPort    = 443
	httpPort     = 80
)

// Where no server has any business.
var (
	// metadataRanges are the addresses at which clouds hand out credentials, in the order of the list: Alibaba's, Azure's, all
	// that are link-local, and Oracle's; and in IPv6 Scaleway's, Alibaba's, Akamai's, Oracle's, Amazon's, Google's, and all
	// that are link-local.
	metadataRanges = map[string][]string{
		"0.0.0.0/0": {"100.100.100.200/32", "168.63.129.16/32", "169.254.0.0/16", "192.0.0.192/32"},
		"::/0": {
			"fd00:42::42/128", "fd00:100::100:200/128", "fd00:a9fe:a9fe::1/128", "fd00:c1::a9fe:a9fe/128", "fd00:ec2::/32", "fd20:ce::254/128",
			"fe80::/10",
		},
	}
	// privateRanges are closed to what is on the internet: the private networks, in which other tenants and the cluster itself
	// are (RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291), and those of metadataRanges that are in none of them.
	privateRanges = map[string][]string{
		"0.0.0.0/0": {
			"10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.192/32", "192.168.0.0/16",
		},
		"::/0": {"::1/128", "fc00::/7", "fe80::/10"},
	}
)

// destination is somewhere that the servers connect to.
type destination struct {
	// pods are the labels of pods in the tenant's own namespace; nil when it is a host.
	pods map[string]string
	// host is a name or an address; empty for anywhere on the internet.
	host string
	port int
	// except are the networks that a name must not lead to.
	except map[string][]string
}

// destinations lists what the spec declares, each once.
func (s *scope) destinations() []destination {
	var all []destination
	add := func(ds ...destination) {
		for _, d := range ds {
			if !containsDestination(all, d) {
				all = append(all, d)
			}
		}
	}
	add(s.databaseDestinations()...)
	add(addresses(string(s.bundle[string(document.RedisURLKey)]), redisPort)...)
	if integrations := s.tenant.Spec.Integrations; integrations != nil {
		add(integrationDestinations(integrations)...)
	}
	return all
}

// databaseDestinations: a database is often in a private network, as a cache is. Its address comes with its credentials.
// CloudNativePG writes names that could be on the internet, such as fd-shop-db-rw.shops; but whose pods they lead
// to is known.
func (s *scope) databaseDestinations() []destination {
	connection := string(s.bundle[string(document.DatabaseURLKey)])
	if connection != "" && onCluster(s.tenant) {
		return []destination{{pods: map[string]string{clusterPodLabel: clusterName(s.tenant)}, port: postgresPort}}
	}
	return addresses(connection, postgresPort)
}

func integrationDestinations(i *v1alpha1.Integrations) []destination {
	var all []destination
	provider := func(base v1alpha1.URL) {
		if base == "" {
			all = append(all, destination{port: httpsPort, except: privateRanges})
			return
		}
		all = append(all, declaredURL(string(base))...)
	}
	if i.Vapi != nil {
		provider(i.Vapi.BaseURL)
	}
	if i.Twilio != nil {
		provider(i.Twilio.BaseURL)
	}
	if i.GoogleCalendar != nil {
		provider(i.GoogleCalendar.BaseURL)
	}
	if i.Email != nil {
		all = append(all, declared(string(i.Email.Host), int(i.Email.Port)))
	}
	for _, hook := range i.Webhooks {
		all = append(all, declaredURL(string(hook.URL))...)
	}
	return all
}

func declaredURL(text string) []destination {
	address, err := url.Parse(text)
	if err != nil {
		return nil // the schema has checked it
	}
	number := httpsPort
	if address.Scheme == "http" {
		number = httpPort
	}
	if given, err := strconv.Atoi(address.Port()); err == nil {
		number = given
	}
	return []destination{declared(address.Hostname(), number)}
}

// declared is what a Tenant's author wrote without bringing credentials for it: if it is not in the cluster, it
// is on the internet, wherever that leads.
func declared(host string, port int) destination {
	if _, inCluster := serviceNamespace(host, ""); inCluster {
		return destination{host: host, port: port}
	}
	return destination{port: port, except: privateRanges}
}

func containsDestination(all []destination, d destination) bool {
	for _, other := range all {
		if other.host == d.host && other.port == d.port && maps.Equal(other.pods, d.pods) && len(other.except["0.0.0.0/0"]) == len(d.except["0.0.0.0/0"]) {
			return true
		}
	}
	return false
}

// addresses reads the hosts of a connection URL, of which Postgres allows several, separated by commas. Of what
// cannot be read only the usual port is opened.
func addresses(connection string, usual int) []destination {
	if connection == "" {
		return nil
	}
	anywhere := []destination{{port: usual, except: metadataRanges}}
	_, rest, ok := strings.Cut(strings.TrimSpace(connection), "://")
	if !ok {
		return anywhere
	}
	authority, _, _ := strings.Cut(rest, "?")
	authority, _, _ = strings.Cut(authority, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		authority = authority[at+1:]
	}
	var all []destination
	for part := range strings.SplitSeq(authority, ",") {
		address, err := url.Parse("//" + part)
		if err != nil || address.Hostname() == "" {
			return anywhere
		}
		d := destination{host: address.Hostname(), port: usual, except: metadataRanges}
		if number, err := strconv.Atoi(address.Port()); err == nil {
			d.port = number
		}
		if !d.isClosed() {
			all = append(all, d)
		}
	}
	return all
}

// isClosed says that the host is an address in one of the networks that a name must not lead to either.
func (d destination) isClosed() bool {
	address, err := netip.ParseAddr(d.host)
	if err != nil {
		return false
	}
	for _, ranges := range d.except {
		for _, text := range ranges {
			if netip.MustParsePrefix(text).Contains(address.Unmap().WithZone("")) {
				return true
			}
		}
	}
	return false
}

// serviceNamespace is the namespace of a Service by its name within the cluster: name, name.namespace.svc, or
// that with the cluster's domain. A name of two parts could be one on the internet, and counts as that.
func serviceNamespace(host, own string) (string, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	switch {
	case len(parts) == 1 && host != "" && !strings.Contains(host, ":"):
		return own, true
	case len(parts) >= 3 && parts[2] == "svc":
		return parts[1], true
	}
	return "", false
}

// peers are whom a NetworkPolicy lets the pods of a namespace connect to.
func (d destination) peers(own string) []networkingv1.NetworkPolicyPeer {
	if d.pods != nil {
		return []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: d.pods}}}
	}
	if namespace, inCluster := serviceNamespace(d.host, own); inCluster {
		return []networkingv1.NetworkPolicyPeer{namespacePeer(namespace)}
	}
	if address, err := netip.ParseAddr(d.host); err == nil {
		return []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: netip.PrefixFrom(address, address.BitLen()).String()}}}
	}
	return []networkingv1.NetworkPolicyPeer{
		{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0", Except: d.except["0.0.0.0/0"]}},
		{IPBlock: &networkingv1.IPBlock{CIDR: "::/0", Except: d.except["::/0"]}},
	}
}
