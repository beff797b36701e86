// Package housekeeping removes what a store keeps for a limited time, slowly and in small portions. Nothing
// depends on it being on time: every reader checks ages by itself.
package housekeeping

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// interval is the time between two passes; an idle store does nothing in between.
	interval = time.Hour
	// portion bounds one deletion, so that it never holds a writer up for long.
	portion = 1000
	// passTimeout bounds one pass.
	passTimeout = time.Minute
)

// Remove deletes up to limit rows that are past their time and says how many it deleted.
type Remove func(ctx context.Context, limit int) (int, error)

// Loop runs Remove once an hour until it is stopped.
type Loop struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

// Start begins a loop, which outlives ctx: Stop must be called to end it.
func Start(ctx context.Context, remove Remove, logger *slog.Logger) *Loop {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	loop := &Loop{stop: stop}
	loop.done.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				if err := Pass(ctx, remove); err != nil && ctx.Err() == nil {
					logger.WarnContext(ctx, "housekeeping failed; it is tried again in an hour", "error", err)
				}
			}
		}
	})
	return loop
}

// Pass removes portion by portion until nothing is left.
func Pass(ctx context.Context, remove Remove) error {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	for {
		removed, err := remove(ctx, portion)
		if err != nil || removed < portion {
			return err
		}
	}
}

// Stop ends the loop and waits until a running pass has ended.
func (l *Loop) Stop() {
	l.stop()
	l.done.Wait()
}
