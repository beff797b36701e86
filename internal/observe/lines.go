package observe

import (
	"io"
	"sync"
	"time"
)

const (
	// linesHeld is how long a line is held back at most.
	linesHeld = 100 * time.Millisecond
	// linesSize is how many bytes are held back at most.
	linesSize = 32 << 10
)

// Lines gathers log lines and writes many of them with one call of the system: under load the call costs as much as making
// the line. A logger of NewLogger writes warnings and errors through at once, and what was held before them, so that only
// what is of no consequence is lost when the process is killed: the last tenth of a second of it.
//
// A library's, zapcore.BufferedWriteSyncer, wakes ten times a second for that even when nothing is logged, in each of
// thousands of servers; the timer of this one runs only while lines are held.
//
// It is safe for concurrent use. Flush must be called before the process ends.
type Lines struct {
	mu    sync.Mutex
	out   io.Writer
	held  []byte
	timer *time.Timer // flushes; runs while lines are held
}

// GatherLines returns a Lines that writes to out.
func GatherLines(out io.Writer) *Lines {
	l := &Lines{out: out, held: make([]byte, 0, linesSize)}
	l.timer = time.AfterFunc(linesHeld, l.Flush)
	return l
}

// Write implements io.Writer. The line is whole, as slog's handlers write it. An error is that of lines held before.
func (l *Lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	if len(l.held)+len(line) > linesSize {
		err = l.write()
	}
	if len(l.held) == 0 {
		l.timer.Reset(linesHeld)
	}
	l.held = append(l.held, line...)
	return len(line), err
}

// Flush writes what is held.
func (l *Lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.write() // a log that cannot be written has nowhere to say so
}

func (l *Lines) write() error {
	if len(l.held) == 0 {
		return nil
	}
	_, err := l.out.Write(l.held)
	l.held = l.held[:0]
	return err
}
