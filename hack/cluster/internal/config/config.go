package config

import (
	"bytes"
	"embed"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Names that appear both in configuration and in what is applied to the API.
const (
	// NodeName is the name of the real node; simulated ones are numbered.
	NodeName = "node-1"
	// PauseImage holds a pod's namespaces.
	PauseImage = "docker.io/frontdesk/pause:1"
	// DNSImage is CoreDNS with the plug-ins that it needs here.
	DNSImage = "docker.io/frontdesk/coredns:1"
	// MaxPods is how many pods the real node takes.
	MaxPods = 110
)

// Sockets and directories under /run are private to an isolated cluster.
const (
	// RuntimeSocket is where containerd listens.
	RuntimeSocket = "/run/containerd/containerd.sock"
	runtimeState  = "/run/containerd"
	addressState  = "/run/cni-addresses"
)

// Input is what the configuration depends on.
type Input struct {
	// Dir and BinDir are as the components see them.
	Dir    state.Dir
	BinDir string
	Record state.Record
	// Snapshotter is the containerd snapshotter that fits the file system
	// under the state directory.
	Snapshotter string
	// RuncPath is the program that starts containers.
	RuncPath string
}

// APIURL is where the API server answers, for the host and for components.
func APIURL(r state.Record) string {
	return "https://" + net.JoinHostPort(r.NodeAddress, strconv.Itoa(r.Ports.API))
}

// Under templates are files with holes; under static are files without, one of
// which is itself full of a template language.
//
//go:embed templates static
var sources embed.FS

// filesByNodes lists the sources that each sort of node needs, by the name
// of the file that they become under the configuration directory.
var filesByNodes = map[state.Nodes]map[string]string{
	state.NodesReal: {
		"kubelet.yaml":            "templates/kubelet.yaml",
		"kube-proxy.yaml":         "templates/kube-proxy.yaml",
		"containerd.toml":         "templates/containerd.toml",
		"cni/10-cluster.conflist": "templates/cni.conflist",
		"resolv.conf":             "static/resolv.conf",
	},
	state.NodesSimulated: {"kwok.yaml": "static/kwok.yaml"},
}

// Files renders the configuration files, by their path under the
// configuration directory.
func Files(in Input) (map[string][]byte, error) {
	data := map[string]any{
		"In": in, "Record": in.Record, "NodeName": NodeName, "PauseImage": PauseImage, "MaxPods": MaxPods,
		"PodRange": netplan.PodRange, "DNSAddress": netplan.DNSAddress,
		"RuntimeSocket": RuntimeSocket, "RuntimeState": runtimeState, "AddressState": addressState,
		"PKI": in.Dir.PKI(), "Config": in.Dir.Config(),
	}
	files := map[string][]byte{}
	for target, source := range filesByNodes[in.Record.Nodes] {
		raw, err := sources.ReadFile(source)
		if err != nil {
			return nil, fmt.Errorf("configuration %s: %w", target, err)
		}
		if strings.HasPrefix(source, "templates/") {
			raw, err = fill(string(raw), data)
		}
		if err != nil {
			return nil, fmt.Errorf("configuration %s: %w", target, err)
		}
		files[target] = raw
	}
	return files, nil
}

func fill(source string, data any) ([]byte, error) {
	t, err := template.New("").Option("missingkey=error").Parse(source)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Write puts rendered files under the configuration directory.
func Write(dir state.Dir, files map[string][]byte) error {
	for name, content := range files {
		if err := state.WriteFile(filepath.Join(dir.Config(), name), content, 0o644); err != nil {
			return fmt.Errorf("configuration %s: %w", name, err)
		}
	}
	return nil
}
