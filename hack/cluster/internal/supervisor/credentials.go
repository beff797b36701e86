package supervisor

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/pki"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Identities that Kubernetes' built-in roles know (see "Using RBAC
// Authorization" in its documentation).
var (
	nodeIdentity  = pki.Request{CommonName: "system:node:" + config.NodeName, Organizations: []string{"system:nodes"}}
	adminIdentity = pki.Request{CommonName: "kubernetes-admin", Organizations: []string{"system:masters"}}

	identities = map[string]pki.Request{
		config.ControllerManager: {CommonName: "system:kube-controller-manager"},
		config.Scheduler:         {CommonName: "system:kube-scheduler"},
		config.Kubelet:           nodeIdentity,
		config.KubeProxy:         {CommonName: "system:kube-proxy"},
		// kwok plays the kubelets of many nodes, which no built-in role allows.
		config.Kwok: {CommonName: "kwok", Organizations: []string{"system:masters"}},
	}
)

// writeCredentials issues every certificate and writes every kubeconfig.
func writeCredentials(in config.Input) error {
	dir := in.Dir.PKI()
	authority, err := pki.LoadOrCreate(dir)
	if err != nil {
		return err
	}
	if err := pki.ServiceAccountKey(dir); err != nil {
		return err
	}
	for name, request := range certificates(in.Record) {
		pair, err := authority.Issue(request)
		if err != nil {
			return err
		}
		if err := pair.Write(dir, name); err != nil {
			return err
		}
	}
	for _, name := range config.Names(in.Record.Nodes) {
		request, has := identities[name]
		if !has {
			continue
		}
		if err := writeKubeconfig(config.ComponentKubeconfig(in.Dir, name), authority, request, in.Record); err != nil {
			return err
		}
	}
	return writeKubeconfig(in.Dir.Kubeconfig(), authority, adminIdentity, in.Record)
}

// certificates lists those that components read from files, by file name.
func certificates(r state.Record) map[string]pki.Request {
	all := map[string]pki.Request{
		"apiserver": {
			CommonName: "kube-apiserver",
			DNSNames: []string{
				"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			},
			Addresses: []string{"127.0.0.1", netplan.APIServiceAddress, r.NodeAddress},
		},
	}
	if r.Nodes == state.NodesReal {
		all["apiserver-kubelet"] = pki.Request{CommonName: "kube-apiserver-kubelet-client", Organizations: []string{"system:masters"}}
		all["kubelet"] = pki.Request{
			CommonName: nodeIdentity.CommonName, DNSNames: []string{config.NodeName}, Addresses: []string{r.NodeAddress},
		}
	}
	return all
}

func writeKubeconfig(path string, authority *pki.Authority, who pki.Request, r state.Record) error {
	pair, err := authority.Issue(who)
	if err != nil {
		return err
	}
	name := "frontdesk-" + r.ID
	cfg := clientcmdapi.Config{
		Clusters: map[string]*clientcmdapi.Cluster{
			name: {Server: config.APIURL(r), CertificateAuthorityData: authority.CertPEM},
		},
		AuthInfos: map[string]*clientcmdapi.AuthInfo{
			who.CommonName: {ClientCertificateData: pair.Cert, ClientKeyData: pair.Key},
		},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: who.CommonName}},
		CurrentContext: name,
	}
	raw, err := clientcmd.Write(cfg)
	if err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", who.CommonName, err)
	}
	if err := state.WriteFile(path, raw, 0o600); err != nil {
		return fmt.Errorf("kubeconfig of %s: %w", who.CommonName, err)
	}
	return nil
}
