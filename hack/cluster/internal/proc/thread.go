package proc

import (
	"os/exec"
	"runtime"
)

type startRequest struct {
	cmd    *exec.Cmd
	result chan error
}

// startFromOneThread starts all children from one operating-system thread that
// never ends: the parent-death signal is sent when the *thread* that started a
// child ends, and Go ends threads when it likes.
func (g *Group) startFromOneThread() {
	runtime.LockOSThread()
	for r := range g.starts {
		r.result <- r.cmd.Start()
	}
}

func (g *Group) startCommand(cmd *exec.Cmd) error {
	r := startRequest{cmd: cmd, result: make(chan error, 1)}
	g.starts <- r
	return <-r.result
}
