package localtime_test

import (
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// Go's zone bounds are wrong on the last day of leap years beyond the table of transitions; a search that
// trusts them never ends there.
func TestLastDayOfDistantLeapYears(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Europe/London", "America/New_York", "Africa/Cairo", "Pacific/Auckland", "Australia/Lord_Howe", "Antarctica/Troll", "America/Santiago"} {
		zone, err := localtime.LoadZone(name)
		if err != nil {
			t.Fatal(err)
		}
		for year := 2036; year < 2200; year++ {
			for _, date := range []localtime.Date{localtime.MakeDate(year, 12, 30), localtime.MakeDate(year, 12, 31), localtime.MakeDate(year+1, 1, 1)} {
				got := localtime.Resolve(zone, date, 12*60*60)
				if text := got.Format("2006-01-02 15:04"); text != date.String()+" 12:00" {
					t.Errorf("noon of %s in %s = %s", date, name, got)
				}
				if until := localtime.OffsetUntil(got); !until.IsZero() && !until.After(got) {
					t.Errorf("OffsetUntil(%s) = %s, which is not later", got, until)
				}
			}
		}
	}
	if until := localtime.OffsetUntil(time.Date(2040, 12, 31, 12, 0, 0, 0, time.UTC)); !until.IsZero() {
		t.Errorf("OffsetUntil in UTC = %s, want never", until)
	}
}
