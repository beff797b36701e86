package proc

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Component is a program to keep running.
type Component struct {
	// Name is also the name of the log file.
	Name string
	Path string
	Args []string
}

// Restarts of a component that ends by itself: at most restartLimit within
// restartWindow, with a doubling pause from firstPause.
const (
	restartLimit  = 8
	restartWindow = 5 * time.Minute
	firstPause    = 200 * time.Millisecond
	longestPause  = 10 * time.Second
)

// Status says how a component is doing.
type Status struct {
	Name string `json:"name"`
	// State is Running, Restarting, Failed or Stopped.
	State    State     `json:"state"`
	PID      int       `json:"pid,omitempty"`
	Restarts int       `json:"restarts"`
	Since    time.Time `json:"since"`
	// LastExit is how it ended last, if it did.
	LastExit string `json:"lastExit,omitempty"`
}

// State of a component.
type State string

// The states of a component.
const (
	Running    State = "Running"
	Restarting State = "Restarting"
	Failed     State = "Failed"
	Stopped    State = "Stopped"
)

// Group runs components.
type Group struct {
	logDir string
	log    *slog.Logger
	starts chan startRequest

	mu    sync.Mutex
	procs []*process
}

type process struct {
	component Component
	stop      chan struct{} // closed to stop it
	done      chan struct{} // closed when it is stopped or failed

	mu     sync.Mutex
	status Status
	cmd    *exec.Cmd
}

// NewGroup returns a group that writes logs to logDir. It lasts as long as the
// process.
func NewGroup(logDir string, log *slog.Logger) *Group {
	g := &Group{logDir: logDir, log: log, starts: make(chan startRequest)}
	go g.startFromOneThread()
	return g
}

// Start runs a component until it is stopped. It returns an error only when the
// first start fails.
func (g *Group) Start(c Component) error {
	p := &process{component: c, stop: make(chan struct{}), done: make(chan struct{})}
	if err := os.Remove(g.logPath(c.Name)); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	if err := g.launch(p); err != nil {
		return err
	}
	g.mu.Lock()
	g.procs = append(g.procs, p)
	g.mu.Unlock()
	go g.keep(p)
	return nil
}

// Status lists the components in the order of their start.
func (g *Group) Status() []Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Status, 0, len(g.procs))
	for _, p := range g.procs {
		all = append(all, p.snapshot())
	}
	return all
}

// Healthy returns an error naming the first component that is not running.
func (g *Group) Healthy() error {
	for _, s := range g.Status() {
		if s.State != Running {
			return fmt.Errorf("%s is %s (%s); see %s", s.Name, s.State, s.LastExit, g.logPath(s.Name))
		}
	}
	return nil
}

// Stop ends a component with SIGTERM and, when ctx ends first, with SIGKILL. A
// component that was never started is no error.
func (g *Group) Stop(ctx context.Context, name string) {
	g.mu.Lock()
	var found *process
	for _, p := range g.procs {
		if p.component.Name == name {
			found = p
		}
	}
	g.mu.Unlock()
	if found == nil {
		return
	}
	close(found.stop)
	found.signal(syscall.SIGTERM)
	select {
	case <-found.done:
	case <-ctx.Done():
		found.signal(syscall.SIGKILL)
		<-found.done
	}
}

func (g *Group) logPath(name string) string { return filepath.Join(g.logDir, name+".log") }

func (g *Group) launch(p *process) error {
	c := p.component
	log, err := os.OpenFile(g.logPath(c.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	// In an isolated cluster the kernel ends all children with the namespace;
	// elsewhere this signal does.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := g.startCommand(cmd); err != nil {
		return fmt.Errorf("start %s: %w", c.Name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = cmd
	p.status.Name, p.status.State, p.status.PID, p.status.Since = c.Name, Running, cmd.Process.Pid, time.Now()
	return nil
}

// keep waits for the process and restarts it until told to stop.
func (g *Group) keep(p *process) {
	defer close(p.done)
	pause, recent := firstPause, []time.Time{}
	for {
		err := p.cmd.Wait()
		how := "exit status 0"
		if err != nil {
			how = err.Error()
		}
		select {
		case <-p.stop:
			p.set(Stopped, how)
			return
		default:
		}
		recent = within(append(recent, time.Now()), restartWindow)
		g.log.Warn("Component ended by itself", "component", p.component.Name, "how", how, "recently", len(recent))
		if len(recent) > restartLimit {
			p.set(Failed, how)
			return
		}
		if len(recent) == 1 {
			pause = firstPause
		}
		p.set(Restarting, how)
		select {
		case <-p.stop:
			p.set(Stopped, how)
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
		if err := g.launch(p); err != nil {
			p.set(Failed, err.Error())
			return
		}
		p.mu.Lock()
		p.status.Restarts++
		p.mu.Unlock()
	}
}

func (p *process) set(s State, how string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status.State, p.status.LastExit, p.status.Since, p.status.PID = s, how, time.Now(), 0
}

func (p *process) snapshot() Status {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.status
}

// signal reaches the component unless it has been waited for already.
func (p *process) signal(sig os.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		_ = p.cmd.Process.Signal(sig) // os.ErrProcessDone: nothing to stop
	}
}

func within(times []time.Time, window time.Duration) []time.Time {
	for len(times) > 0 && time.Since(times[0]) > window {
		times = times[1:]
	}
	return times
}
