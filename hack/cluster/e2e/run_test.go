package e2e_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// lockedBuffer is written by a child's copier while the test reads.
type lockedBuffer struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func kubectlCommand(c testCluster, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(binDir, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(c.state, "kubeconfig"))
	return cmd
}

// startRun starts `cluster run` and returns when it has announced itself.
func startRun(t *testing.T, c testCluster, args ...string) (cmd *exec.Cmd, stdin io.Closer) {
	t.Helper()
	cmd = c.command(append([]string{"run"}, args...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := &lockedBuffer{}
	cmd.Stderr = stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no announcement: %v\n%s", err, stderr)
	}
	var announced struct{ Kubeconfig, Server string }
	if err := json.Unmarshal([]byte(line), &announced); err != nil {
		t.Fatalf("announcement %q: %v", line, err)
	}
	if announced.Kubeconfig != filepath.Join(c.state, "kubeconfig") || announced.Server == "" {
		t.Errorf("announcement: got %q", line)
	}
	return cmd, in
}

// TestRunEnds ends a running cluster in each way that a test may end.
func TestRunEnds(t *testing.T) {
	needRoot(t)
	tests := []struct {
		name string
		// with a real node, containers are at stake as well
		nodes string
		end   func(t *testing.T, run *exec.Cmd, stdin io.Closer, supervisor int)
		// clean means that the command itself ended well and left no state
		clean bool
	}{
		{"its input ends", "simulated", func(t *testing.T, _ *exec.Cmd, stdin io.Closer, _ int) {
			if err := stdin.Close(); err != nil {
				t.Fatal(err)
			}
		}, true},
		{"SIGTERM", "simulated", signal(syscall.SIGTERM), true},
		{"SIGKILL", "real", signal(syscall.SIGKILL), false},
		{"the supervisor is killed", "simulated", func(t *testing.T, _ *exec.Cmd, _ io.Closer, supervisor int) {
			if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tables := iptables(t)
			c := newCluster(t)
			cmd, stdin := startRun(t, c, "--nodes="+tt.nodes)
			traces := takeFootprint(t, c, tables)
			tt.end(t, cmd, stdin, c.status().PID)
			err := cmd.Wait()
			if tt.clean && err != nil {
				t.Errorf("it ended with %v", err)
			}
			traces.assertGone(t)
			if _, err := os.Stat(c.state); tt.clean && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the state directory is still there: %v", err)
			}
		})
	}
}

func signal(sig syscall.Signal) func(*testing.T, *exec.Cmd, io.Closer, int) {
	return func(t *testing.T, run *exec.Cmd, _ io.Closer, _ int) {
		t.Helper()
		if err := run.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEverythingKilledAtOnce leaves nobody to clean up: the next cluster does,
// whatever its state directory.
func TestEverythingKilledAtOnce(t *testing.T) {
	needRoot(t)
	tables := iptables(t)
	dead := newCluster(t)
	cmd, _ := startRun(t, dead, "--nodes=simulated")
	traces := takeFootprint(t, dead, tables)
	supervisor := dead.status().PID
	for _, pid := range []int{cmd.Process.Pid, supervisor} {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	_ = cmd.Wait()
	other := newCluster(t)
	other.do("up", "--nodes=simulated")
	traces.assertGone(t)
}

// TestSeveralClusters runs three at once and checks that they share nothing.
func TestSeveralClusters(t *testing.T) {
	needRoot(t)
	clusters := []testCluster{newCluster(t), newCluster(t), newCluster(t)}
	var wg sync.WaitGroup
	errs := make([]error, len(clusters))
	for i, c := range clusters {
		wg.Go(func() { _, errs[i] = c.try("up", "--nodes=simulated", fmt.Sprintf("--count=%d", i+1)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	addresses := map[string]bool{}
	for i, c := range clusters {
		addresses[c.status().NodeAddress] = true
		nodes := strings.Fields(c.kubectl("get", "nodes", "-o", "name"))
		if len(nodes) != i+1 {
			t.Errorf("cluster %d has nodes %v, want %d", i, nodes, i+1)
		}
	}
	if len(addresses) != len(clusters) {
		t.Errorf("addresses: got %v, want %d different ones", addresses, len(clusters))
	}
	clusters[0].do("down")
	clusters[1].kubectl("get", "nodes")
}

// TestSimulatedPods checks what kwok is told to do.
func TestSimulatedPods(t *testing.T) {
	needRoot(t)
	c := newCluster(t)
	c.do("up", "--nodes=simulated")
	c.kubectl("create", "deployment", "web", "--image=nowhere.example/web", "--replicas=3")
	c.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	c.kubectl("create", "job", "once", "--image=nowhere.example/job")
	c.kubectl("wait", "--for=condition=Complete", "job/once", "--timeout=60s")
	c.kubectl("delete", "deployment/web", "--wait=true")
	eventually(t, 30*time.Second, "deleted pods go", func() error {
		if left := c.kubectl("get", "pods", "-l", "app=web", "-o", "name"); left != "" {
			return errors.New(left)
		}
		return nil
	})
	if _, err := c.try("load", probeTar); err == nil || !strings.Contains(err.Error(), "simulated") {
		t.Errorf("load into a simulated node: got %v, want a reason", err)
	}
}
