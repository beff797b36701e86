package rollout_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

const hour = 60

func zone(t rapid.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestOpening(t *testing.T) {
	t.Parallel()
	nights := []rollout.Window{{Day: time.Sunday, From: 3 * hour, To: 5 * hour}, {Day: time.Monday, From: 3 * hour, To: 5 * hour}}
	for _, test := range []struct {
		name          string
		zone          string
		now           string
		windows       []rollout.Window
		opens, closes string
	}{
		{"before", "Europe/Berlin", "2026-11-23T01:00:00+01:00", nights, "2026-11-23T03:00:00+01:00", "2026-11-23T05:00:00+01:00"},
		{"within", "Europe/Berlin", "2026-11-23T04:00:00+01:00", nights, "2026-11-23T03:00:00+01:00", "2026-11-23T05:00:00+01:00"},
		{"its end is not within", "Europe/Berlin", "2026-11-23T05:00:00+01:00", nights, "2026-11-29T03:00:00+01:00", "2026-11-29T05:00:00+01:00"},
		{
			"past midnight", "America/New_York", "2026-11-24T01:00:00-05:00",
			[]rollout.Window{{Day: time.Monday, From: 22 * hour, To: 26 * hour}}, "2026-11-23T22:00:00-05:00", "2026-11-24T02:00:00-05:00",
		},
		{
			"windows that touch are one", "UTC", "2026-11-23T23:30:00Z",
			[]rollout.Window{{Day: time.Monday, From: 22 * hour, To: 24 * hour}, {Day: time.Tuesday, From: 0, To: hour}},
			"2026-11-23T22:00:00Z", "2026-11-24T01:00:00Z",
		},
		{
			"an hour that is skipped comes later", "Europe/Berlin", "2026-03-29T00:00:00+01:00",
			[]rollout.Window{{Day: time.Sunday, From: 2*hour + 30, To: 4 * hour}}, "2026-03-29T03:30:00+02:00", "2026-03-29T04:00:00+02:00",
		},
		{
			"of an hour that comes twice the first counts", "Europe/Berlin", "2026-10-25T00:00:00+02:00",
			[]rollout.Window{{Day: time.Sunday, From: 2*hour + 30, To: 4 * hour}}, "2026-10-25T02:30:00+02:00", "2026-10-25T04:00:00+01:00",
		},
		{
			"a skipped midnight", "America/Santiago", "2026-09-05T12:00:00-04:00",
			[]rollout.Window{{Day: time.Sunday, From: 0, To: 2 * hour}}, "2026-09-06T01:00:00-03:00", "2026-09-06T02:00:00-03:00",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, test.now)
			if err != nil {
				t.Fatal(err)
			}
			opens, closes := rollout.Opening(now, test.windows, zone(t, test.zone))
			if opens.Format(time.RFC3339) != test.opens || closes.Format(time.RFC3339) != test.closes {
				t.Errorf("from %s to %s, want %s to %s", opens.Format(time.RFC3339), closes.Format(time.RFC3339), test.opens, test.closes)
			}
		})
	}
}

func TestWithoutWindowsItIsAlwaysOpen(t *testing.T) {
	t.Parallel()
	if opens, closes := rollout.Opening(time.Now(), nil, time.UTC); !opens.IsZero() || !closes.IsZero() {
		t.Errorf("opens %s, closes %s", opens, closes)
	}
}

// An opening is the one of now or the next, whatever the zone does, and a window is never longer open than
// a week of windows and the clock's hour.
func TestOpeningIsOfNowOrNext(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := zone(t, rapid.SampledFrom([]string{"UTC", "Europe/London", "America/Santiago", "Australia/Lord_Howe", "Pacific/Apia"}).Draw(t, "zone"))
		now := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 365*24*60).Draw(t, "minute"), 0, 0, time.UTC)
		from := rapid.IntRange(0, 24*hour-1).Draw(t, "from")
		w := rollout.Window{
			Day: time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), From: from, To: from + rapid.IntRange(61, 12*hour).Draw(t, "length"),
		}
		opens, closes := rollout.Opening(now, []rollout.Window{w}, z)
		if !closes.After(now) || !opens.Before(closes) {
			t.Fatalf("at %s: from %s to %s", now, opens, closes)
		}
		if opens.After(now.Add(8 * 24 * time.Hour)) {
			t.Fatalf("at %s: opens as late as %s", now, opens)
		}
		if local := opens.In(z); local.Weekday() != w.Day && local.Hour() > 1 {
			t.Fatalf("opens at %s, a %s", local, local.Weekday())
		}
		// Nothing opens between now and then.
		for at := now; at.Before(opens); at = at.Add(7 * time.Hour) {
			if o, _ := rollout.Opening(at, []rollout.Window{w}, z); !o.Equal(opens) {
				t.Fatalf("at %s it opens at %s, and at %s at %s", now, opens, at, o)
			}
		}
	})
}
