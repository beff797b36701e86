package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// FuzzMoments: a window from a day to that day has the day in it, whatever the zone does then; and what is no moment is
// refused in words for the caller.
func FuzzMoments(f *testing.F) {
	for _, text := range []string{
		"2026-11-24", "2026-11-24T09:00:00Z", "2027-03-28T01:30:00+00:00", "2027-03-28", "2027-03-14", "2011-12-30", "0001-01-01", "9999-12-31",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-12-31T23:59:60Z", "2026-11-24T09:00:00", "24/11/2026", "now", "\x00", "٢٠٢٦-١١-٢٤",
		"\u202e42-11-6202", "' OR 1=1 --", "1e9",
	} {
		for _, zone := range []string{"Europe/London", "America/Havana", "Pacific/Apia"} {
			f.Add(text, zone)
		}
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		zone, err := localtime.LoadZone(name)
		if err != nil {
			return
		}
		first, err := firstMoment("from", text, zone)
		last, lastErr := lastMoment("to", text, zone)
		if err != nil || lastErr != nil {
			for _, err := range []error{err, lastErr} {
				if refusal, ok := errors.AsType[*Problem](err); !ok || refusal.Code != codeValidation {
					t.Errorf("%q in %s: %v", text, name, err)
				}
			}
			return
		}
		if last.Before(first) {
			t.Errorf("%q in %s ends at %s and begins at %s", text, name, last, first)
		}
		if date, err := localtime.ParseDate(text); err == nil && localtime.Exists(zone, date) {
			if noon := localtime.Resolve(zone, date, 12*60*60); noon.Before(first) || !noon.Before(last) {
				t.Errorf("%s in %s is from %s to %s, and its noon %s", text, name, first, last, noon)
			}
		}
	})
}

// FuzzRequestHash: a body in other white space is the same request, and another body another one.
func FuzzRequestHash(f *testing.F) {
	for _, body := range []string{
		"", "{}", `{"a":1,"b":[2,3.10]}`, `{"b":2,"a":1}`, `{"n":9007199254740993}`, `{"n":1e400}`, `{"name":"\u0000\u202eנועה"}`, `{"start":"0001-01-01"}`,
		`{"name":"'; DROP TABLE bookings; --"}`, "\xff", "{} {}", "[[[[", `{"a":1,"a":2}`,
	} {
		f.Add([]byte(body), "key-1")
	}
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		hash, err := requestHash(body, key)
		if err != nil {
			return
		}
		if other, err := requestHash(body, key+"x"); err != nil || other == hash {
			t.Errorf("%q for %q and for another one have the same hash, %v", body, key, err)
		}
		var content any
		if json.Unmarshal(body, &content) != nil { // only the first value counts, or none
			return
		}
		var spaced []byte
		for _, b := range body {
			if b == '\n' || b == '\t' || b == '\r' {
				b = ' '
			}
			spaced = append(spaced, b)
		}
		if same, err := requestHash(fmt.Appendf(nil, " \n%s\t", spaced), key); err != nil || same != hash {
			t.Errorf("%q has another hash in other white space, %v", body, err)
		}
	})
}
