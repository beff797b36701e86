// Package housekeeping removes what a store keeps for a limited time, slowly and in small portions. Nothing
// depends on it being on time: every reader checks ages by itself.
package housekeeping

import (
	"cmp"
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

// Report is told how each pass ended: how many rows it deleted and, if it failed, why.
type Report func(removed int, err error)

// Options say who hears of the passes.
type Options struct {
	// Logger is told of failures; nil means slog.Default().
	Logger *slog.Logger
	// Report is told of every pass, but not of one that Stop has cut short; nil tells nobody.
	Report Report
}

// Loop runs Remove once an hour until it is stopped.
type Loop struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

// Start begins a loop, which outlives ctx: Stop must be called to end it.
func Start(ctx context.Context, remove Remove, options Options) *Loop {
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
				removed, err := Pass(ctx, remove)
				if ctx.Err() == nil {
					options.tell(ctx, removed, err)
				}
			}
		}
	})
	return loop
}

func (o Options) tell(ctx context.Context, removed int, err error) {
	if err != nil {
		cmp.Or(o.Logger, slog.Default()).WarnContext(ctx, "housekeeping failed; it is tried again in an hour", "error", err)
	}
	if o.Report != nil {
		o.Report(removed, err)
	}
}

// Pass removes portion by portion until nothing is left, and says how many rows that were.
func Pass(ctx context.Context, remove Remove) (removed int, err error) {
	ctx, cancel := context.WithTimeout(ctx, passTimeout)
	defer cancel()
	for {
		count, err := remove(ctx, portion)
		removed += count
		if err != nil || count < portion {
			return removed, err
		}
	}
}

// Stop ends the loop and waits until a running pass has ended.
func (l *Loop) Stop() {
	l.stop()
	l.done.Wait()
}
