package state_test

import (
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/state"
)

func newDir(t *testing.T) state.Dir {
	t.Helper()
	d, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRecord(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if _, err := d.ReadRecord(); !errors.Is(err, state.ErrNoCluster) {
		t.Fatalf("an empty directory: got %v, want ErrNoCluster", err)
	}
	want := state.Record{ID: d.ID(), Nodes: state.NodesReal, NodeCount: 1, Isolated: true, NodeAddress: "198.18.0.2", PID: 7, StartTicks: 9}
	if err := d.WriteRecord(want); err != nil {
		t.Fatal(err)
	}
	got, err := d.ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record differs after reading it back (-want +got):\n%s", diff)
	}
}

func TestAliveFollowsTheLock(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	expect := func(want bool) {
		t.Helper()
		if got, err := d.Alive(); err != nil || got != want {
			t.Fatalf("alive: got %v, %v; want %v", got, err, want)
		}
	}
	expect(false)
	lock, err := d.TryLock(state.LockAlive)
	if err != nil {
		t.Fatal(err)
	}
	expect(true)
	if _, err := d.TryLock(state.LockAlive); !errors.Is(err, state.ErrLocked) {
		t.Fatalf("a second hold: got %v, want ErrLocked", err)
	}
	lock.Release()
	expect(false)
}

// TestEverythingMadeIsOurs guards `down`: what it does not recognise, it does
// not remove.
func TestEverythingMadeIsOurs(t *testing.T) {
	t.Parallel()
	d := newDir(t)
	if err := d.Make(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(string(d))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !state.Ours(e.Name()) {
			t.Errorf("%s was made and is not recognised", e.Name())
		}
	}
	if state.Ours("go.mod") {
		t.Error("a foreign file is taken for ours")
	}
}
