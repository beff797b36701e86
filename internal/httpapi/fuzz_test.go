package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// fuzzedPaths are operations that read a body as JSON and change something.
var fuzzedPaths = []string{
	"/api/v1/bookings", "/api/v1/holds", "/api/v1/series", "/api/v1/waitlist", "/api/v1/leads", "/api/v1/leads/import", "/api/v1/opt-outs",
	"/api/v1/bookings/" + anyID + "/reschedule", "/api/v1/leads/" + anyID + "/merge",
	"/api/calendar/check-book", "/api/calendar/find-slots", "/api/leads", "/api/leads/import",
}

// fuzzedTexts are names as people have them and as they should not be.
var fuzzedTexts = []string{
	"Ann Miller", "'; DROP TABLE bookings; --", `" OR ""="`, "An\x00n", "\u202eנועה כהן", "محمد\u200f بن", "e\u0301\u0301\u0301", "=1+1", "\ufffd\ufeff", "{{.}}<b>",
}

// fuzzedStarts are times that are not there, or hardly.
var fuzzedStarts = []string{
	"2027-03-28T01:30:00", "2027-03-28T01:30:00Z", "2027-03-28T01:30:00+00:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "10000-01-01T00:00:00Z",
	"2027-02-30T09:00:00Z", "2026-12-31T23:59:60Z", "2027-01-01T09:00:00+24:00", "-292277022399-01-01", "",
}

// FuzzRequests sends any body with any idempotency key to operations that read JSON. Whatever they are, the answer is in
// the shape that is described, and none of them is the server's fault. The same again comes to the same.
func FuzzRequests(f *testing.F) {
	s := servertest.Start(f, servertest.Unchanged)
	wish := func(start, text string) []byte {
		body, err := json.Marshal(map[string]any{
			"service": "cut", "start": start, "notes": text, "weeks": 2, "phone": "020 7946 0123", "name": text, "other": anyID,
			"customer": map[string]any{"name": text, "phone": "020 7946 0123"}, "windows": []any{map[string]any{"from": start, "to": start}},
		})
		if err != nil {
			f.Fatal(err)
		}
		return body
	}
	soon := time.Now().AddDate(0, 0, 2).Format(time.DateOnly) + "T10:00:00Z"
	for i := range fuzzedPaths {
		f.Add(byte(i), fmt.Sprint("key-", i), wish(soon, "Ann Miller"))
	}
	for i, text := range fuzzedTexts {
		f.Add(byte(i), text, wish(soon, text))
	}
	for i, start := range fuzzedStarts {
		f.Add(byte(i), "", wish(start, "Ann"))
	}
	for i, body := range []string{
		"", "null", "[]", "{}{}", `{"start":1e400}`, `{"service":"cut","service":"wash"}`, "{\"service\":\"\xff\"}", `{"customer":{"phone":"\u0000\ud800"}}`,
		strings.Repeat("[", 10_000), `{"leads":[{"phone":"020 7946 0123"},7]}`, "phone,name\n\"never closed,", strings.Repeat(" ", 2<<20),
	} {
		f.Add(byte(i), strings.Repeat("k", 250+i), []byte(body))
	}
	f.Fuzz(func(t *testing.T, path byte, key string, body []byte) {
		at := fuzzedPaths[int(path)%len(fuzzedPaths)]
		first, sent := submit(t, s, at, key, body)
		if !sent {
			return // no HTTP client sends such a header
		}
		if key == "" {
			return
		}
		if again, _ := submit(t, s, at, key, body); again/100 != first/100 {
			t.Errorf("%s with the key %q: %d, and the same again %d", at, key, first, again)
		}
	})
}

// submit sends a body and judges the answer. It reports false when the header cannot be sent.
func submit(t *testing.T, s *servertest.Server, path, key string, body []byte) (status int, sent bool) {
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Public+path, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-Key", s.Key.Reveal())
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		if strings.Contains(err.Error(), "invalid header field value") {
			return 0, false
		}
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		OK    bool
		Code  string
		Error string
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatalf("%s: %d %q is no JSON: %v", path, response.StatusCode, text, err)
	}
	if response.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%s: the server is at fault: %d %s", path, response.StatusCode, text)
	}
	if v1 := strings.HasPrefix(path, "/api/v1/"); v1 && answer.OK != (response.StatusCode < http.StatusMultipleChoices) || v1 && !answer.OK && (answer.Code == "" || answer.Error == "") {
		t.Errorf("%s: %d in another shape: %s", path, response.StatusCode, text)
	}
	return response.StatusCode, true
}
