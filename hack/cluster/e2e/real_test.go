package e2e_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRealNode takes one cluster through its life: it is expensive to start
// one for each question.
func TestRealNode(t *testing.T) {
	needRoot(t)
	tables := iptables(t)
	c := newCluster(t)
	c.do("up", "--nodes=real")

	begin := time.Now()
	c.do("up", "--nodes=real")
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a second `up` took %s: it must find that nothing is to be done", took)
	}

	if said := c.do("load", probeTar); said != "Loaded docker.io/frontdesk/probe:test" {
		t.Errorf("load: got %q", said)
	}
	c.kubectl("apply", "-f", "testdata/probe.yaml")
	c.kubectl("-n", "probe", "rollout", "status", "deployment/probe", "--timeout=90s")
	forwarded := "http://" + c.do("forward", "probe/probe:http")
	if again := "http://" + c.do("forward", "probe/probe:http"); again != forwarded {
		t.Errorf("forwarding the same Service again: got %s, want %s", again, forwarded)
	}

	t.Run("what a pod reaches", func(t *testing.T) { podReaches(t, c, forwarded) })
	t.Run("logs and port-forward", func(t *testing.T) { logsAndPortForward(t, c) })
	t.Run("forward outlives a pod, and the volume its data", func(t *testing.T) { podReplaced(t, c, forwarded) })
	t.Run("a dead component is restarted", func(t *testing.T) { componentDies(t, c) })
	t.Run("up repairs a killed cluster", func(t *testing.T) { clusterKilled(t, c, forwarded) })
	t.Run("a volume goes with its claim", func(t *testing.T) { volumeReclaimed(t, c) })

	traces := takeFootprint(t, c, tables) // the repair made a new namespace
	c.do("down")
	traces.assertGone(t)
	if _, err := os.Stat(c.state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the state directory is still there: %v", err)
	}
}

func podReaches(t *testing.T, c testCluster, base string) {
	onHost := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "hello from the host")
	}))
	listener, err := net.Listen("tcp", net.JoinHostPort(c.status().HostAddress, "0"))
	if err != nil {
		t.Fatal(err)
	}
	_ = onHost.Listener.Close()
	onHost.Listener = listener
	onHost.Start()
	defer onHost.Close()

	service := c.kubectl("-n", "probe", "get", "service", "probe", "-o", "jsonpath={.spec.clusterIP}")
	tests := []struct{ name, path, want string }{
		{"runs as the image's user", "/user", "65532"},
		{"short name", "/lookup?name=probe", service},
		{"full name", "/lookup?name=kubernetes.default.svc.cluster.local", "10.96.0.1"},
		{"the API server, as itself", "/api", `"gitVersion": "v1.`},
		{"itself through its Service", "/fetch?url=" + url.QueryEscape("http://probe/healthz"), "ok"},
		{"the host", "/fetch?url=" + url.QueryEscape(onHost.URL), "hello from the host"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := get(t, base+tt.path)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
		})
	}
	if got, err := get(t, base+"/lookup?name=example.com"); err == nil {
		t.Errorf("a name outside the cluster resolved: %s", got)
	}
}

func logsAndPortForward(t *testing.T, c testCluster) {
	if log := c.kubectl("-n", "probe", "logs", "deployment/probe"); !strings.Contains(log, "probe listens") {
		t.Errorf("logs: got %q", log)
	}
	out := &lockedBuffer{}
	cmd := kubectlCommand(c, "-n", "probe", "port-forward", "service/probe", ":80")
	cmd.Stdout = out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
	eventually(t, 15*time.Second, "port-forward answers", func() error {
		_, rest, ok := strings.Cut(out.String(), "Forwarding from ")
		address, _, ok2 := strings.Cut(rest, " ->")
		if !ok || !ok2 {
			return fmt.Errorf("it said: %q", out.String())
		}
		_, err := get(t, "http://"+address+"/healthz")
		return err
	})
}

func podReplaced(t *testing.T, c testCluster, base string) {
	if _, err := get(t, base+"/write?text=kept"); err != nil {
		t.Fatal(err)
	}
	c.kubectl("-n", "probe", "delete", "pod", "-l", "app=probe", "--wait=true")
	got, err := get(t, base+"/read")
	if err != nil || got != "kept" {
		t.Errorf("after the pod was replaced: got %q, %v", got, err)
	}
}

func componentDies(t *testing.T, c testCluster) {
	const victim = "kube-scheduler"
	host := hostPID(t, c, victim)
	if err := syscall.Kill(host, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "the scheduler runs again", func() error {
		r := c.status()
		for _, component := range r.Status.Components {
			if component.Name == victim && component.Restarts == 1 && r.Status.Ready {
				return nil
			}
		}
		return fmt.Errorf("%+v", r.Status)
	})
}

func clusterKilled(t *testing.T, c testCluster, base string) {
	if err := syscall.Kill(c.status().PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "status notices", func() error {
		if _, err := c.try("status"); err == nil {
			return errors.New("it says that all is well")
		}
		return nil
	})
	c.do("up")
	eventually(t, 60*time.Second, "the pod serves its data again at the same address", func() error {
		got, err := get(t, base+"/read")
		if err == nil && got != "kept" {
			err = fmt.Errorf("got %q", got)
		}
		return err
	})
}

func volumeReclaimed(t *testing.T, c testCluster) {
	volumes := func() []string {
		found, _ := filepath.Glob(filepath.Join(c.state, "volumes", "*"))
		return found
	}
	if len(volumes()) != 1 {
		t.Fatalf("volumes: got %v, want one", volumes())
	}
	c.kubectl("delete", "namespace", "probe", "--wait=true", "--timeout=60s")
	eventually(t, 20*time.Second, "volume and data removed", func() error {
		if left := volumes(); len(left) > 0 {
			return fmt.Errorf("data: %v", left)
		}
		if left, err := c.tryKubectl("get", "pv", "-o", "name"); err != nil || left != "" {
			return fmt.Errorf("volumes: %q, %v", left, err) //nolint:errorlint // may be nil
		}
		return nil
	})
}

// hostPID finds a component's process as the host numbers it.
func hostPID(t *testing.T, c testCluster, name string) int {
	t.Helper()
	network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", c.status().PID))
	if err != nil {
		t.Fatal(err)
	}
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range paths {
		own, _ := os.Readlink(filepath.Join(p, "ns", "net"))
		comm, _ := os.ReadFile(filepath.Join(p, "comm"))
		if own == network && strings.HasPrefix(name, strings.TrimSpace(string(comm))) {
			var pid int
			_, _ = fmt.Sscan(filepath.Base(p), &pid)
			return pid
		}
	}
	t.Fatalf("no process of %s found", name)
	return 0
}
