package rig

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
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

// RSS is the process's resident memory in MiB, as the kernel counts it.
func (p *Process) RSS() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kilobytes); n == 1 {
			return kilobytes / 1024, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS of process %d", p.Pid())
}

// clockTick is the unit in which the kernel tells processor time: Linux has 100 in a second on every architecture that
// Go runs on.
const clockTick = 10 * time.Millisecond

// CPU is the processor time that a process has used, in user and in kernel mode; ended is what those of its children had
// used that have ended.
func CPU(pid int) (own, ended time.Duration, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	// The name, in parentheses, may hold blanks. After it come state and ten numbers, then utime, stime, cutime and cstime;
	// see proc(5).
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return 0, 0, fmt.Errorf("/proc/%d/stat is short", pid)
	}
	var ticks [4]int64
	for i := range ticks {
		if ticks[i], err = strconv.ParseInt(fields[11+i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	return time.Duration(ticks[0]+ticks[1]) * clockTick, time.Duration(ticks[2]+ticks[3]) * clockTick, nil
}
