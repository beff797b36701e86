package pgtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// superuser is the role that the tests connect as.
const superuser = "frontdesk"

// stopTimeout is how long a server may take to shut down before it is killed.
const stopTimeout = 30 * time.Second

// pollInterval is how often a starting server is asked whether it answers.
const pollInterval = 20 * time.Millisecond

// Server is a Postgres of the caller's own, for tests that stop or restart it. Most tests want URL instead.
type Server struct {
	binaries string
	folder   string
	lock     *os.File
	user     *syscall.Credential
	password string
	port     int
	settings []string
	process  *process
}

// process is one run of the server program.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
	log    *bytes.Buffer // read only after exited is closed
}

// Durable are the settings of Postgres itself where the package's own trade safety for speed: what is measured
// must cost what it costs in production, and what is killed must have been written.
var Durable = []string{
	"fsync=on", "full_page_writes=on", "synchronous_commit=on", "shared_buffers=128MB", "autovacuum_naptime=1min",
}

// Start makes and starts a server. The caller must call Stop. Settings are name=value and go before the package's own.
func Start(ctx context.Context, settings ...string) (*Server, error) {
	binaries, err := findBinaries()
	if err != nil {
		return nil, err
	}
	user, err := unprivileged()
	if err != nil {
		return nil, err
	}
	s := &Server{binaries: binaries, user: user, password: rand.Text(), settings: settings}
	if s.folder, s.lock, err = makeFolder(user); err != nil {
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	if err := s.initialise(ctx); err != nil {
		return nil, errors.Join(err, s.removeFolder())
	}
	if err := s.Boot(ctx); err != nil {
		return nil, errors.Join(err, s.removeFolder())
	}
	return s, nil
}

// Program is the path of one of Postgres's programs, of the same version as the server.
func (s *Server) Program(name string) string { return filepath.Join(s.binaries, name) }

// Pid is the number of the running server program, whose children serve the connections.
func (s *Server) Pid() int { return s.process.cmd.Process.Pid }

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) initialise(ctx context.Context) error {
	passwordFile := filepath.Join(s.folder, "password")
	if err := os.WriteFile(passwordFile, []byte(s.password), 0o600); err != nil {
		return err
	}
	if s.user != nil {
		if err := os.Chown(passwordFile, int(s.user.Uid), int(s.user.Gid)); err != nil {
			return err
		}
	}
	cmd := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", superuser, "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	return nil
}

// Boot starts the server program and waits until it answers. A restarted server keeps its port and its data.
func (s *Server) Boot(ctx context.Context) error {
	const tries = 3 // another process may take the free port between finding and using it
	var err error
	for range tries {
		if s.port == 0 {
			if s.port, err = freePort(ctx); err != nil {
				return err
			}
		}
		if err = s.boot(ctx); err == nil || ctx.Err() != nil {
			return err
		}
		s.port = 0
	}
	return err
}

func (s *Server) boot(ctx context.Context) error {
	// A crash of the machine does not matter to a test; a crash of a program does, and needs no fsync to survive.
	args := []string{
		"-D", s.data(), "-k", s.folder, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
		"-c", "shared_buffers=64MB", "-c", "autovacuum_naptime=10min", "-c", "log_min_messages=fatal",
	}
	for _, setting := range s.settings {
		args = append(args, "-c", setting) // the last one counts
	}
	started, err := run(s.command(context.WithoutCancel(ctx), "postgres", args...))
	if err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.process = started
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		answer := s.exec(ctx, "SELECT 1")
		if answer == nil {
			return nil
		}
		select {
		case <-started.exited:
			return fmt.Errorf("postgres ended while starting:\n%s", started.log)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("postgres did not answer in time: %w", answer), s.Halt())
		case <-ticker.C:
		}
	}
}

// run starts the program on a thread that lives as long as it does: the kernel sends the parent-death signal
// when the thread that started a child ends, not when the process does.
func run(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{}), log: &bytes.Buffer{}}
	cmd.Stdout, cmd.Stderr = p.log, p.log
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		// A goroutine that ends while locked takes its thread along, and with it every child that this thread has
		// ever started.
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

// Halt stops the server program at once, as a crash would, and keeps its data.
func (s *Server) Halt() error { return s.end(syscall.SIGQUIT) }

// Stop shuts the server down and removes its data.
func (s *Server) Stop() error { return errors.Join(s.end(syscall.SIGINT), s.removeFolder()) }

func (s *Server) end(signal syscall.Signal) error {
	if err := s.process.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.process.exited:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(errors.New("postgres did not stop in time and was killed"), s.process.cmd.Process.Kill())
	}
}

// command runs one of Postgres's programs as the server's user. Nothing is inherited from the environment, so that no
// PG* variable reaches it.
func (s *Server) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Program(program), args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.user, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	address, err := netip.ParseAddrPort(listener.Addr().String())
	return int(address.Port()), errors.Join(err, listener.Close())
}

func stopAfter(s *Server, err error) error { return errors.Join(err, s.Stop()) }
