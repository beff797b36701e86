package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	recordFile = "cluster.json"
	tmpSuffix  = ".tmp"
)

// Nodes says what the cluster's nodes are.
type Nodes string

const (
	// NodesReal is one node with a kubelet, containerd and real pods.
	NodesReal Nodes = "real"
	// NodesSimulated is any number of nodes simulated by kwok: pods become
	// Running without a process behind them.
	NodesSimulated Nodes = "simulated"
)

// Record is what was chosen when a cluster was started.
type Record struct {
	ID string `json:"id"`
	// Nodes says whether pods really run.
	Nodes Nodes `json:"nodes"`
	// NodeCount is the number of simulated nodes, or 1.
	NodeCount int `json:"nodeCount"`
	// Isolated means that everything runs in namespaces of its own.
	Isolated bool `json:"isolated"`
	// NodeAddress is where the API server listens: the inner end of the link
	// of an isolated cluster, else loopback.
	NodeAddress string `json:"nodeAddress"`
	// HostAddress is the outer end of the link, by which pods reach servers
	// on this host. Empty when the cluster is not isolated.
	HostAddress string `json:"hostAddress,omitempty"`
	// PrefixLength is the link's network size in bits.
	PrefixLength int `json:"prefixLength,omitempty"`
	// Ports are the listening ports by component name.
	Ports Ports `json:"ports"`
	// BinDir holds the components' programs.
	BinDir string `json:"binDir"`
	// Version is Kubernetes' version, with its leading v.
	Version string `json:"version"`
	// PID is the host's process id of the cluster's first process, and
	// StartTicks that process's start time in clock ticks since boot, which
	// tells it from a later process of the same id.
	PID        int    `json:"pid,omitempty"`
	StartTicks uint64 `json:"startTicks,omitempty"`
}

// Ports are the TCP ports that components listen on.
type Ports struct {
	API               int `json:"api"`
	Etcd              int `json:"etcd"`
	EtcdPeer          int `json:"etcdPeer"`
	ControllerManager int `json:"controllerManager"`
	Scheduler         int `json:"scheduler"`
	Kwok              int `json:"kwok"`
}

// ErrNoCluster means that the directory holds no cluster.
var ErrNoCluster = errors.New("no cluster here")

// ReadRecord returns the cluster's record, or [ErrNoCluster].
func (d Dir) ReadRecord() (Record, error) {
	var r Record
	raw, err := os.ReadFile(d.Path(recordFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("%s: %w", d, ErrNoCluster)
	}
	if err != nil {
		return r, fmt.Errorf("read the cluster's record: %w", err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("read the cluster's record %s: %w", d.Path(recordFile), err)
	}
	return r, nil
}

// WriteRecord replaces the cluster's record.
func (d Dir) WriteRecord(r Record) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write the cluster's record: %w", err)
	}
	return WriteFile(d.Path(recordFile), append(raw, '\n'), 0o644)
}

// WriteFile writes a file by rename, so that no reader sees half of it.
func WriteFile(path string, content []byte, mode os.FileMode) error {
	tmp := path + tmpSuffix
	if err := os.WriteFile(tmp, content, mode); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return nil
}
