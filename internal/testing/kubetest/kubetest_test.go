package kubetest

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// hangVariable makes this test binary start a cluster, say so and wait to be killed.
const hangVariable = "FRONTDESK_KUBETEST_HANG"

func TestMain(m *testing.M) { Main(m, Options{}) }

func TestClusterServesTheKindsOfThisProject(t *testing.T) {
	cluster := Start(t)
	namespace := cluster.Namespace(t)
	for _, list := range []client.ObjectList{&v1alpha1.TenantList{}, &v1alpha1.BookingPolicyList{}, &v1alpha1.CampaignList{}} {
		if err := cluster.Client.List(t.Context(), list, client.InNamespace(namespace)); err != nil {
			t.Errorf("list %T: %v", list, err)
		}
	}
	if out := cluster.MustKubectl(t, "get", "namespace", namespace, "-o", "name"); strings.TrimSpace(out) != "namespace/"+namespace {
		t.Errorf("kubectl printed %q", out)
	}
	if _, err := cluster.Kubectl(t.Context(), "", "get", "namespace", "no-such"); err == nil || !strings.Contains(err.Error(), "NotFound") {
		t.Errorf("kubectl's own words are missing from the error: %v", err)
	}
}

func TestNamespacesAreTheTestsOwn(t *testing.T) {
	cluster := Start(t)
	first, second := cluster.Namespace(t), cluster.Namespace(t)
	policy := &v1alpha1.BookingPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "hours", Namespace: first},
		Spec: v1alpha1.BookingPolicySpec{Hours: v1alpha1.WeekSchedule{{
			Days:  []v1alpha1.Weekday{v1alpha1.Monday},
			Spans: v1alpha1.Spans{{From: "09:00", To: "17:00"}},
		}}},
	}
	if err := cluster.Client.Create(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	err := cluster.Client.Get(t.Context(), client.ObjectKey{Namespace: second, Name: "hours"}, &v1alpha1.BookingPolicy{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("an object of the first namespace is in the second: %v", err)
	}
}

func TestMissingBinariesSayWhatToDo(t *testing.T) {
	t.Setenv(assetsVariable, t.TempDir())
	_, err := findAssets(t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "run make tools") {
		t.Errorf("got %v, want an error that says: run make tools", err)
	}
}

// A killed test binary must not leave an API server behind that holds memory and a port for ever.
func TestKilledBinaryLeavesNothingBehind(t *testing.T) {
	if os.Getenv(hangVariable) != "" {
		cluster := Start(t)
		if _, err := os.Stdout.WriteString("serving " + cluster.dir + "\n"); err != nil {
			t.Fatal(err)
		}
		select {}
	}
	if runtime.GOOS != "linux" {
		t.Skip("other systems than Linux cannot tie a process to its parent")
	}
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Fatal("setpriv is missing: install util-linux")
	}
	victim := exec.Command(os.Args[0], "-test.run=^TestKilledBinaryLeavesNothingBehind$")
	victim.Env = append(os.Environ(), hangVariable+"=1")
	stdout, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()

	var dir string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if found, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			dir = found
			break
		}
	}
	if dir == "" {
		t.Fatal("the child did not start a cluster")
	}
	pids := processesMentioning(t, dir)
	if len(pids) != 2 {
		t.Fatalf("found processes %v, want etcd and kube-apiserver", pids)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if left := processesMentioning(t, dir); len(left) == 0 {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("processes %v outlived the test binary", left)
		}
	}
	_ = victim.Wait()

	own, err := newRunDir()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(own) }()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the next run did not remove %s: %v", dir, err)
	}
}

// processesMentioning lists the processes, other than this one and zombies, with text in their command line.
func processesMentioning(t *testing.T, text string) []int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, file := range files {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		cmdline, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(cmdline), text) || pid == os.Getpid() {
			continue // gone meanwhile, or another's
		}
		if syscall.Kill(pid, 0) == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
