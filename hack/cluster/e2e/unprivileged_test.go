package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestWithoutRoot runs as nobody: the same commands give simulated nodes and
// say so, and a kill leaves no process.
func TestWithoutRoot(t *testing.T) {
	const nobody = 65534
	home, err := os.MkdirTemp("", "cluster-nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	c := testCluster{t: t, state: filepath.Join(home, "state")}
	command := func(args ...string) *exec.Cmd {
		cmd := c.command(args...)
		if os.Geteuid() == 0 {
			if err := os.Chown(home, nobody, nobody); err != nil {
				t.Fatal(err)
			}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			cmd.Env = []string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}
		}
		return cmd
	}
	t.Cleanup(func() { _, _ = output(command("down")) })
	up := command("up")
	said, err := up.CombinedOutput()
	if err != nil {
		t.Fatalf("up: %v\n%s", err, said)
	}
	if !strings.Contains(string(said), "Simulated nodes") {
		t.Errorf("it does not say that nodes are simulated:\n%s", said)
	}
	c.kubectl("create", "deployment", "web", "--image=nowhere.example/web")
	c.kubectl("rollout", "status", "deployment/web", "--timeout=60s")

	var pids []int
	r := c.status()
	for _, component := range r.Status.Components {
		pids = append(pids, component.PID)
	}
	if len(pids) < 5 {
		t.Fatalf("components: %+v", r.Status.Components)
	}
	if err := syscall.Kill(r.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, "no component outlives the supervisor", func() error {
		for _, pid := range pids {
			if raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && strings.Contains(string(raw), c.state) {
				return fmt.Errorf("process %d: %s", pid, raw)
			}
		}
		return nil
	})
	if out, err := output(command("down")); err != nil {
		t.Fatalf("down: %v\n%s", err, out)
	}
	if _, err := os.Stat(c.state); !os.IsNotExist(err) {
		t.Errorf("the state directory is still there: %v", err)
	}
}
