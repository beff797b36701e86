package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// processorProfile is where a program that runs net/http/pprof answers with what it did in the time from now on.
func processorProfile(length time.Duration) string {
	return fmt.Sprintf("profile?seconds=%d", max(1, int(length.Seconds())))
}

// heapProfile is where it answers with what its memory holds.
const heapProfile = "heap"

// profile has the leader profiled, if -profiles is set, and returns a function that waits until the profile is
// written to the file of that name.
func (f *fleet) profile(ctx context.Context, name, what string) (finish func() error) {
	if f.profiles == "" {
		return func() error { return nil }
	}
	done := make(chan error, 1)
	go func(from string) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, from+what, http.NoBody)
		if err == nil {
			err = os.MkdirAll(f.profiles, 0o755)
		}
		if err == nil {
			err = rig.SaveProfile(request, filepath.Join(f.profiles, name+".pprof"))
		}
		done <- err
	}(f.leader.profileURL)
	return func() error {
		if err := <-done; err != nil {
			return fmt.Errorf("profile %s: %w", name, err)
		}
		return nil
	}
}
