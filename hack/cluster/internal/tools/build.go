package tools

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

// Builder builds tools of the repository at Root into BinDir.
type Builder struct {
	Root, BinDir string
	// Progress receives a line for each tool, and one every so often for a
	// long build.
	Progress io.Writer
}

// lockPatience is how long to wait for another process that builds: a cold
// build of everything takes ten minutes on two processors.
const lockPatience = 30 * time.Minute

// heartbeat is how often a long build says that it is still going.
const heartbeat = 20 * time.Second

// Ensure builds those of the tools that are missing or out of date.
func (b Builder) Ensure(ctx context.Context, wanted []Tool) error {
	if b.allCurrent(wanted) {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(b.BinDir, ".stamps"), 0o755); err != nil {
		return fmt.Errorf("directory for tools: %w", err)
	}
	release, err := b.lock(ctx)
	if err != nil {
		return err
	}
	defer release()
	var todo []Tool
	for _, t := range wanted { // again: the other process may have built some
		if !b.current(t) {
			todo = append(todo, t)
		}
	}
	begin := time.Now()
	for i, t := range todo {
		if err := b.build(ctx, t, i+1, len(todo)); err != nil {
			return err
		}
	}
	if len(todo) > 0 {
		b.say("Built %d tools in %s.", len(todo), time.Since(begin).Round(time.Second))
	}
	return nil
}

func (b Builder) allCurrent(wanted []Tool) bool {
	for _, t := range wanted {
		if !b.current(t) {
			return false
		}
	}
	return true
}

func (b Builder) lock(ctx context.Context) (release func(), err error) {
	const name = ".lock"
	dir := state.Dir(b.BinDir)
	lock, err := dir.TryLock(name)
	if errors.Is(err, state.ErrLocked) {
		b.say("Another process is building tools; waiting for it.")
		waiting, cancel := context.WithTimeout(ctx, lockPatience)
		defer cancel()
		lock, err = dir.WaitLock(waiting, name)
	}
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}

func (b Builder) build(ctx context.Context, t Tool, i, n int) error {
	version, err := t.Version(b.Root)
	if err != nil {
		return err
	}
	label := fmt.Sprintf("[%d/%d] %s %s", i, n, t.Name, version)
	b.say("%s: building", label)
	stamp, err := b.stamp(t)
	if err != nil {
		return err
	}
	begin := time.Now()
	tmp := filepath.Join(b.BinDir, "."+t.Name+".tmp")
	cmd := exec.CommandContext(ctx, "go", append(t.args(version), "-o", tmp, t.Package)...)
	cmd.Dir = filepath.Join(b.Root, t.Set)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	stop := b.beat(label, begin)
	out, err := cmd.CombinedOutput()
	stop()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", t.Name, err, strings.TrimSpace(string(out)))
	}
	if err := os.Rename(tmp, filepath.Join(b.BinDir, t.Name)); err != nil {
		return fmt.Errorf("install %s: %w", t.Name, err)
	}
	if err := state.WriteFile(b.stampPath(t), []byte(stamp), 0o644); err != nil {
		return fmt.Errorf("install %s: %w", t.Name, err)
	}
	b.say("%s: done in %s", label, time.Since(begin).Round(time.Second))
	return nil
}

// beat reports elapsed time until stopped.
func (b Builder) beat(label string, begin time.Time) (stop func()) {
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				b.say("%s: still building, %s", label, time.Since(begin).Round(time.Second))
			}
		}
	}()
	return func() { close(done); <-ended }
}

func (b Builder) current(t Tool) bool {
	if _, err := os.Stat(filepath.Join(b.BinDir, t.Name)); err != nil {
		return false
	}
	had, err := os.ReadFile(b.stampPath(t))
	if err != nil {
		return false
	}
	want, err := b.stamp(t)
	return err == nil && string(had) == want
}

func (b Builder) stampPath(t Tool) string { return filepath.Join(b.BinDir, ".stamps", t.Name) }

// stamp is a digest of everything that decides what the program is.
func (b Builder) stamp(t Tool) (string, error) {
	version, err := t.Version(b.Root)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, t.Package, t.args(version))
	dir := filepath.Join(b.Root, t.Set)
	inputs := []string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum")}
	if strings.HasPrefix(t.Package, ".") {
		dir = filepath.Join(dir, t.Package)
		own, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return "", err
		}
		inputs = own // the standard library alone, or the module's files below
		if t.Module != "" {
			inputs = append(inputs, filepath.Join(dir, "go.mod"), filepath.Join(dir, "go.sum"))
		}
	}
	for _, path := range inputs {
		raw, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("stamp of %s: %w", t.Name, err)
		}
		_, _ = fmt.Fprintln(h, filepath.Base(path), len(raw))
		_, _ = h.Write(raw)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (b Builder) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.Progress, format+"\n", args...)
}
