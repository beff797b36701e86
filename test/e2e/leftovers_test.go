//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// inventory is what a cluster could leave on a machine: one line for each thing.
type inventory map[string]bool

// takeInventory lists mounts, addresses, links, packet filter chains, control groups, the programs that run
// from our folder of tools, and the state folder.
func takeInventory() (inventory, error) {
	things := inventory{}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	things.add("mount", string(mounts))
	for kind, command := range map[string][]string{
		"address": {"ip", "-oneline", "-brief", "address"},
		"link":    {"ip", "-oneline", "-brief", "link"},
		"chain":   {"iptables-save"},
	} {
		out, err := exec.Command(command[0], command[1:]...).Output()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", command[0], err)
		}
		things.add(kind, string(out))
	}
	if err := things.addProcesses(); err != nil {
		return nil, err
	}
	for _, pattern := range []string{repository + "/.local/e2e*", "/sys/fs/cgroup/*frontdesk*", "/sys/fs/cgroup/*/*frontdesk*", "/run/netns/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		things.add("path", strings.Join(found, "\n"))
	}
	return things, nil
}

// add notes the lines of a listing. Counters and comments of iptables-save change by themselves.
func (i inventory) add(kind, lines string) {
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if kind == "chain" {
			line, _, _ = strings.Cut(line, " [")
		}
		i[kind+" "+line] = true
	}
}

// addProcesses notes what runs from our folder of tools, except programs that were there for another
// purpose: those are in the inventory taken before, too.
func (i inventory) addProcesses() error {
	tools, err := filepath.Abs(repository + "/.local/bin")
	if err != nil {
		return err
	}
	programs, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return err
	}
	for _, link := range programs {
		program, err := os.Readlink(link)
		if errors.Is(err, os.ErrNotExist) || err != nil {
			continue // it ended meanwhile, or belongs to the kernel
		}
		if strings.HasPrefix(program, tools) {
			i["process "+filepath.Dir(link)+" "+program] = true
		}
	}
	return nil
}

// awaitSame waits until nothing is there that was not there before. The kernel takes a moment to remove a
// namespace after its last process.
func (i inventory) awaitSame(patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		now, err := takeInventory()
		if err != nil {
			return err
		}
		var left []string
		for thing := range now {
			if !i[thing] {
				left = append(left, thing)
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			slices.Sort(left)
			return fmt.Errorf("the cluster is down and left:\n  %s", strings.Join(left, "\n  "))
		}
		time.Sleep(200 * time.Millisecond)
	}
}
