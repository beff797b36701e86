package command

import (
	"strings"
	"testing"
	"time"
)

func TestParseMoment(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 23, 30, 0, 0, time.UTC)
	for _, test := range []struct{ text, want, refusal string }{
		{text: "2026-12-01 09:30", want: "2026-12-01T09:30:00Z"},
		{text: "2026-07-01T09:30", want: "2026-07-01T08:30:00Z"},
		{text: "2026-12-01T09:30:00+02:00", want: "2026-12-01T07:30:00Z"},
		{text: "tomorrow 09:30", want: "2026-11-24T09:30:00Z"},
		{text: "Today 23:45", want: "2026-11-23T23:45:00Z"},
		{text: "2026-03-29 00:59", want: "2026-03-29T00:59:00Z"},
		{text: "2026-03-29 01:30", refusal: "does not exist"},
		{text: "2026-10-25 01:30", refusal: "2026-10-25T01:30:00+01:00 or 2026-10-25T01:30:00Z"},
		{text: "next week", refusal: "no time"},
		{text: "2026-02-30 09:00", refusal: "no time"},
	} {
		got, err := parseMoment(test.text, london, now)
		switch {
		case test.refusal != "":
			if err == nil || !strings.Contains(err.Error(), test.refusal) {
				t.Errorf("%q: %v, %v; want a refusal with %q", test.text, got, err, test.refusal)
			}
		case err != nil || got.UTC().Format(time.RFC3339) != test.want:
			t.Errorf("%q is %v (%v), want %s", test.text, got.UTC(), err, test.want)
		}
	}
}
