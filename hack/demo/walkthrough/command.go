package walkthrough

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Commands runs the programs that the walkthrough leans on, all with the same environment.
type Commands struct {
	// Env is added to this process's own environment.
	Env []string
	// Dir is the working directory: the repository's root.
	Dir string
}

// CommandError is a program that ended badly, with the end of what it said.
type CommandError struct {
	Program string
	Args    []string
	// Said is the tail of standard error, or of standard output when there was no error output.
	Said string
	Err  error
}

// Error names the program and its subcommand; the whole command line would bury the reason.
func (e *CommandError) Error() string {
	line := strings.Join(append([]string{filepath.Base(e.Program)}, e.Args...), " ")
	if e.Said == "" {
		return fmt.Sprintf("%s: %v", line, e.Err)
	}
	return fmt.Sprintf("%s: %v\n%s", line, e.Err, e.Said)
}

// Unwrap gives the *exec.ExitError or the context's error.
func (e *CommandError) Unwrap() error { return e.Err }

// Output runs a program and returns its standard output. input may be nil.
func (c Commands) Output(ctx context.Context, input io.Reader, program string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := c.command(ctx, program, args)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		said := stderr.String()
		if strings.TrimSpace(said) == "" {
			said = stdout.String()
		}
		return stdout.String(), &CommandError{Program: program, Args: args, Said: tail(said, 20), Err: because(ctx, err)}
	}
	return stdout.String(), nil
}

// Stream runs a program whose progress is worth seeing: what it writes goes to out as it comes.
func (c Commands) Stream(ctx context.Context, out io.Writer, program string, args ...string) error {
	cmd := c.command(ctx, program, args)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return &CommandError{Program: program, Args: args, Err: because(ctx, err)}
	}
	return nil
}

func (c Commands) command(ctx context.Context, program string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = c.Dir
	cmd.Env = append(os.Environ(), c.Env...)
	// Programs like helm and the cluster tidy up on SIGTERM; give them the time to.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return cmd
}

// because prefers the reason for which a program was stopped over the signal that stopped it.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
		return fmt.Errorf("%w (%w)", cause, err)
	}
	return err
}

// tail returns the last n lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}

// quoted writes arguments as one would type them in a shell.
func quoted(args []string) string {
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = arg
		if strings.ContainsAny(arg, " {}[]*$\"\\|;&<>()") {
			words[i] = "'" + arg + "'"
		}
	}
	return strings.Join(words, " ")
}
