package icalendar_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	ics "github.com/arran4/golang-ical"
	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/icalendar"
)

func write(t testing.TB, c icalendar.Calendar) string {
	t.Helper()
	var text bytes.Buffer
	if err := c.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func event() icalendar.Event {
	zone := time.FixedZone("", 3600)
	return icalendar.Event{
		ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", Sequence: 2, Status: icalendar.Confirmed,
		Start: time.Date(2026, 11, 24, 10, 0, 0, 0, zone), End: time.Date(2026, 11, 24, 10, 30, 0, 0, zone),
		Summary: "Check-up", Created: time.Date(2026, 11, 20, 14, 3, 11, 5, time.UTC), Modified: time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC),
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	cancelled := event()
	cancelled.ID, cancelled.Status, cancelled.Location = "2", icalendar.Cancelled, "Room 2"
	got := write(t, icalendar.Calendar{Name: "Dr Khan, dentist", Refresh: 15 * time.Minute, Events: []icalendar.Event{event(), cancelled}})
	want := strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Frontdesk//Bookings//EN", "CALSCALE:GREGORIAN",
		`NAME:Dr Khan\, dentist`, `X-WR-CALNAME:Dr Khan\, dentist`, "REFRESH-INTERVAL;VALUE=DURATION:PT15M", "X-PUBLISHED-TTL:PT15M",
		"BEGIN:VEVENT", "UID:01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", "DTSTAMP:20261121T080000Z", "CREATED:20261120T140311Z",
		"LAST-MODIFIED:20261121T080000Z", "SEQUENCE:2", "DTSTART:20261124T090000Z", "DTEND:20261124T093000Z", "STATUS:CONFIRMED",
		"SUMMARY:Check-up", "TRANSP:OPAQUE", "END:VEVENT",
		"BEGIN:VEVENT", "UID:2", "DTSTAMP:20261121T080000Z", "CREATED:20261120T140311Z",
		"LAST-MODIFIED:20261121T080000Z", "SEQUENCE:2", "DTSTART:20261124T090000Z", "DTEND:20261124T093000Z", "STATUS:CANCELLED",
		"SUMMARY:Check-up", "LOCATION:Room 2", "TRANSP:TRANSPARENT", "END:VEVENT",
		"END:VCALENDAR", "",
	}, "\r\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the calendar differs (-want +got):\n%s", diff)
	}
}

// TestHostileTexts: whatever a text holds, the calendar stays one that a strict reader understands, and a text that
// needs no cleaning comes back as it was.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"separators":     `a,b;c:d\e"f'g`,
		"lines":          "first\nsecond\n\nfourth",
		"a word of 300":  strings.Repeat("x", 300),
		"words":          strings.Repeat("word and ", 60) + "end",
		"many bytes":     strings.Repeat("日本語のテキスト", 40),
		"emoji":          strings.Repeat("👩‍👩‍👧‍👦", 30),
		"right to left":  strings.Repeat("שלום עולם ", 20) + "!",
		"an injection":   "x\nEND:VEVENT\nBEGIN:VEVENT\nUID:evil",
		"escapes":        `\n \, \; \\ \N`,
		"leading blanks": "   three",
	} {
		e := event()
		e.Summary, e.Description = text, text
		if got := readBack(t, name, e); got != text {
			t.Errorf("%s: %q came back as %q", name, text, got)
		}
	}
	for name, text := range map[string]string{
		"a carriage return": "a\r\nEND:VCALENDAR\r\nb", "NUL": "a\x00b", "delete": "a\x7fb", "not UTF-8": "a\xff\xfeb",
	} {
		e := event()
		e.Summary = text
		if got := readBack(t, name, e); strings.ContainsAny(got, "\r\x00\x7f") || !utf8.ValidString(got) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// readBack checks the form of a calendar with the event, and returns the summary that is in it.
func readBack(t testing.TB, name string, e icalendar.Event) string {
	t.Helper()
	text := write(t, icalendar.Calendar{Name: e.Summary, Events: []icalendar.Event{e}})
	if strings.Count(text, "\n") != strings.Count(text, "\r\n") || strings.Count(text, "\r") != strings.Count(text, "\r\n") {
		t.Errorf("%s: a line does not end in CR LF:\n%q", name, text)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) {
			t.Errorf("%s: a line has %d bytes, or splits a character: %q", name, len(line), line)
		}
	}
	read, err := ics.ParseCalendar(strings.NewReader(text))
	if err != nil || len(read.Events()) != 1 || read.Events()[0].Id() != e.ID {
		t.Fatalf("%s: read %v events, %v:\n%s", name, read, err, text)
	}
	// Read by hand as well, for what the library does wrong in both directions.
	unfolded := strings.ReplaceAll(text, "\r\n ", "")
	_, rest, _ := strings.Cut(unfolded, "\r\nSUMMARY:")
	value, _, _ := strings.Cut(rest, "\r\n")
	return strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\;`, ";", `\,`, ",").Replace(value)
}

func FuzzWrite(f *testing.F) {
	f.Add("Check-up", "first\nsecond")
	f.Add("a\r\nEND:VCALENDAR", strings.Repeat("日", 100))
	f.Add("\u202eנועה כהן", "An\x00n\xff")
	f.Add("'; DROP TABLE bookings; --", "\\n\\,\\;\u2028\u0085")
	f.Fuzz(func(t *testing.T, summary, description string) {
		e := event()
		e.Summary, e.Description, e.Location = summary, description, summary
		readBack(t, "fuzz", e)
	})
}
