package proc_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/proc"
)

func newGroup(t *testing.T) (*proc.Group, string) {
	t.Helper()
	dir := t.TempDir()
	return proc.NewGroup(dir, slog.New(slog.DiscardHandler)), dir
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("did not happen in time: %s", what)
		}
	}
}

func TestRestartsWhatEndsByItself(t *testing.T) {
	t.Parallel()
	g, dir := newGroup(t)
	if err := g.Start(proc.Component{Name: "once", Path: "/bin/sh", Args: []string{"-c", "echo run; exit 3"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two restarts", func() bool { return g.Status()[0].Restarts >= 2 })
	if got, want := g.Status()[0].LastExit, "exit status 3"; got != want {
		t.Errorf("last exit: got %q, want %q", got, want)
	}
	eventually(t, "the output of all three runs in one log", func() bool {
		log, err := os.ReadFile(filepath.Join(dir, "once.log"))
		return err == nil && strings.HasPrefix(string(log), "run\nrun\nrun\n")
	})
	g.Stop(t.Context(), "once")
}

func TestStop(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, script string }{
		{"ends on SIGTERM", "exec sleep 1000"},
		{"ignores SIGTERM", "trap '' TERM; while :; do sleep 0.05; done"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, _ := newGroup(t)
			if err := g.Start(proc.Component{Name: "c", Path: "/bin/sh", Args: []string{"-c", tt.script}}); err != nil {
				t.Fatal(err)
			}
			pid := g.Status()[0].PID
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			g.Stop(ctx, "c")
			if s := g.Status()[0]; s.State != proc.Stopped || s.Restarts != 0 {
				t.Errorf("after Stop: %+v", s)
			}
			if syscall.Kill(pid, 0) == nil {
				t.Errorf("process %d still runs", pid)
			}
		})
	}
}

func TestStartReportsMissingProgram(t *testing.T) {
	t.Parallel()
	g, _ := newGroup(t)
	if err := g.Start(proc.Component{Name: "absent", Path: "/does/not/exist"}); err == nil {
		t.Error("starting a missing program reported no error")
	}
}
