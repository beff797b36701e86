package storetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// childVariable names the environment variable that makes a test binary the child of the crash test: its value is
// the location of the database.
const childVariable = "FRONTDESK_STORETEST_LOCATION"

// Main runs the tests, or, in the child process that the crash test starts, books until it is killed. Call it from
// TestMain with what would otherwise run the tests.
func Main(engine Engine, runTests func() int) int {
	location := os.Getenv(childVariable)
	if location == "" {
		return runTests()
	}
	if err := bookForever(engine, location); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// bookForever books from several goroutines and prints each id after the store has acknowledged it.
func bookForever(engine Engine, location string) error {
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
				r := appointment(fmt.Sprintf("%d-%d", os.Getpid(), worker), at(i, 0))
				r.Booking.Customer.Phone = fmt.Sprintf("+44%d%d", os.Getpid(), worker)
				r.Idempotency = claim(r.Booking.ID, 1)
				if _, _, err := store.Book(ctx, r); err != nil {
					failed <- err
					return
				}
				if _, err := fmt.Fprintln(os.Stdout, r.Booking.ID); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	return <-failed
}

// testKilledProcess kills a booking process several times: what it acknowledged is there afterwards, whole.
func testKilledProcess(f *fixture) {
	f.makeWay()
	for range 3 {
		acknowledged := killAfter(f, f.location, 200)
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

// killAfter starts a booking process, kills it after n acknowledgements, and returns all that it gave.
func killAfter(t testing.TB, location string, n int) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, program) //nolint:gosec // this very test binary
	child.Env = append(os.Environ(), childVariable+"="+location)
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
