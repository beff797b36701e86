package config

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/proc"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Names of the components, which are also those of their programs.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
	Kwok              = "kwok"
)

// clientRate is the request rate that the controllers allow themselves. Their
// default of 20 a second would make the cluster, not what is tested on it, the
// limit.
const clientRate = 500

// Component returns the command line of a component.
func Component(in Input, name string) proc.Component {
	args := map[string]func(Input) []string{
		Etcd: etcdArgs, APIServer: apiServerArgs, ControllerManager: controllerManagerArgs, Scheduler: schedulerArgs,
		Containerd: containerdArgs, Kubelet: kubeletArgs, KubeProxy: kubeProxyArgs, Kwok: kwokArgs,
	}[name]
	if args == nil {
		panic("no such component: " + name)
	}
	return proc.Component{Name: name, Path: filepath.Join(in.BinDir, name), Args: args(in)}
}

// Names lists the components of a cluster in the order of their start.
func Names(nodes state.Nodes) []string {
	control := []string{Etcd, APIServer, ControllerManager, Scheduler}
	if nodes == state.NodesSimulated {
		return append(control, Kwok)
	}
	return append([]string{Containerd}, append(control, Kubelet, KubeProxy)...)
}

// ComponentKubeconfig is the kubeconfig file of a component.
func ComponentKubeconfig(dir state.Dir, name string) string {
	return filepath.Join(dir.Config(), name+".kubeconfig")
}

func etcdArgs(in Input) []string {
	client := loopbackURL(in.Record.Ports.Etcd)
	peer := loopbackURL(in.Record.Ports.EtcdPeer)
	return []string{
		"--name=default",
		"--data-dir=" + in.Dir.Etcd(),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer,
		// A local cluster may lose its last second when the machine loses power.
		"--unsafe-no-fsync",
		"--log-level=warn",
	}
}

func apiServerArgs(in Input) []string {
	r, pki := in.Record, in.Dir.PKI()
	args := []string{
		"--etcd-servers=" + loopbackURL(r.Ports.Etcd),
		"--advertise-address=" + r.NodeAddress,
		"--secure-port=" + strconv.Itoa(r.Ports.API),
		"--tls-cert-file=" + filepath.Join(pki, "apiserver.crt"),
		"--tls-private-key-file=" + filepath.Join(pki, "apiserver.key"),
		"--client-ca-file=" + filepath.Join(pki, "ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + filepath.Join(pki, "sa.pub"),
		"--service-account-signing-key-file=" + filepath.Join(pki, "sa.key"),
		"--service-cluster-ip-range=" + netplan.ServiceRange,
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
	}
	if r.Isolated {
		args = append(args, "--bind-address=0.0.0.0")
	} else {
		// Others on this host must not reach it, and the Service "kubernetes"
		// cannot point at loopback.
		args = append(args, "--bind-address="+r.NodeAddress, "--endpoint-reconciler-type=none")
	}
	if r.Nodes == state.NodesReal {
		args = append(args,
			"--kubelet-client-certificate="+filepath.Join(pki, "apiserver-kubelet.crt"),
			"--kubelet-client-key="+filepath.Join(pki, "apiserver-kubelet.key"),
			"--kubelet-certificate-authority="+filepath.Join(pki, "ca.crt"),
			"--kubelet-preferred-address-types=InternalIP",
		)
	}
	return args
}

func controllerManagerArgs(in Input) []string {
	pki, kubeconfig := in.Dir.PKI(), ComponentKubeconfig(in.Dir, ControllerManager)
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(in.Record.Ports.ControllerManager),
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + filepath.Join(pki, "sa.key"),
		"--root-ca-file=" + filepath.Join(pki, "ca.crt"),
		"--cluster-signing-cert-file=" + filepath.Join(pki, "ca.crt"),
		"--cluster-signing-key-file=" + filepath.Join(pki, "ca.key"),
		"--profiling=false",
	}
	if in.Record.Nodes == state.NodesSimulated {
		// Simulated pods use nothing that could be measured: for each autoscaler this controller would only
		// complain of that every 15 seconds, in four requests, which with a thousand is all that goes on.
		args = append(args, "--controllers=*,-horizontal-pod-autoscaler-controller")
	}
	return append(args, clientRateArgs()...)
}

func schedulerArgs(in Input) []string {
	kubeconfig := ComponentKubeconfig(in.Dir, Scheduler)
	return append([]string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(in.Record.Ports.Scheduler),
		"--leader-elect=false",
		"--profiling=false",
	}, clientRateArgs()...)
}

func clientRateArgs() []string {
	return []string{
		"--kube-api-qps=" + strconv.Itoa(clientRate),
		"--kube-api-burst=" + strconv.Itoa(2*clientRate),
	}
}

func containerdArgs(in Input) []string {
	return []string{"--config=" + filepath.Join(in.Dir.Config(), "containerd.toml"), "--log-level=info"}
}

func kubeletArgs(in Input) []string {
	return []string{
		"--config=" + filepath.Join(in.Dir.Config(), "kubelet.yaml"),
		"--kubeconfig=" + ComponentKubeconfig(in.Dir, Kubelet),
		"--hostname-override=" + NodeName,
		"--node-ip=" + in.Record.NodeAddress,
		"--root-dir=" + in.Dir.Kubelet(),
		"--cert-dir=" + in.Dir.PKI(),
	}
}

func kubeProxyArgs(in Input) []string {
	return []string{"--config=" + filepath.Join(in.Dir.Config(), "kube-proxy.yaml")}
}

func kwokArgs(in Input) []string {
	return []string{
		"--config=" + filepath.Join(in.Dir.Config(), "kwok.yaml"),
		"--kubeconfig=" + ComponentKubeconfig(in.Dir, Kwok),
		"--manage-all-nodes=true",
		"--node-lease-duration-seconds=40",
		"--server-address=" + fmt.Sprintf("127.0.0.1:%d", in.Record.Ports.Kwok),
	}
}

func loopbackURL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
