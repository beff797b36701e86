package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
)

// isolatedVariable tells the program that it is the copy inside the namespace.
const isolatedVariable = "FRONTDESK_SCALE_ISOLATED"

// podRange holds every address that kwok gives to pods.
const podRange = "10.0.0.0/8"

func isolated() bool { return os.Getenv(isolatedVariable) != "" }

// isolate runs this program again in a network namespace of its own and returns how that ended.
func isolate(ctx context.Context) error {
	if runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return errors.New("it needs Linux and root, for a network namespace of its own: run sudo make scale")
	}
	// The signal of the parent's death is tied to the thread that started the child.
	runtime.LockOSThread()
	again := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	again.Cancel = func() error { return again.Process.Signal(syscall.SIGTERM) }
	again.Env = append(os.Environ(), isolatedVariable+"=1")
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	return again.Run()
}

// leadPodsHere makes the kernel deliver to this namespace whatever is sent to a pod.
func leadPodsHere(ctx context.Context) error {
	for _, command := range []string{"ip link set lo up", "ip route add local " + podRange + " dev lo"} {
		words := strings.Fields(command)
		if said, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", command, err, strings.TrimSpace(string(said)))
		}
	}
	return nil
}
