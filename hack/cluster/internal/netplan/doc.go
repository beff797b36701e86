// Package netplan chooses the addresses and ports of a cluster and makes the
// one link that an isolated cluster has with its host.
//
// The link is a veth pair with a network of four addresses: the outer end has
// the host's address, the inner end, in the cluster's network namespace, the
// node's. Pods and Services live behind the inner end, so that their ranges may
// be the same in every cluster and may even be in use on the host. The outer
// end vanishes with the namespace. Nothing else of the host's network is
// touched: no route beside the link's own, no firewall rule, no forwarding.
package netplan

// Ranges inside a cluster. They are seen by its own processes only.
const (
	// PodRange holds the addresses of pods.
	PodRange = "10.244.0.0/16"
	// ServiceRange holds the ClusterIPs of Services.
	ServiceRange = "10.96.0.0/16"
	// APIServiceAddress is the ClusterIP of the Service kubernetes.
	APIServiceAddress = "10.96.0.1"
	// DNSAddress is the ClusterIP of the Service kube-dns.
	DNSAddress = "10.96.0.10"
)
