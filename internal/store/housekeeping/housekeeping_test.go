package housekeeping_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		rows, calls := 2500, 0
		loop := housekeeping.Start(t.Context(), func(_ context.Context, limit int) (int, error) {
			calls++
			if rows == 0 {
				return 0, errors.New("database away")
			}
			removed := min(rows, limit)
			rows -= removed
			return removed, nil
		}, slog.New(slog.NewTextHandler(&log, nil)))

		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if calls != 0 {
			t.Errorf("%d calls in the first 59 minutes; want none", calls)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if calls != 3 || rows != 0 {
			t.Errorf("%d calls left %d rows; want 3 portions and none", calls, rows)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls != 4 || !strings.Contains(log.String(), "database away") {
			t.Errorf("%d calls, log %q; want the failure logged and nothing tried at once", calls, log.String())
		}
		loop.Stop()
		time.Sleep(3 * time.Hour)
		if calls != 4 {
			t.Error("a stopped loop goes on")
		}
	})
}

func TestStopEndsARunningPass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started, ended := false, false
		loop := housekeeping.Start(t.Context(), func(ctx context.Context, _ int) (int, error) {
			started = true
			<-ctx.Done()
			ended = true
			return 0, ctx.Err()
		}, slog.New(slog.DiscardHandler))
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if !started || ended {
			t.Fatalf("the pass: started %v, ended %v", started, ended)
		}
		loop.Stop()
		if !ended {
			t.Error("Stop did not wait for the pass")
		}
	})
}
