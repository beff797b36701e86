//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// failoverTimeout bounds the wait for another leader. One that was killed has its lease for another 15 s.
const failoverTimeout = time.Minute

// leader is who leads the operators of a site: the name of its pod and, after an underscore, a number for its process.
func (s *site) leader(t *testing.T) string {
	t.Helper()
	var lease coordinationv1.Lease
	if err := s.kubectl.Get(t.Context(), walkthrough.OperatorNamespace, "lease/frontdesk-operator", &lease); err != nil {
		t.Fatal(err)
	}
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// awaitOtherLeader waits until somebody else leads than before.
func (s *site) awaitOtherLeader(t *testing.T, former string) {
	t.Helper()
	eventually(t, failoverTimeout, func() error {
		if now := s.leader(t); now == "" || now == former {
			return fmt.Errorf("the lease is held by %q", now)
		}
		return nil
	})
}

// operatorProcess is a leading operator's process, on this machine.
type operatorProcess struct {
	leader string
	pid    int
}

// leaderProcess finds the leader's process by the control group of its container.
func (s *site) leaderProcess(t *testing.T) operatorProcess {
	t.Helper()
	leader := s.leader(t)
	name, _, _ := strings.Cut(leader, "_")
	var pod corev1.Pod
	if err := s.kubectl.Get(t.Context(), walkthrough.OperatorNamespace, "pod/"+name, &pod); err != nil {
		t.Fatal(err)
	}
	_, container, found := strings.Cut(pod.Status.ContainerStatuses[0].ContainerID, "://")
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil || !found {
		t.Fatalf("the container %q of %s: %v", container, name, err)
	}
	for _, file := range groups {
		group, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(group), container) {
			continue // it ended meanwhile, or is another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		return operatorProcess{leader: leader, pid: pid}
	}
	t.Fatalf("no process runs in container %q of %s", container, name)
	return operatorProcess{}
}

// kill ends the process at once: it finishes nothing, and does not give back the lease.
func (p operatorProcess) kill(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(p.pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s: %v", p.leader, err)
	}
}
