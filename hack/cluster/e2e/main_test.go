package e2e_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/image/archive"
)

// Paths that TestMain sets.
var (
	program  string // the cluster program
	probeTar string // the probe's image
	binDir   string // the tools
)

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		fmt.Println("skipping: these tests start clusters, and -short is set")
		return
	}
	code, err := runTests(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runTests(m *testing.M) (int, error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return 0, err
	}
	binDir = filepath.Join(root, ".local", "bin")
	tmp, err := os.MkdirTemp("", "cluster-e2e")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := os.Chmod(tmp, 0o755); err != nil { // for the test that runs as nobody
		return 0, err
	}
	program = filepath.Join(tmp, "cluster")
	probe := filepath.Join(tmp, "probe")
	for target, pkg := range map[string]string{program: "..", probe: "./probe"} {
		build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false", "-o", target, pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	image, err := archive.Build(archive.Spec{
		Architecture: runtime.GOARCH, User: "65532:65532", Entrypoint: []string{"/probe"}, Stored: true,
		Layers: []archive.Layer{{{Path: "/probe", Source: probe, Mode: 0o755}}},
	})
	if err != nil {
		return 0, err
	}
	probeTar = filepath.Join(tmp, "probe.tar")
	if err := archive.Write(probeTar, "docker.io/frontdesk/probe:test", image); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, control groups and a link to the host are at stake")
	}
}

// testCluster is a cluster with a state directory of its own.
type testCluster struct {
	t     *testing.T
	state string
}

func newCluster(t *testing.T) testCluster {
	t.Helper()
	c := testCluster{t: t, state: filepath.Join(t.TempDir(), "state")}
	t.Cleanup(func() { _, _ = c.try("down") })
	return c
}

func (c testCluster) command(args ...string) *exec.Cmd {
	return exec.Command(program, append(args, "--state="+c.state)...)
}

// try runs a command and returns its standard output; the error carries the rest.
func (c testCluster) try(args ...string) (string, error) {
	return output(c.command(args...))
}

func (c testCluster) do(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("cluster %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(out)
}

func (c testCluster) tryKubectl(args ...string) (string, error) {
	cmd := exec.Command(filepath.Join(binDir, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(c.state, "kubeconfig"))
	return output(cmd)
}

func (c testCluster) kubectl(args ...string) string {
	c.t.Helper()
	out, err := c.tryKubectl(args...)
	if err != nil {
		c.t.Fatalf("kubectl %s: %v", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(out)
}

// record is the part of `status -o json` that tests read.
type record struct {
	ID          string `json:"id"`
	PID         int    `json:"pid"`
	HostAddress string `json:"hostAddress"`
	NodeAddress string `json:"nodeAddress"`
	Nodes       string `json:"nodes"`
	Status      struct {
		Ready      bool   `json:"ready"`
		Message    string `json:"message"`
		Components []struct {
			Name     string `json:"name"`
			PID      int    `json:"pid"`
			Restarts int    `json:"restarts"`
		} `json:"components"`
	} `json:"status"`
}

func (c testCluster) status() record {
	c.t.Helper()
	out, err := c.try("status", "-o", "json")
	if out == "" {
		c.t.Fatalf("cluster status: %v", err)
	}
	var r record
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		c.t.Fatal(err)
	}
	return r
}

func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w\n%s%s", err, stdout.String(), stderr.String())
	}
	return stdout.String(), err
}

// get asks a web server and returns its answer.
func get(t *testing.T, url string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	// A connection for each request: a kept one would hide a dead forward.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return strings.TrimSpace(string(body)), err
}

func eventually(t *testing.T, patience time.Duration, what string, ok func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s: %v", what, patience, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
