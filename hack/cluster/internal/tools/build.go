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
	"strconv"
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
	done := 0
	for _, batch := range batches(todo) {
		if err := b.build(ctx, batch, done+1, len(todo)); err != nil {
			return err
		}
		done += len(batch)
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

// build builds tools of one batch; the first is the i-th of n.
func (b Builder) build(ctx context.Context, batch []Tool, i, n int) error {
	version, err := batch[0].Version(b.Root)
	if err != nil {
		return err
	}
	label := fmt.Sprintf("[%s/%d] %s %s", span(i, len(batch)), n, names(batch), version)
	b.say("%s: building", label)
	stamps := make([]string, len(batch))
	for i, t := range batch {
		if stamps[i], err = b.stamp(t); err != nil {
			return err
		}
	}
	begin := time.Now()
	built, err := os.MkdirTemp(b.BinDir, ".building-")
	if err != nil {
		return fmt.Errorf("folder for what is being built: %w", err)
	}
	defer func() { _ = os.RemoveAll(built) }()
	cmd := exec.CommandContext(ctx, "go", goArguments(batch, version, built)...)
	cmd.Dir = filepath.Join(b.Root, batch[0].Set)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if os.Getenv("GOGC") == "" {
		// The compiler is a short-lived program: letting its heap grow takes a fifth off its processor time.
		cmd.Env = append(cmd.Env, "GOGC=400")
	}
	stop := b.beat(label, begin)
	out, err := cmd.CombinedOutput()
	stop()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", names(batch), err, strings.TrimSpace(string(out)))
	}
	for i, t := range batch {
		if err := os.Rename(filepath.Join(built, t.Name), filepath.Join(b.BinDir, t.Name)); err != nil {
			return fmt.Errorf("install %s: %w", t.Name, err)
		}
		if err := state.WriteFile(b.stampPath(t), []byte(stamps[i]), 0o644); err != nil {
			return fmt.Errorf("install %s: %w", t.Name, err)
		}
	}
	b.say("%s: done in %s", label, time.Since(begin).Round(time.Second))
	return nil
}

// goArguments build a batch into a folder.
func goArguments(batch []Tool, version, folder string) []string {
	args := batch[0].args(version)
	if len(batch) == 1 {
		return append(args, "-o", filepath.Join(folder, batch[0].Name), batch[0].Package)
	}
	args = append(args, "-o", folder)
	for _, t := range batch {
		args = append(args, t.Package)
	}
	return args
}

func span(first, length int) string {
	if length == 1 {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d–%d", first, first+length-1)
}

func names(batch []Tool) string {
	var all []string
	for _, t := range batch {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
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
