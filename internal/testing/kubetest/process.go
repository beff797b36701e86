package kubetest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// assetsVariable is what envtest, and everything built on it, calls the folder with the binaries.
const assetsVariable = "KUBEBUILDER_ASSETS"

// binaryNames are what a test cluster consists of.
var binaryNames = []string{"etcd", "kube-apiserver", "kubectl"}

// runDirPrefix begins the name of a run's folder; the process id of the test binary follows.
const runDirPrefix = "frontdesk-kubetest-"

// repositoryRoot finds the folder of go.mod above the working directory, which for a test is its package.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the root of the repository: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find the root of the repository: no go.mod above the working directory")
		}
		dir = parent
	}
}

// findAssets returns the folder that holds every binary.
func findAssets(root string) (string, error) {
	dir := os.Getenv(assetsVariable)
	if dir == "" {
		dir = filepath.Join(root, ".local", "bin")
	}
	for _, name := range binaryNames {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.IsDir() {
			return "", fmt.Errorf("%s is not in %s: run make tools, or set %s to a folder with %s",
				name, dir, assetsVariable, strings.Join(binaryNames, ", "))
		}
	}
	return dir, nil
}

// tieToThisProcess fills dir with stand-ins for the binaries which the kernel kills together with this
// process. envtest offers no hook for that, so they are scripts around setpriv; where that is missing (other
// systems than Linux) a killed test binary leaves its processes behind.
func tieToThisProcess(assets, dir string) (string, error) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil || runtime.GOOS != "linux" {
		return assets, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the folder of the binaries: %w", err)
	}
	for _, name := range binaryNames {
		script := fmt.Sprintf("#!/bin/sh\nexec %q --pdeathsig KILL -- %q \"$@\"\n", setpriv, filepath.Join(assets, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			return "", fmt.Errorf("write the stand-in for %s: %w", name, err)
		}
	}
	return dir, nil
}

// newRunDir makes this run's folder and removes those of runs that were killed.
func newRunDir() (string, error) {
	base := os.TempDir()
	leftovers, err := filepath.Glob(filepath.Join(base, runDirPrefix+"*"))
	if err != nil {
		return "", fmt.Errorf("look for leftovers: %w", err)
	}
	for _, dir := range leftovers {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), runDirPrefix))
		if err != nil || isAlive(pid) {
			continue
		}
		if err := os.RemoveAll(dir); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return "", fmt.Errorf("remove what a killed run left: %w", err)
		}
	}
	dir := filepath.Join(base, runDirPrefix+strconv.Itoa(os.Getpid()))
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clear the run's folder: %w", err)
	}
	for _, sub := range []string{"etcd", "apiserver"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return "", fmt.Errorf("make the run's folder: %w", err)
		}
	}
	return dir, nil
}

// isAlive says whether a process exists. One of another user counts.
func isAlive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// waitForDefaultNamespace waits until the API server has made its own namespaces, which it does shortly after
// it says that it is ready.
func (c *Cluster) waitForDefaultNamespace(ctx context.Context) error {
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := c.Client.Get(ctx, client.ObjectKey{Name: corev1.NamespaceDefault}, &corev1.Namespace{})
		return err == nil, client.IgnoreNotFound(err)
	})
	if err != nil {
		return fmt.Errorf("wait for the namespace default: %w", err)
	}
	return nil
}
