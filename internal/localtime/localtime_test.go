package localtime_test

import (
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := localtime.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func mustDate(t *testing.T, text string) localtime.Date {
	t.Helper()
	d, err := localtime.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, zone, date, clock string
		nextDay                 bool
		want                    string
	}{
		{name: "an ordinary time", zone: "Europe/London", date: "2027-07-01", clock: "09:00", want: "2027-07-01T09:00:00+01:00"},
		{name: "in a gap", zone: "Europe/London", date: "2027-03-28", clock: "01:30", want: "2027-03-28T02:30:00+01:00"},
		{name: "the end of a gap", zone: "Europe/London", date: "2027-03-28", clock: "02:00", want: "2027-03-28T02:00:00+01:00"},
		{name: "twice", zone: "Europe/London", date: "2027-10-31", clock: "01:30", want: "2027-10-31T01:30:00+01:00"},
		{name: "after both", zone: "Europe/London", date: "2027-10-31", clock: "02:00", want: "2027-10-31T02:00:00Z"},
		{name: "no midnight in Havana", zone: "America/Havana", date: "2027-03-14", clock: "00:00", want: "2027-03-14T01:00:00-04:00"},
		{name: "no midnight in Santiago", zone: "America/Santiago", date: "2025-09-07", clock: "00:00", want: "2025-09-07T01:00:00-03:00"},
		{name: "no midnight in Cairo", zone: "Africa/Cairo", date: "2025-04-25", clock: "00:00", want: "2025-04-25T01:00:00+03:00"},
		{name: "no midnight in Beirut", zone: "Asia/Beirut", date: "2025-03-30", clock: "00:00", want: "2025-03-30T01:00:00+03:00"},
		{name: "24:00 into a gap", zone: "Asia/Beirut", date: "2025-03-29", clock: "24:00", want: "2025-03-30T01:00:00+03:00"},
		{name: "half an hour's gap", zone: "Australia/Lord_Howe", date: "2027-10-03", clock: "02:10", want: "2027-10-03T02:40:00+11:00"},
		{name: "half an hour twice", zone: "Australia/Lord_Howe", date: "2027-04-04", clock: "01:40", want: "2027-04-04T01:40:00+11:00"},
		{name: "a day that was skipped", zone: "Pacific/Apia", date: "2011-12-30", clock: "09:00", want: "2011-12-31T09:00:00+14:00"},
		{name: "a day that came twice", zone: "Pacific/Kwajalein", date: "1969-09-30", clock: "12:00", want: "1969-09-30T12:00:00+11:00"},
		{name: "after midnight of the next day", zone: "Europe/London", date: "2027-03-27", clock: "01:30", nextDay: true, want: "2027-03-28T02:30:00+01:00"},
		{name: "the first year", zone: "UTC", date: "0001-01-01", clock: "00:00", want: "0001-01-01T00:00:00Z"},
		{name: "the last year", zone: "Pacific/Kiritimati", date: "9999-12-31", clock: "23:59", want: "9999-12-31T23:59:00+14:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			minutes, err := localtime.ParseClock(tc.clock)
			if err != nil {
				t.Fatal(err)
			}
			if tc.nextDay {
				minutes += 24 * 60
			}
			got := localtime.Resolve(mustZone(t, tc.zone), mustDate(t, tc.date), minutes*60).Format(time.RFC3339)
			if got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestExists(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		zone, date string
		want       bool
	}{
		{"Pacific/Apia", "2011-12-29", true},
		{"Pacific/Apia", "2011-12-30", false},
		{"Pacific/Apia", "2011-12-31", true},
		{"Pacific/Kwajalein", "1993-08-21", false},
		{"America/Havana", "2027-03-14", true},
		{"Europe/London", "2027-03-28", true},
	} {
		if got := localtime.Exists(mustZone(t, tc.zone), mustDate(t, tc.date)); got != tc.want {
			t.Errorf("%s in %s: got %t", tc.date, tc.zone, got)
		}
	}
}

func TestDate(t *testing.T) {
	t.Parallel()
	// Every day of 800 years, against the standard library.
	for d := localtime.MakeDate(1600, time.January, 1); d < localtime.MakeDate(2400, time.January, 1); d++ {
		year, month, day := d.Civil()
		midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
		monday := d.Monday()
		if d.Weekday() != midnight.Weekday() || localtime.DateOf(midnight, time.UTC) != d || localtime.MakeDate(year, month, day) != d ||
			monday.Weekday() != time.Monday || monday > d || d-monday > 6 {
			t.Fatalf("%s: %s, monday %s", d, d.Weekday(), monday)
		}
	}
	if got := localtime.DateOf(time.Unix(-1, 0), time.UTC).String(); got != "1969-12-31" {
		t.Errorf("the second before 1970 is on %s", got)
	}
}

func TestDateText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0001-01-01", "1970-01-01", "2024-02-29", "9999-12-31"} {
		var d localtime.Date
		if err := d.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if out, err := d.MarshalText(); err != nil || string(out) != text {
			t.Errorf("%s becomes %s: %v", text, out, err)
		}
	}
	for _, text := range []string{"", "2026-2-1", "2026-02-30", "0000-01-01", "10000-01-01", "2026-01-01T00:00:00Z", "2026-01-01\x00", "٢٠٢٦-٠١-٠١"} {
		if d, err := localtime.ParseDate(text); err == nil {
			t.Errorf("%q is read as %s", text, d)
		}
	}
}

