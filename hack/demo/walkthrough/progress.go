package walkthrough

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress tells a reader which step is running, which are done and how long each took.
type Progress struct {
	out     io.Writer
	started time.Time
}

// NewProgress writes to out and counts elapsed time from now on.
func NewProgress(out io.Writer) *Progress {
	return &Progress{out: out, started: time.Now()}
}

// Step runs one step and prints a line for it. do may return a sentence about what it found.
func (p *Progress) Step(ctx context.Context, title string, do func(context.Context) (string, error)) error {
	began := time.Now()
	found, err := do(ctx)
	took := time.Since(began)
	if err != nil {
		p.Printf("✗ %s (%s)\n", title, seconds(took))
		return fmt.Errorf("%s: %w", title, err)
	}
	if found != "" {
		title += ": " + found
	}
	p.Printf("✓ %s (%s)\n", title, seconds(took))
	return nil
}

// Printf writes to the reader.
func (p *Progress) Printf(format string, args ...any) {
	// A reader who is gone is no reason to stop: the work itself goes on.
	_, _ = fmt.Fprintf(p.out, format, args...)
}

// Elapsed is the time since the start.
func (p *Progress) Elapsed() time.Duration { return time.Since(p.started) }

// Indented gives a writer that sets off a program's own output from the steps.
func (p *Progress) Indented() io.Writer { return &indenter{out: p.out} }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// indenter puts two spaces before each line, also when a line comes in pieces. Carriage returns,
// with which a progress line rewrites itself, are kept in front of them.
type indenter struct {
	out  io.Writer
	mu   sync.Mutex
	tail bool // the last line is not finished
}

func (w *indenter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var text strings.Builder
	for line := range bytes.Lines(data) {
		if !w.tail {
			text.WriteString("  ")
		}
		text.WriteString(strings.ReplaceAll(string(line), "\r", "\r  "))
		w.tail = !bytes.HasSuffix(line, []byte("\n"))
	}
	if _, err := io.WriteString(w.out, text.String()); err != nil {
		return 0, fmt.Errorf("write progress: %w", err)
	}
	return len(data), nil
}
