package httpapi

import (
	"encoding/base64"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func FuzzDecodeCursor(f *testing.F) {
	f.Add(encodeCursor(booking.Position{Start: time.Unix(1795424400, 0), ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"}))
	f.Add("")
	f.Add("MS4xLng")
	for _, moment := range []time.Time{{}, time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)} {
		f.Add(encodeCursor(booking.Position{Start: moment, ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"}))
	}
	for _, inside := range []string{"1.0.' OR 1=1 --", "1.9223372036854775808.x", "1.-1.\x00", "1.1.\u202eנועה", "2.1.x"} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(inside)))
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		position, err := decodeCursor(cursor)
		if err != nil {
			return
		}
		again, err := decodeCursor(encodeCursor(position))
		if cursor != "" && (err != nil || again != position) {
			t.Errorf("%q means %v, which comes back as %v (%v)", cursor, position, again, err)
		}
	})
}

func TestMomentsOfADate(t *testing.T) {
	t.Parallel()
	zone := func(name string) *time.Location {
		location, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return location
	}
	for _, test := range []struct{ zone, date, first, last string }{
		{"Europe/London", "2026-11-24", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
		{"Europe/London", "2027-03-28", "2027-03-28T00:00:00Z", "2027-03-28T23:00:00Z"},    // a day of 23 hours
		{"America/Havana", "2027-03-14", "2027-03-14T05:00:00Z", "2027-03-15T04:00:00Z"},   // midnight does not exist
		{"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"}, // a day of 25 hours
	} {
		first, err := firstMoment("from", test.date, zone(test.zone))
		if err != nil || first.Format(time.RFC3339) != test.first {
			t.Errorf("%s in %s begins at %s (%v), want %s", test.date, test.zone, first.Format(time.RFC3339), err, test.first)
		}
		last, err := lastMoment("to", test.date, zone(test.zone))
		if err != nil || last.Format(time.RFC3339) != test.last {
			t.Errorf("%s in %s ends at %s (%v), want %s", test.date, test.zone, last.Format(time.RFC3339), err, test.last)
		}
	}
	for _, text := range []string{"2026-02-30", "24/11/2026", "2026-11-24T09:00:00", "now"} {
		if at, err := firstMoment("from", text, time.UTC); err == nil {
			t.Errorf("%q means %s", text, at)
		}
	}
	if at, err := firstMoment("from", "2026-11-24T09:00:00+01:00", time.UTC); err != nil || at.Hour() != 8 {
		t.Errorf("%s %v", at, err)
	}
}
