package cgroup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// prefix begins the name of every group of ours.
const prefix = "frontdesk-"

// Name is the group of the cluster with that id, as a path from the root of
// each hierarchy, without the leading slash.
func Name(id string) string { return prefix + id }

// systemPart holds the processes that are not pods. Version 2 allows no
// processes beside groups with controllers, so they cannot sit at the top.
const systemPart = "system"

// mounts returns the mount points of all hierarchies.
func mounts() ([]string, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("find control groups: %w", err)
	}
	found := parseMounts(raw)
	if len(found) == 0 {
		return nil, errors.New("find control groups: none is mounted on this host")
	}
	return found, nil
}

// parseMounts picks the control-group mounts out of a mountinfo file (see
// proc_pid_mountinfo(5)).
func parseMounts(mountinfo []byte) []string {
	var found []string
	seen := map[string]bool{}
	for line := range bytes.Lines(mountinfo) {
		left, right, ok := strings.Cut(string(line), " - ")
		fields := strings.Fields(left)
		kind, _, _ := strings.Cut(right, " ")
		if !ok || len(fields) < 5 || (kind != "cgroup" && kind != "cgroup2") || seen[fields[4]] {
			continue
		}
		seen[fields[4]] = true
		found = append(found, fields[4])
	}
	return found
}

// Create makes the cluster's group in every hierarchy and moves the process
// pid into its system part.
func Create(id string, pid int) error {
	hierarchies, err := mounts()
	if err != nil {
		return err
	}
	for _, root := range hierarchies {
		top := filepath.Join(root, Name(id))
		for _, dir := range []string{top, filepath.Join(top, systemPart)} {
			if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("create control group: %w", err)
			}
			if err := inheritCPUs(dir); err != nil {
				return fmt.Errorf("create control group %s: %w", dir, err)
			}
		}
		if err := move(filepath.Join(top, systemPart), pid); err != nil {
			return err
		}
	}
	return nil
}

// inheritCPUs copies the parent's processors and memory nodes: a new cpuset
// group of version 1 has none and takes no process.
func inheritCPUs(dir string) error {
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		current, err := os.ReadFile(filepath.Join(dir, file))
		if errors.Is(err, fs.ErrNotExist) || len(bytes.TrimSpace(current)) > 0 {
			continue
		}
		if err != nil {
			return err
		}
		parent, err := os.ReadFile(filepath.Join(filepath.Dir(dir), file))
		if errors.Is(err, fs.ErrNotExist) || len(bytes.TrimSpace(parent)) == 0 {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), parent, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// Leave moves processes out of the cluster's group to the root of every
// hierarchy, so that the group can be removed by one of them.
func Leave(pids ...int) error {
	hierarchies, err := mounts()
	if err != nil {
		return err
	}
	for _, root := range hierarchies {
		for _, pid := range pids {
			if err := move(root, pid); err != nil {
				return err
			}
		}
	}
	return nil
}

func move(group string, pid int) error {
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644); err != nil {
		return fmt.Errorf("move process %d to control group %s: %w", pid, group, err)
	}
	return nil
}

// Processes lists the processes in the cluster's group, as this process's
// PID namespace numbers them. The part narrows it: "" for all, "kubepods" for
// pods.
func Processes(id, part string) ([]int, error) {
	hierarchies, err := mounts()
	if err != nil {
		return nil, err
	}
	seen := map[int]bool{}
	var pids []int
	for _, root := range hierarchies {
		for _, dir := range groupsUnder(filepath.Join(root, Name(id), part)) {
			for _, pid := range procs(dir) {
				if !seen[pid] {
					seen[pid] = true
					pids = append(pids, pid)
				}
			}
		}
	}
	return pids, nil
}

// Remove deletes the cluster's group in every hierarchy, waiting for its last
// processes to be gone until ctx ends.
func Remove(ctx context.Context, id string) error {
	hierarchies, err := mounts()
	if err != nil {
		return err
	}
	for _, root := range hierarchies {
		if err := removeTree(ctx, filepath.Join(root, Name(id))); err != nil {
			return err
		}
	}
	return nil
}

func removeTree(ctx context.Context, top string) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		groups := groupsUnder(top)
		var last error
		for i := len(groups) - 1; i >= 0; i-- { // children before parents
			if err := unix.Rmdir(groups[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				last = fmt.Errorf("remove control group %s: %w", groups[i], err)
			}
		}
		if last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return last
		case <-tick.C:
		}
	}
}

// Stale lists the ids of clusters whose group is left without any process:
// their end was too sudden to clean up.
func Stale() ([]string, error) {
	hierarchies, err := mounts()
	if err != nil {
		return nil, err
	}
	empty := map[string]bool{}
	for _, root := range hierarchies {
		tops, err := filepath.Glob(filepath.Join(root, prefix+"*"))
		if err != nil {
			return nil, err
		}
		for _, top := range tops {
			id := strings.TrimPrefix(filepath.Base(top), prefix)
			if _, known := empty[id]; known {
				continue
			}
			pids, err := Processes(id, "")
			if err != nil {
				return nil, err
			}
			empty[id] = len(pids) == 0
		}
	}
	var ids []string
	for id, isEmpty := range empty {
		if isEmpty {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// groupsUnder lists a group and all below it, parents first.
func groupsUnder(top string) []string {
	var dirs []string
	_ = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return filepath.SkipDir // it went away meanwhile
		}
		if d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}

func procs(group string) []int {
	raw, err := os.ReadFile(filepath.Join(group, "cgroup.procs"))
	if err != nil {
		return nil
	}
	var pids []int
	for _, f := range strings.Fields(string(raw)) {
		if pid, err := strconv.Atoi(f); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
