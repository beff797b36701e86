package postgres_test

import (
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestWatchingGetsOverAnInterruption ends the connection on which changes are heard. The watcher learns that it heard
// nothing for a while, and then hears again.
func TestWatchingGetsOverAnInterruption(t *testing.T) {
	t.Parallel()
	store := openStore(t, pgtest.URL(t))
	states := store.WatchKeys(t.Context())
	next := func(want bool, after string) {
		t.Helper()
		deadline := time.After(time.Minute)
		for {
			select {
			case state := <-states:
				if state.Hearing == want {
					return
				}
			case <-deadline:
				t.Fatalf("after %s: still not hearing=%v", after, want)
			}
		}
	}
	next(true, "the beginning")
	var ended int
	err := store.Pool().QueryRow(t.Context(), `
		SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN %'`).Scan(&ended)
	if err != nil || ended != 1 {
		t.Fatalf("%d connections ended, %v; want 1", ended, err)
	}
	next(false, "the end of the connection")
	next(true, "a while")
	if _, err := store.CreateKey(t.Context(), auth.StoredKey{ID: "abcdef", Hash: "x", Name: "x", CreatedBy: "key:x"}); err != nil {
		t.Fatal(err)
	}
	next(true, "a change")
}
