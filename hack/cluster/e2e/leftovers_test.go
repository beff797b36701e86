package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// footprint is what tells the traces of one cluster from everything else on
// the host. It is taken while the cluster runs.
type footprint struct {
	cluster testCluster
	id      string
	host    string // address on the host
	// network is the identity of the cluster's network namespace: whatever is
	// still in there belongs to it.
	network string
	// tables are the host's iptables rules before.
	tables string
}

func takeFootprint(t *testing.T, c testCluster, tablesBefore string) footprint {
	t.Helper()
	r := c.status()
	network, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", r.PID))
	if err != nil {
		t.Fatal(err)
	}
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	if own == network {
		t.Fatal("the cluster shares the host's network")
	}
	f := footprint{cluster: c, id: r.ID, host: r.HostAddress, network: network, tables: tablesBefore}
	// If these found nothing in a running cluster, finding nothing after it
	// would mean nothing.
	for name, look := range f.looks() {
		if name != "iptables" && name != "mounts" && len(look(t)) == 0 {
			t.Fatalf("a running cluster shows no %s: this test is blind", name)
		}
	}
	return f
}

// assertGone waits for every trace to be gone: the kernel takes a moment to
// remove a network namespace.
func (f footprint) assertGone(t *testing.T) {
	t.Helper()
	for name, look := range f.looks() {
		eventually(t, 15*time.Second, "no "+name+" left behind", func() error {
			if left := look(t); len(left) > 0 {
				return fmt.Errorf("still there: %s", strings.Join(left, "; "))
			}
			return nil
		})
	}
}

func (f footprint) looks() map[string]func(*testing.T) []string {
	return map[string]func(*testing.T) []string{
		"processes": f.processes, "control groups": f.groups, "mounts": f.mounts,
		"links": f.links, "addresses": f.addresses, "iptables": f.rules,
	}
}

func (f footprint) processes(*testing.T) []string {
	var left []string
	paths, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range paths {
		network, _ := os.Readlink(filepath.Join(p, "ns", "net"))
		cmdline, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		line := strings.ReplaceAll(string(cmdline), "\x00", " ")
		if network == f.network || strings.Contains(line, f.cluster.state) {
			left = append(left, filepath.Base(p)+" "+line)
		}
	}
	return left
}

func (f footprint) groups(*testing.T) []string {
	var left []string
	for _, pattern := range []string{"/sys/fs/cgroup/frontdesk-", "/sys/fs/cgroup/*/frontdesk-"} {
		found, _ := filepath.Glob(pattern + f.id)
		left = append(left, found...)
	}
	return left
}

func (f footprint) mounts(t *testing.T) []string {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(raw), "\n"), func(line string) bool {
		return !strings.Contains(line, f.cluster.state) && !strings.Contains(line, "/run/frontdesk")
	})
}

func (f footprint) links(t *testing.T) []string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, i := range all {
		if strings.Contains(i.Name, f.id) {
			left = append(left, i.Name)
		}
	}
	return left
}

func (f footprint) addresses(t *testing.T) []string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, a := range all {
		if strings.HasPrefix(a.String(), f.host+"/") {
			left = append(left, a.String())
		}
	}
	return left
}

func (f footprint) rules(t *testing.T) []string {
	t.Helper()
	if now := iptables(t); now != f.tables {
		return []string{"before:\n" + f.tables + "\nafter:\n" + now}
	}
	return nil
}

// iptables returns the host's rules without the counters and dates.
func iptables(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("iptables-save").Output()
	if err != nil {
		t.Fatalf("iptables-save: %v", err)
	}
	var rules []string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "-A") || (strings.HasPrefix(line, ":") && strings.Contains(line, " - ")) {
			rule, _, _ := strings.Cut(line, " [")
			rules = append(rules, strings.TrimSpace(rule))
		}
	}
	return strings.Join(rules, "\n")
}
