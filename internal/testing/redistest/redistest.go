package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// patience bounds starting and stopping a server, on a busy machine.
	patience = 30 * time.Second
	// pollInterval is how often a starting server is asked whether it answers.
	pollInterval = 5 * time.Millisecond
)

// Server is a Redis of the test's own.
type Server struct {
	t       testing.TB
	folder  string
	process *process
}

// process is one run of the server program.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	log    bytes.Buffer // read only after exited is closed
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	// Not t.TempDir: its path can be longer than a socket's may be.
	folder, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, folder: folder}
	t.Cleanup(func() {
		s.Halt()
		if err := os.RemoveAll(folder); err != nil {
			t.Errorf("redistest: %v", err)
		}
	})
	s.Boot()
	return s
}

func (s *Server) socket() string { return filepath.Join(s.folder, "redis.sock") }

// URL is the address of the server; a restarted server keeps it.
func (s *Server) URL() string { return "unix://" + s.socket() }

// Client returns a new client that is closed with the test. Each call stands for another replica.
func (s *Server) Client() *redis.Client {
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	options.ContextTimeoutEnabled = true
	client := redis.NewClient(options)
	s.t.Cleanup(func() {
		if err := client.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
			s.t.Errorf("redistest: close a client: %v", err)
		}
	})
	return client
}

// Boot starts the server program, empty, and waits until it answers.
func (s *Server) Boot() {
	s.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatalf("redistest: Redis is not installed; run make deps: %v", err)
	}
	cmd := exec.CommandContext(context.Background(), program, "--port", "0", "--unixsocket", s.socket(), "--save", "", "--appendonly", "no", "--dir", s.folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started, err := run(cmd)
	if err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
	s.process = started
	if err := s.await(); err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
}

func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), MaxRetries: -1})
	defer func() { _ = client.Close() }() // it was only for asking
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		answer := client.Ping(ctx).Err()
		if answer == nil {
			return nil
		}
		select {
		case <-s.process.exited:
			return fmt.Errorf("redis-server ended while starting:\n%s", &s.process.log)
		case <-ctx.Done():
			return fmt.Errorf("redis-server does not answer: %w", answer)
		case <-ticker.C:
		}
	}
}

// Halt ends the server program at once and loses what it holds, as a crash does. Halting twice is harmless.
func (s *Server) Halt() {
	s.t.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.t.Errorf("redistest: %v", err)
	}
	select {
	case <-s.process.exited:
		s.process = nil
	case <-time.After(patience):
		s.t.Error("redistest: redis-server does not end")
	}
}

// Freeze stops the server from answering without closing its connections, until Thaw.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.process.cmd.Process.Signal(signal); err != nil {
		s.t.Fatalf("redistest: %v", err)
	}
}

// run starts the program on a thread that lives as long as it does: the kernel sends the parent-death signal
// when the thread that started a child ends, not when the process does.
func run(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is of no interest, that it did is
		}
		close(p.exited)
	}()
	return p, <-started
}