func TestParseClock(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"00:00": 0, "09:30": 570, "23:59": 1439, "24:00": 1440} {
		if got, err := localtime.ParseClock(text); err != nil || got != want {
			t.Errorf("%s is %d: %v", text, got, err)
		}
	}
	for _, text := range []string{"", "9:30", "24:01", "25:00", "12:60", "-1:00", "12.30", "12:3x", "12:30 ", "+1:+1"} {
		if got, err := localtime.ParseClock(text); err == nil {
			t.Errorf("%q is read as %d", text, got)
		}
	}
}

func TestLoadZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "Local", "Mars/Base", "../etc/passwd", "Europe/London\x00", "Europe\\London"} {
		if loc, err := localtime.LoadZone(name); err == nil {
			t.Errorf("%q is read as %s", name, loc)
		}
	}
}

func FuzzParseClock(f *testing.F) {
	for _, seed := range []string{"09:30", "24:00", "", "99:99", "1:2:3", "٠٩:٣٠", "09:3\x00", "\u202e09:3", "' OR "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		minutes, err := localtime.ParseClock(text)
		if err != nil {
			return
		}
		if minutes < 0 || minutes > 24*60 || len(text) != 5 {
			t.Errorf("%q is read as %d", text, minutes)
		}
	})
}

// FuzzLoadZone: a name is a zone's own name or none, and never that of a file or of what the machine is set to.
func FuzzLoadZone(f *testing.F) {
	for _, seed := range []string{
		"Europe/London", "UTC", "", "Local", "local", "europe/london", "../UTC", "/etc/localtime", "Europe/../UTC", "Europe\\London", "Europe/London\x00",
		"\u202eEurope/London", "EST5EDT", "'; DROP TABLE bookings; --",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		loc, err := localtime.LoadZone(name)
		if err != nil {
			return
		}
		if loc.String() != name || name == "" || strings.EqualFold(name, "local") || strings.ContainsAny(name, "\\\x00") || strings.Contains(name, "..") {
			t.Errorf("%q is read as the zone %s", name, loc)
		}
	})
}

func FuzzParseDate(f *testing.F) {
	for _, seed := range []string{"2026-12-24", "0001-01-01", "0000-12-31", "9999-12-31", "10000-01-01", "2026-02-30", "", "2026-12-2\x00", "٢٠٢٦-١٢-٢٤", "2026-12-24'--"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := localtime.ParseDate(text); err == nil && d.String() != text {
			t.Errorf("%q becomes %s", text, d)
		}
	})
}

// FuzzResolve checks in any zone that the clock shows what was asked for, or that
// the time does not exist and the answer is later.
func FuzzResolve(f *testing.F) {
	f.Add("Europe/London", int32(20905), int32(5400))
	f.Add("Pacific/Apia", int32(15338), int32(0))
	f.Add("America/St_Johns", int32(14000), int32(60))
	f.Add("Local", int32(0), int32(0))
	f.Add("America/Havana", int32(localtime.MakeDate(2027, time.March, 14)), int32(0)) // there is no such midnight
	f.Add("Europe/London", int32(localtime.MakeDate(1, time.January, 1)), int32(0))
	f.Add("Asia/Kolkata", int32(localtime.MakeDate(9999, time.December, 31)), int32(2*86400-1))
	f.Add("../../etc/passwd\x00", int32(0), int32(0))
	f.Fuzz(func(t *testing.T, zone string, day, seconds int32) {
		loc, err := localtime.LoadZone(zone)
		if err != nil {
			return
		}
		const years = 365 * 8000
		d, s := localtime.Date(day%years), int(seconds%(2*86400))
		wall := int64(d)*86400 + int64(s)
		at := localtime.Resolve(loc, d, s)
		_, offset := at.Zone()
		if shown := at.Unix() + int64(offset); shown < wall {
			t.Errorf("%s %d in %s: %s is earlier", d, s, zone, at)
		}
	})
}
