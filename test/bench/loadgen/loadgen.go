package loadgen

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Options say what to send where.
type Options struct {
	// Address is the server's IPv4 host:port.
	Address string
	// Connections is how many are open, each with at most one request under way.
	Connections int
	// Duration is how long new requests are sent; those under way then are still answered and counted.
	Duration time.Duration
	// Rate is how many requests are due in a second; 0 sends each as soon as its connection has its answer.
	Rate float64
	// Next appends the connection's next request to the buffer. It runs on the generator's thread.
	Next func(connection int, request []byte) []byte
	// Done learns of each answer, if set. The body may be used until it returns.
	Done func(connection int, answer Answer)
}

// Answer is one answer.
type Answer struct {
	Status int
	Body   []byte
	// Took is the time from when the request was due.
	Took time.Duration
}

// Result is what came of a run.
type Result struct {
	Elapsed time.Duration
	// ByStatus counts answers.
	ByStatus map[int]int
	// Bytes counts what was received, headers included.
	Bytes int64
	// times has every answer's time in microseconds, ascending.
	times []uint32
}

// Requests is how many requests were answered.
func (r Result) Requests() int { return len(r.times) }

// PerSecond is the rate of answers with a status.
func (r Result) PerSecond(status int) float64 {
	return float64(r.ByStatus[status]) / r.Elapsed.Seconds()
}

// Only fails unless every answer had the status.
func (r Result) Only(status int) error {
	if r.Requests() == 0 || r.ByStatus[status] != r.Requests() {
		return fmt.Errorf("not every answer had the status %d: %v", status, r.ByStatus)
	}
	return nil
}

// Percentile is the time within which so many of a hundred requests were answered.
func (r Result) Percentile(percent float64) time.Duration {
	if len(r.times) == 0 {
		return 0
	}
	at := min(int(float64(len(r.times))*percent/100), len(r.times)-1)
	return time.Duration(r.times[at]) * time.Microsecond
}

// errBroken: the server closed a connection or answered with something else than HTTP/1.1.
var errBroken = errors.New("the connection is broken")

// Run sends the load and waits for the last answer.
func Run(ctx context.Context, options Options) (Result, error) {
	runtime.LockOSThread() // one thread, as said; and epoll blocks it
	defer runtime.UnlockOSThread()
	l, err := newLoop(options)
	if err != nil {
		return Result{}, err
	}
	defer l.close()
	if err := l.run(ctx); err != nil {
		return Result{}, fmt.Errorf("load on %s: %w", options.Address, err)
	}
	l.result.Elapsed = time.Since(l.start)
	slices.Sort(l.result.times)
	return l.result, nil
}

// loop is one run.
type loop struct {
	Options
	epoll, timer int
	connections  []connection
	idle         []int // connections without a request under way; in an open loop only
	start, until time.Time
	sent         int
	busy         int
	result       Result
}

// connection is one connection and the request under way on it.
type connection struct {
	fd      int
	due     time.Time
	request []byte
	answer  []byte
}

// stall is how long nothing at all may happen before the run is given up.
const stall = 30 * time.Second

func (l *loop) run(ctx context.Context) error {
	l.start = time.Now()
	l.until = l.start.Add(l.Duration)
	events := make([]unix.EpollEvent, len(l.connections)+1)
	for i := range l.connections {
		if l.Rate > 0 {
			l.idle = append(l.idle, i)
		} else if err := l.send(i, l.start); err != nil {
			return err
		}
	}
	for {
		if err := l.sendDue(); err != nil {
			return err
		}
		if l.busy == 0 && !time.Now().Before(l.until) {
			return nil
		}
		n, err := unix.EpollWait(l.epoll, events, int(stall.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return fmt.Errorf("epoll: %w", err)
		case n == 0:
			return fmt.Errorf("no answer within %s", stall)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		for _, event := range events[:n] {
			if int(event.Fd) == len(l.connections) {
				l.clearTimer()
			} else if err := l.receive(int(event.Fd)); err != nil {
				return err
			}
		}
	}
}

// sendDue sends what an open loop owes by now, as far as connections are idle, and sets the timer for the rest.
func (l *loop) sendDue() error {
	if l.Rate <= 0 {
		return nil
	}
	for len(l.idle) > 0 {
		due := l.start.Add(time.Duration(float64(l.sent) / l.Rate * float64(time.Second)))
		if !due.Before(l.until) {
			l.until = l.start // nothing is due any more
			return nil
		}
		if wait := time.Until(due); wait > 0 {
			return l.setTimer(wait)
		}
		i := l.idle[0]
		l.idle = append(l.idle[:0], l.idle[1:]...)
		if err := l.send(i, due); err != nil {
			return err
		}
	}
	return nil
}

func (l *loop) send(i int, due time.Time) error {
	c := &l.connections[i]
	c.due, c.request, c.answer = due, l.Next(i, c.request[:0]), c.answer[:0]
	n, err := unix.Write(c.fd, c.request)
	if err != nil || n != len(c.request) {
		return errors.Join(fmt.Errorf("%w: sent %d of %d bytes", errBroken, n, len(c.request)), err)
	}
	l.sent++
	l.busy++
	return nil
}

func (l *loop) receive(i int) error {
	c := &l.connections[i]
	if cap(c.answer)-len(c.answer) < 4096 {
		c.answer = slices.Grow(c.answer, max(16<<10, cap(c.answer)))
	}
	n, err := unix.Read(c.fd, c.answer[len(c.answer):cap(c.answer)])
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil
	case err != nil || n == 0:
		return errors.Join(fmt.Errorf("%w: after %d bytes of the answer", errBroken, len(c.answer)), err)
	}
	c.answer = c.answer[:len(c.answer)+n]
	status, body, complete, err := parse(c.answer)
	if err != nil || !complete {
		return err
	}
	now := time.Now()
	took := now.Sub(c.due)
	l.busy--
	l.result.ByStatus[status]++
	l.result.Bytes += int64(len(c.answer))
	l.result.times = append(l.result.times, uint32(took.Microseconds()))
	if l.Done != nil {
		l.Done(i, Answer{Status: status, Body: body, Took: took})
	}
	if l.Rate > 0 {
		l.idle = append(l.idle, i)
		return nil
	}
	if now.Before(l.until) {
		return l.send(i, now)
	}
	return nil
}
