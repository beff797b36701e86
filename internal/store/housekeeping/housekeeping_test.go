package housekeeping_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/store/housekeeping"
)

func TestLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var reports []string
		var rows, calls atomic.Int64 // what the loop does later is not ordered after what the test reads
		rows.Store(2500)
		loop := housekeeping.Start(t.Context(), func(_ context.Context, limit int) (int, error) {
			calls.Add(1)
			if rows.Load() == 0 {
				return 0, errors.New("database away")
			}
			removed := min(int(rows.Load()), limit)
			rows.Add(int64(-removed))
			return removed, nil
		}, housekeeping.Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), Report: func(removed int, err error) {
			reports = append(reports, fmt.Sprintf("%d, %v", removed, err))
		}})

		time.Sleep(59 * time.Minute)
		synctest.Wait()
		if calls.Load() != 0 {
			t.Errorf("%d calls in the first 59 minutes; want none", calls.Load())
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if calls.Load() != 3 || rows.Load() != 0 {
			t.Errorf("%d calls left %d rows; want 3 portions and none", calls.Load(), rows.Load())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if calls.Load() != 4 || !strings.Contains(log.String(), "database away") {
			t.Errorf("%d calls, log %q; want the failure logged and nothing tried at once", calls.Load(), log.String())
		}
		loop.Stop()
		if want := []string{"2500, <nil>", "0, database away"}; !slices.Equal(reports, want) {
			t.Errorf("reports = %q; want %q", reports, want)
		}
		time.Sleep(3 * time.Hour)
		if calls.Load() != 4 {
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
		}, housekeeping.Options{Report: func(int, error) { t.Error("a pass that was cut short is reported") }})
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
