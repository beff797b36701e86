package jsonfile_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/jsonfile"
)

// The environment of the child that dies in the middle of a write.
const (
	killPathVariable = "FRONTDESK_JSONFILE_PATH"
	killStepVariable = "FRONTDESK_JSONFILE_STEP"
)

// killStep makes this process the child, if it is to be one: it acknowledges one booking, then is killed at a step of
// writing the next.
func killStep() bool {
	path, at := os.Getenv(killPathVariable), os.Getenv(killStepVariable)
	if path == "" {
		return false
	}
	ctx, armed := context.Background(), false
	store, err := jsonfile.OpenWithSteps(ctx, jsonfile.Options{Path: path}, func(step string) error {
		if armed && step == at {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
		return nil
	})
	if err == nil {
		_, _, err = store.Book(ctx, appointment(acknowledgedID, 0))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return true
	}
	fmt.Println("acknowledged")
	armed = true
	_, _, err = store.Book(ctx, appointment(interruptedID, 1))
	fmt.Fprintln(os.Stderr, "not killed:", err)
	return true
}

const (
	acknowledgedID = "018f0000-0000-7000-8000-000000000001"
	interruptedID  = "018f0000-0000-7000-8000-000000000002"
)

func TestKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		step string
		kept bool
	}{{"created", false}, {"written", false}, {"synced", false}, {"renamed", true}, {"kept", true}} {
		t.Run(test.step, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.json")
			child := exec.Command(os.Args[0])
			child.Env = append(os.Environ(), killPathVariable+"="+path, killStepVariable+"="+test.step)
			child.Stderr = t.Output()
			output, err := child.Output()
			status, _ := child.ProcessState.Sys().(syscall.WaitStatus)
			if err == nil || status.Signal() != syscall.SIGKILL || strings.TrimSpace(string(output)) != "acknowledged" {
				t.Fatalf("the child: %v, %q", err, output)
			}
			store := openStore(t, path)
			if _, err := store.Get(t.Context(), acknowledgedID); err != nil {
				t.Errorf("the acknowledged booking: %v", err)
			}
			if _, err := store.Get(t.Context(), interruptedID); (err == nil) != test.kept {
				t.Errorf("the interrupted booking: %v; want it kept: %v", err, test.kept)
			}
			if _, err := os.Stat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("what was being written is still there: %v", err)
			}
			if _, replayed, err := store.Book(t.Context(), appointment(interruptedID, 1)); err != nil || replayed != test.kept {
				t.Errorf("the interrupted request again: replayed %v, %v", replayed, err)
			}
		})
	}
}

// TestPartlyWritten: a write that a crash of the machine has cut off anywhere.
func TestPartlyWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.json")
	store := openStore(t, path)
	if _, _, err := store.Book(t.Context(), appointment(acknowledgedID, 0)); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{0, 1, len(whole) / 2, len(whole) - 1, len(whole)} {
		if err := os.WriteFile(path+".tmp", whole[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		again := openStore(t, path)
		if _, err := again.Get(t.Context(), acknowledgedID); err != nil {
			t.Errorf("beside %d bytes of the next content: %v", length, err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

var errDisk = errors.New("the disk is broken")

// TestFailedWriteIsUndone: what cannot be written has not happened, and what comes next is none the worse.
func TestFailedWriteIsUndone(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"created", "written", "synced"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.json")
			broken := false
			store, err := jsonfile.OpenWithSteps(t.Context(), jsonfile.Options{Path: path}, failAt(step, &broken))
			if err != nil {
				t.Fatal(err)
			}
			defer store.Close()
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			broken = true
			if _, _, err := store.Book(t.Context(), appointment(interruptedID, 0)); !errors.Is(err, booking.ErrUnavailable) || !errors.Is(err, errDisk) {
				t.Fatalf("Book: %v; want ErrUnavailable", err)
			}
			broken = false
			if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
				t.Errorf("the failed write changed the file: %v", err)
			}
			if _, err := store.Get(t.Context(), interruptedID); !errors.Is(err, booking.ErrNotFound) {
				t.Errorf("Get of what was not kept: %v; want ErrNotFound", err)
			}
			if _, _, err := store.Book(t.Context(), appointment(acknowledgedID, 0)); err != nil {
				t.Errorf("Book of the slot that was not kept: %v", err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := openStore(t, path).Get(t.Context(), acknowledgedID); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestUncertainWriteEndsTheStore: once the file may have been replaced, nothing is served until it is read again.
func TestUncertainWriteEndsTheStore(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"renamed", "kept"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "a.json")
			broken := false
			store, err := jsonfile.OpenWithSteps(t.Context(), jsonfile.Options{Path: path}, failAt(step, &broken))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := store.Book(t.Context(), appointment(acknowledgedID, 0)); err != nil {
				t.Fatal(err)
			}
			broken = true
			if _, _, err := store.Book(t.Context(), appointment(interruptedID, 1)); !errors.Is(err, booking.ErrUnavailable) {
				t.Fatalf("Book: %v; want ErrUnavailable", err)
			}
			broken = false
			if _, err := store.Get(t.Context(), acknowledgedID); !errors.Is(err, booking.ErrUnavailable) {
				t.Errorf("Get: %v; want ErrUnavailable", err)
			}
			if err := store.Ping(t.Context()); !errors.Is(err, booking.ErrUnavailable) {
				t.Errorf("Ping: %v; want ErrUnavailable", err)
			}
			if _, _, err := store.Book(t.Context(), appointment("018f0000-0000-7000-8000-000000000003", 2)); !errors.Is(err, booking.ErrUnavailable) {
				t.Errorf("Book: %v; want ErrUnavailable", err)
			}
			if err := store.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			again := openStore(t, path)
			for _, id := range []string{acknowledgedID, interruptedID} {
				if _, err := again.Get(t.Context(), id); err != nil {
					t.Errorf("%s after opening again: %v", id, err)
				}
			}
		})
	}
}

// failAt fails a step while it is broken.
func failAt(at string, broken *bool) func(string) error {
	return func(step string) error {
		if *broken && step == at {
			return errDisk
		}
		return nil
	}
}
