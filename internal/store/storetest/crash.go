package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// childVariable names the environment variable that makes a test binary the child of the crash test: its value is
// the location of the database.
const childVariable = "FRONTDESK_STORETEST_LOCATION"

// workVariable names what the child does until it is killed: one of works.
const workVariable = "FRONTDESK_STORETEST_WORK"

// works are what a child can do. Each prints an id after the store has acknowledged what it stands for.
var works = map[string]func(ctx context.Context, store booking.Store, worker string, i int) (id string, err error){
	"book": bookOnce, "offer": offerOnce,
}

// Main runs the tests, or, in the child process that the crash test starts, books until it is killed. Call it from
// TestMain with what would otherwise run the tests.
func Main(engine Engine, runTests func() int) int {
	location := os.Getenv(childVariable)
	if location == "" {
		return runTests()
	}
	if err := workForever(engine, location, works[os.Getenv(workVariable)]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// workForever works in several goroutines.
func workForever(
	engine Engine, location string, work func(ctx context.Context, store booking.Store, worker string, i int) (string, error),
) error {
	ctx := context.Background()
	store, err := engine.Open(ctx, location)
	if err != nil {
		return err
	}
	const workers = 8
	failed := make(chan error, workers)
	for worker := range workers {
		go func() {
			for i := 0; ; i++ {
				id, err := work(ctx, store, fmt.Sprintf("%d-%d", os.Getpid(), worker), i)
				if err == nil {
					_, err = fmt.Fprintln(os.Stdout, id)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// bookOnce books an hour of the worker's own resource.
func bookOnce(ctx context.Context, store booking.Store, worker string, i int) (string, error) {
	r := appointment(worker, at(i, 0))
	r.Booking.Customer.Phone = "+44" + strings.ReplaceAll(worker, "-", "")
	r.Idempotency = claim(r.Booking.ID, 1)
	_, _, err := store.Book(ctx, r)
	return r.Booking.ID, err
}

// offerOnce books the same, lets somebody wait for it, and cancels it. The id is that of the cancelled booking.
func offerOnce(ctx context.Context, store booking.Store, worker string, i int) (string, error) {
	id, err := bookOnce(ctx, store, worker, i)
	if err != nil {
		return "", err
	}
	r := waiting(booking.Interval{Start: at(i, 0), End: at(i, 1)})
	r.Entry.ResourceID = worker
	r.Entry.Customer.Phone = fmt.Sprintf("+33%s%d", strings.ReplaceAll(worker, "-", ""), i)
	if _, _, err := store.Join(ctx, r); err != nil {
		return "", err
	}
	_, _, err = store.Cancel(ctx, booking.Cancellation{BookingID: id, Offering: offering(time.Hour)})
	return id, err
}

// testKilledWhileOffering kills a process that turns cancelled bookings into offers: no time was set free without its offer.
func testKilledWhileOffering(f *fixture) {
	f.makeWay()
	acknowledged := killAfter(f, f.location, "offer", 100)
	f.Store = open(f, f.engine, f.location)
	for _, id := range acknowledged {
		if b := f.mustGet(id); b.Status != booking.StatusCancelled {
			f.Fatalf("acknowledged cancel of %s: it is %s", id, b.Status)
		}
	}
	type slot struct {
		resource string
		start    time.Time
	}
	offered, cancelled := map[slot]int{}, 0
	for _, b := range f.all() {
		if b.Status == booking.StatusHeld {
			offered[slot{b.Units[0].ResourceID, b.Start}]++
		}
	}
	for _, b := range f.all() {
		if b.Status != booking.StatusCancelled {
			continue
		}
		cancelled++
		if offers := offered[slot{b.Units[0].ResourceID, b.Start}]; offers != 1 {
			f.Errorf("the time of cancelled booking %s has %d offers; want 1", b.ID, offers)
		}
		if _, _, err := f.Book(f.Context(), appointment(b.Units[0].ResourceID, b.Start)); !errors.Is(err, booking.ErrOccupied) {
			f.Errorf("booking what is offered: %v; want ErrOccupied", err)
		}
	}
	if cancelled < len(acknowledged) || cancelled != len(offered) {
		f.Errorf("%d cancels, %d acknowledged, and %d offers", cancelled, len(acknowledged), len(offered))
	}
}

// testKilledProcess kills a booking process several times: what it acknowledged is there afterwards, whole.
func testKilledProcess(f *fixture) {
	f.makeWay()
	for range 3 {
		acknowledged := killAfter(f, f.location, "book", 200)
		store, err := f.engine.Open(f.Context(), f.location)
		if err != nil {
			f.Fatalf("open after the kill: %v", err)
		}
		for _, id := range acknowledged {
			b, err := store.Get(f.Context(), id)
			if err != nil || b.Status != booking.StatusConfirmed {
				f.Fatalf("acknowledged booking %s: %s, %v", id, b.Status, err)
			}
			replay, err := store.Replay(f.Context(), *claim(id, 1))
			if err != nil || replay.ID != id {
				f.Fatalf("the key of acknowledged booking %s: %v", id, err)
			}
			events, err := store.Events(f.Context(), id)
			if err != nil || len(events) != 1 {
				f.Fatalf("acknowledged booking %s has %d events, %v", id, len(events), err)
			}
			again := appointment(b.Units[0].ResourceID, b.Start)
			if _, _, err := store.Book(f.Context(), again); !errors.Is(err, booking.ErrOccupied) {
				f.Fatalf("the slot of acknowledged booking %s: %v; want ErrOccupied", id, err)
			}
		}
		if err := store.Close(); err != nil {
			f.Fatal(err)
		}
	}
	f.Store = open(f, f.engine, f.location)
	f.checkNoOverlap()
}

// childPatience is far more than a child needs, even with the race detector on a busy machine.
const childPatience = 5 * time.Minute

// killAfter starts a process that does the work, kills it after n acknowledgements, and returns all that it gave.
func killAfter(t testing.TB, location, work string, n int) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), childPatience)
	defer cancel()
	child := exec.CommandContext(ctx, program) //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), childVariable+"="+location, workVariable+"="+work)
	child.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	child.Stderr = os.Stderr
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var ids []string
	reader := bufio.NewReader(output)
	for {
		line, err := reader.ReadString('\n')
		if err != nil { // a line without its end was cut off by the kill
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		ids = append(ids, line[:len(line)-1])
		if len(ids) == n {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || len(ids) < n {
		t.Fatalf("the child ended by itself after %d bookings: %v", len(ids), err)
	}
	return ids
}
