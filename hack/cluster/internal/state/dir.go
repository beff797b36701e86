package state

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is the state directory of one cluster, by absolute path.
type Dir string

// Open returns the state directory at path, which need not exist yet.
func Open(path string) (Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("state directory %q: %w", path, err)
	}
	return Dir(abs), nil
}

// ID is a short name for the cluster, fixed by the path of its state
// directory: eight hexadecimal digits.
func (d Dir) ID() string {
	sum := sha256.Sum256([]byte(d))
	return hex.EncodeToString(sum[:4])
}

// Path joins elements to the directory's path.
func (d Dir) Path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// Kubeconfig is the administrator's kubeconfig file.
func (d Dir) Kubeconfig() string { return d.Path("kubeconfig") }

// Logs holds one file for each component, and the pods' own logs.
func (d Dir) Logs() string { return d.Path("logs") }

// PodLogs is where the kubelet has containers write their output.
func (d Dir) PodLogs() string { return d.Path("logs", "pods") }

// PKI holds the certificate authority and the service-account key.
func (d Dir) PKI() string { return d.Path("pki") }

// Config holds the rendered configuration of every component.
func (d Dir) Config() string { return d.Path("config") }

// CNI holds the network configuration that containerd reads.
func (d Dir) CNI() string { return d.Path("config", "cni") }

// Etcd holds etcd's data.
func (d Dir) Etcd() string { return d.Path("etcd") }

// Kubelet is the kubelet's root directory.
func (d Dir) Kubelet() string { return d.Path("kubelet") }

// Containerd holds images and the file systems of containers.
func (d Dir) Containerd() string { return d.Path("containerd") }

// Volumes holds the data of persistent volumes.
func (d Dir) Volumes() string { return d.Path("volumes") }

// Control is the supervisor's socket. Use [Dir.InShortPath] to reach it: the
// path of a socket is limited to 107 bytes.
func (d Dir) Control() string { return d.Path("control.sock") }

// Forwards remembers which Services are forwarded, so that a repaired cluster
// forwards them again.
func (d Dir) Forwards() string { return d.Path("forwards.json") }

// ours are the entries of a state directory.
var ours = []string{
	"kubeconfig", "logs", "pki", "config", "etcd", "kubelet", "containerd", "volumes",
	"control.sock", "forwards.json", recordFile, LockAlive, LockCommand,
}

// Ours says whether a cluster may have made the entry of that name.
func Ours(name string) bool {
	return slices.Contains(ours, strings.TrimSuffix(name, tmpSuffix))
}

// Make creates the directory and those under it that components expect.
func (d Dir) Make() error {
	if err := os.MkdirAll(string(d), 0o755); err != nil {
		return fmt.Errorf("create state directory: %w", err)
	}
	private := []string{d.PKI(), d.Etcd(), d.Config()}
	public := []string{d.Logs(), d.PodLogs(), d.CNI(), d.Kubelet(), d.Containerd(), d.Volumes()}
	for _, p := range private {
		if err := os.MkdirAll(p, 0o700); err != nil {
			return fmt.Errorf("create state directory: %w", err)
		}
	}
	for _, p := range public {
		if err := os.MkdirAll(p, 0o755); err != nil {
			return fmt.Errorf("create state directory: %w", err)
		}
	}
	return nil
}

// InShortPath calls f with a short path for name in the directory, valid only
// during the call: sockets refuse long ones.
func (d Dir) InShortPath(name string, f func(path string) error) error {
	handle, err := os.Open(string(d))
	if err != nil {
		return err
	}
	defer func() { _ = handle.Close() }()
	return f(fmt.Sprintf("/proc/self/fd/%d/%s", handle.Fd(), name))
}
