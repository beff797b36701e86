package tenantconfig_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	good := map[string]time.Duration{
		"0s": 0, "30m": 30 * time.Minute, "1h30m": 90 * time.Minute, "90m": 90 * time.Minute, "45s": 45 * time.Second,
		"250ms": 250 * time.Millisecond, "1h2m3s4ms": time.Hour + 2*time.Minute + 3*time.Second + 4*time.Millisecond,
		"99999h": 99999 * time.Hour, "00001h": time.Hour,
	}
	for text, want := range good {
		if got, err := tenantconfig.ParseDuration(text); err != nil || got.Std() != want {
			t.Errorf("ParseDuration(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
	if _, err := tenantconfig.ParseDuration("99999h60m"); err == nil || !strings.Contains(err.Error(), "less than 100000h") {
		t.Errorf("ParseDuration of 100000h = %v, want an error that gives the bound", err)
	}
	for _, text := range []string{"", "30", "m", "-5m", "+5m", "1.5h", "1d", "1 h", "1h 30m", "100000h", "1h1h1h1h1h", "1µs", "1H", "30m\n"} {
		if got, err := tenantconfig.ParseDuration(text); err == nil || !strings.Contains(err.Error(), "write one like 30m") {
			t.Errorf("ParseDuration(%q) = %s, %v, want an error that says how to write one", text, got, err)
		}
	}
}

func TestDurationString(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0s", 90 * time.Minute: "1h30m", 36 * time.Hour: "36h", 61 * time.Second: "1m1s", 1500 * time.Millisecond: "1s500ms",
	} {
		if got := tenantconfig.Duration(d).String(); got != want {
			t.Errorf("Duration(%s).String() = %q, want %q", d, got, want)
		}
	}
}

func TestParseClockTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]tenantconfig.ClockTime{"00:00": 0, "09:05": 545, "23:59": 1439, "24:00": 1440, "26:00": 1560, "36:00": 2160} {
		got, err := tenantconfig.ParseClockTime(text)
		if err != nil || got != want {
			t.Errorf("ParseClockTime(%q) = %d, %v, want %d", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("ClockTime(%d).String() = %q, want %q", got, got.String(), text)
		}
	}
	for _, text := range []string{"", "9:00", "09:60", "0900", "36:01", "37:00", "40:00", "-1:00", "09:00:00", "09.00", "9am"} {
		if got, err := tenantconfig.ParseClockTime(text); err == nil || !strings.Contains(err.Error(), "36:00") {
			t.Errorf("ParseClockTime(%q) = %s, %v, want an error that gives the range", text, got, err)
		}
	}
}

func TestParseDate(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-12-24", "2028-02-29", "0001-01-01", "9999-12-31"} {
		if got, err := tenantconfig.ParseDate(text); err != nil || string(got) != text {
			t.Errorf("ParseDate(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2026-02-30", "2027-02-29", "2026-13-01", "2026-1-1", "26-01-01", "0000-01-01", "10000-01-01", "2026-12-24T00:00:00Z", "24.12.2026"} {
		if got, err := tenantconfig.ParseDate(text); err == nil || !strings.Contains(err.Error(), "YYYY-MM-DD") {
			t.Errorf("ParseDate(%q) = %q, %v, want an error that says how to write one", text, got, err)
		}
	}
}

func TestParseWeekday(t *testing.T) {
	t.Parallel()
	days := []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
	for want, text := range days {
		if got, err := tenantconfig.ParseWeekday(text); err != nil || got.Std() != time.Weekday(want) {
			t.Errorf("ParseWeekday(%q) = %v, %v, want %s", text, got.Std(), err, time.Weekday(want))
		}
	}
	for _, text := range []string{"", "mon", "MON", "Monday", "1"} {
		if _, err := tenantconfig.ParseWeekday(text); err == nil {
			t.Errorf("ParseWeekday(%q) is accepted", text)
		}
	}
}

// fuzzScalar checks that a parser either refuses a text or reads it so that the written form reads the same.
func fuzzScalar[T comparable](f *testing.F, parse func(string) (T, error), write func(T) string, seeds ...string) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, err := parse(text)
		var fromJSON T
		quoted, jsonErr := json.Marshal(text)
		if jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if jsonErr := json.Unmarshal(quoted, &fromJSON); string(quoted) == `"`+text+`"` && (jsonErr == nil) != (err == nil) {
			t.Fatalf("parse(%q): %v, as JSON: %v", text, err, jsonErr)
		}
		if err != nil {
			return
		}
		if again, err := parse(write(value)); err != nil || again != value {
			t.Fatalf("%q is read as %v and written as %q, which is read as %v, %v", text, value, write(value), again, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	fuzzScalar(f, tenantconfig.ParseDuration, tenantconfig.Duration.String, "1h30m", "99999h", "0ms", "-1s", "99999h99999h99999h99999h")
}

func FuzzParseClockTime(f *testing.F) {
	fuzzScalar(f, tenantconfig.ParseClockTime, tenantconfig.ClockTime.String, "00:00", "36:00", "36:01", "9:00")
}

func FuzzParseDate(f *testing.F) {
	write := func(d tenantconfig.Date) string { return string(d) }
	fuzzScalar(f, tenantconfig.ParseDate, write, "2026-12-24", "2026-02-30", "0000-01-01")
}
