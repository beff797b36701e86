package rig

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// stopTimeout is how long a process may take to end after SIGTERM before it is killed.
const stopTimeout = 30 * time.Second

// Process is a child process. The kernel kills it when this program dies, however that happens.
type Process struct {
	command *exec.Cmd
	exited  chan struct{}
	logPath string
}

// Start runs a command; what it prints goes to a file in the folder, as it would to a container's log.
func Start(command *exec.Cmd, folder string) (*Process, error) {
	log, err := os.Create(filepath.Join(folder, filepath.Base(command.Path)+".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the child has its own copy
	p := &Process{command: command, exited: make(chan struct{}), logPath: log.Name()}
	command.Stdout, command.Stderr = log, log
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
	started := make(chan error)
	go func() {
		// The signal comes when the thread that started the child ends, so this one must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			_ = command.Wait() // how it ended is asked of ProcessState
		}
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", command.Path, err)
	}
	return p, nil
}

// Pid is the process's number.
func (p *Process) Pid() int { return p.command.Process.Pid }

// Exited is closed when the process has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends the process as a crash would, and waits until it is gone.
func (p *Process) Kill() error { return p.end(syscall.SIGKILL) }

// Stop asks the process to end, and waits until it has.
func (p *Process) Stop() error { return p.end(syscall.SIGTERM) }

func (p *Process) end(signal syscall.Signal) error {
	if err := p.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(fmt.Errorf("%s did not end in time and was killed", p.command.Path), p.command.Process.Kill())
	}
}

// LogTail is the end of what the process printed, for error messages.
func (p *Process) LogTail() string {
	text, err := os.ReadFile(p.logPath)
	if err != nil {
		return err.Error()
	}
	const tail = 4096
	return string(bytes.TrimSpace(text[max(0, len(text)-tail):]))
}
