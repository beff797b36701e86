package httpapi_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// internals are words that would show how the server is made.
var internals = []string{"sql", "SQL", "pgx", "json:", "Go struct", "goroutine", "panic", "/internal/", ".go:", "constraint", "huma"}

// checkRefusal checks the common shape of an error and that it leaks nothing.
func checkRefusal(t *testing.T, answer servertest.Answer, status int, code, field string) {
	t.Helper()
	if answer.Status != status || answer.Code != code {
		t.Errorf("got %d %s, want %d %s: %s", answer.Status, answer.Code, status, code, answer.Raw)
		return
	}
	if answer.OK || answer.Error == "" || answer.Detail == nil || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("not the common shape: %s", answer.Raw)
	}
	for _, word := range internals {
		if strings.Contains(string(answer.Raw), word) {
			t.Errorf("leaks %q: %s", word, answer.Raw)
		}
	}
	if field == "" {
		return
	}
	fields, _ := answer.Detail["fields"].([]any)
	var named []string
	for _, entry := range fields {
		problem, _ := entry.(map[string]any)
		name, _ := problem["field"].(string)
		if text, _ := problem["message"].(string); name == field && text != "" {
			return
		}
		named = append(named, name)
	}
	t.Errorf("the field %s is not named (%v are): %s", field, named, answer.Raw)
}

// with returns a good wish with a change, which is made in a map that the caller may not share.
func with(start time.Time, change func(wish, customer map[string]any)) map[string]any {
	good, customer := wish(start), map[string]any{"name": "Ann Miller", "phone": "020 7946 0123"}
	good["customer"] = customer
	change(good, customer)
	return good
}

func TestBadBookingsAreRefused(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		start := freeSlots(t, s, "cut")[1].Start
		day := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, start.Location())
		set := func(key string, value any) map[string]any {
			return with(start, func(wish, _ map[string]any) { wish[key] = value })
		}
		person := func(key string, value any) map[string]any {
			return with(start, func(_, customer map[string]any) { customer[key] = value })
		}
		for name, test := range map[string]struct {
			body        any
			status      int
			code, field string
		}{
			"in the past":         {set("start", time.Now().AddDate(0, 0, -1).Format(time.RFC3339)), 422, "IN_THE_PAST", "start"},
			"before opening":      {set("start", day.Add(6*time.Hour).Format(time.RFC3339)), 422, "OUTSIDE_HOURS", "start"},
			"runs past closing":   {set("start", day.Add(16*time.Hour+45*time.Minute).Format(time.RFC3339)), 422, "OUTSIDE_HOURS", "start"},
			"off the grid":        {set("start", day.Add(10*time.Hour+7*time.Minute).Format(time.RFC3339)), 422, "OFF_GRID", "start"},
			"too far ahead":       {set("start", day.AddDate(0, 0, 100).Add(10*time.Hour).Format(time.RFC3339)), 422, "TOO_FAR", "start"},
			"the year 1":          {set("start", "0001-01-01T09:00:00Z"), 422, "VALIDATION_ERROR", "start"},
			"the year 9999":       {set("start", "9999-12-31T09:00:00Z"), 422, "VALIDATION_ERROR", "start"},
			"no such date":        {set("start", "2027-02-30T09:00:00Z"), 422, "VALIDATION_ERROR", "start"},
			"no offset":           {set("start", "2027-02-03T09:00:00"), 422, "VALIDATION_ERROR", "start"},
			"a number as start":   {set("start", 1700000000), 422, "VALIDATION_ERROR", "start"},
			"unknown service":     {set("service", "shave"), 422, "UNKNOWN_SERVICE", "service"},
			"SQL as service":      {set("service", "cut'; DROP TABLE bookings; --"), 422, "UNKNOWN_SERVICE", "service"},
			"unknown resource":    {set("resource", "bob"), 422, "UNKNOWN_RESOURCE", "resource"},
			"malformed phone":     {person("phone", "12"), 422, "VALIDATION_ERROR", "customer.phone"},
			"words as phone":      {person("phone", "call me"), 422, "VALIDATION_ERROR", "customer.phone"},
			"endless phone":       {person("phone", strings.Repeat("1", 300)), 422, "VALIDATION_ERROR", "customer.phone"},
			"malformed e-mail":    {person("email", "ann@"), 422, "VALIDATION_ERROR", "customer.email"},
			"300-character name":  {person("name", strings.Repeat("n", 300)), 422, "VALIDATION_ERROR", "customer.name"},
			"blank name":          {person("name", "   "), 422, "VALIDATION_ERROR", "customer.name"},
			"NUL in name":         {person("name", "An\x00n"), 422, "VALIDATION_ERROR", "customer.name"},
			"no way to reach":     {person("phone", ""), 422, "VALIDATION_ERROR", "customer.phone"},
			"unknown field":       {set("colour", "red"), 422, "VALIDATION_ERROR", "colour"},
			"unknown inner field": {person("age", 30), 422, "VALIDATION_ERROR", "customer.age"},
			"list as customer":    {set("customer", []string{"Ann"}), 422, "VALIDATION_ERROR", "customer"},
			"null":                {"null", 422, "VALIDATION_ERROR", "body"},
			"a list":              {"[]", 422, "VALIDATION_ERROR", "body"},
			"no body":             {"", 400, "BAD_REQUEST", ""},
			"broken JSON":         {`{"service": "cut",`, 400, "BAD_REQUEST", ""},
			"two objects":         {`{} {}`, 400, "BAD_REQUEST", ""},
			"not UTF-8":           {"{\"service\": \"\xff\xfe\"}", 422, "VALIDATION_ERROR", "start"},
			"deep nesting":        {strings.Repeat("[", 20000) + strings.Repeat("]", 20000), 400, "BAD_REQUEST", ""},
		} {
			t.Run(name, func(t *testing.T) {
				checkRefusal(t, s.Send(book(test.body, nil)), test.status, test.code, test.field)
			})
		}
		if page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings")); len(page.Bookings) != 0 {
			t.Errorf("%d bookings were made", len(page.Bookings))
		}
	})
}

func TestBadQueriesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	nobody := "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"
	for _, test := range []struct {
		path        string
		status      int
		code, field string
	}{
		{"/api/v1/slots", 422, "VALIDATION_ERROR", "service"},
		{"/api/v1/slots?service=shave", 422, "UNKNOWN_SERVICE", "service"},
		{"/api/v1/slots?service=cut&resource=bob", 422, "UNKNOWN_RESOURCE", "resource"},
		{"/api/v1/slots?service=cut&from=tomorrow", 422, "VALIDATION_ERROR", "from"},
		{"/api/v1/slots?service=cut&to=2026-13-01", 422, "VALIDATION_ERROR", "to"},
		{"/api/v1/slots?service=cut&limit=0", 422, "VALIDATION_ERROR", "limit"},
		{"/api/v1/slots?service=cut&limit=many", 422, "VALIDATION_ERROR", "limit"},
		{"/api/v1/slots?service=cut&from=2027-01-01&to=2037-01-01", 422, "WINDOW_TOO_LARGE", "to"},
		{"/api/v1/bookings?status=lost", 422, "VALIDATION_ERROR", "status[0]"},
		{"/api/v1/bookings?limit=201", 422, "VALIDATION_ERROR", "limit"},
		{"/api/v1/bookings?cursor=xyz", 422, "VALIDATION_ERROR", "cursor"},
		// Microsecond 9e18 of the right booking: later than a database counts.
		{"/api/v1/bookings?cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1.9000000000000000000."+anyID)), 422, "VALIDATION_ERROR", "cursor"},
		{"/api/v1/bookings?cursor=MS4xLng", 422, "VALIDATION_ERROR", "cursor"},
		{"/api/v1/bookings?phone=12", 422, "VALIDATION_ERROR", "phone"},
		{"/api/v1/bookings?from=2027-01-02&to=2027-01-01T00:00:00Z", 422, "VALIDATION_ERROR", "to"},
		{"/api/v1/bookings?service=%00", 422, "VALIDATION_ERROR", "service"},
		{"/api/v1/bookings/" + nobody, 404, "NOT_FOUND", ""},
		{"/api/v1/bookings/" + nobody + "/events", 404, "NOT_FOUND", ""},
		{"/api/v1/bookings/1%20OR%201=1", 404, "NOT_FOUND", ""},
		{"/api/v1/nothing", 404, "NOT_FOUND", ""},
		{"/nothing", 404, "NOT_FOUND", ""},
	} {
		t.Run(test.path, func(t *testing.T) {
			checkRefusal(t, s.Get(test.path), test.status, test.code, test.field)
		})
	}
}

func TestBadRequestsAreRefusedInTheCommonShape(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	start := freeSlots(t, s, "cut")[0].Start
	stranger, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	post := func(change func(*servertest.Request)) servertest.Request {
		request := book(wish(start), map[string]string{})
		change(&request)
		return request
	}
	for name, test := range map[string]struct {
		request servertest.Request
		status  int
		code    string
		field   string
	}{
		"wrong method":          {servertest.Request{Method: http.MethodDelete, Path: "/api/v1/bookings"}, 405, "METHOD_NOT_ALLOWED", ""},
		"wrong media type":      {post(func(r *servertest.Request) { r.Header["Content-Type"] = "text/xml" }), 415, "UNSUPPORTED_MEDIA_TYPE", ""},
		"no key":                {post(func(r *servertest.Request) { r.Key = "none" }), 401, "MISSING_API_KEY", ""},
		"malformed key":         {post(func(r *servertest.Request) { r.Key = "secret" }), 401, "INVALID_API_KEY", ""},
		"unknown key":           {post(func(r *servertest.Request) { r.Key = stranger.Reveal() }), 401, "INVALID_API_KEY", ""},
		"known id, bad secret":  {post(func(r *servertest.Request) { r.Key = "fd_" + s.Key.ID + "_" + strings.Repeat("x", 40) }), 401, "INVALID_API_KEY", ""},
		"key without scope":     {post(func(r *servertest.Request) { r.Key = s.Reader.Reveal() }), 403, "INSUFFICIENT_PERMISSIONS", ""},
		"space in idempotency":  {post(func(r *servertest.Request) { r.Header["Idempotency-Key"] = "a b" }), 422, "VALIDATION_ERROR", "Idempotency-Key"},
		"idempotency not ASCII": {post(func(r *servertest.Request) { r.Header["Idempotency-Key"] = "é" }), 422, "VALIDATION_ERROR", "Idempotency-Key"},
		"endless idempotency":   {post(func(r *servertest.Request) { r.Header["Idempotency-Key"] = strings.Repeat("k", 256) }), 422, "VALIDATION_ERROR", "Idempotency-Key"},
		"cancel nothing":        {servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11/cancel"}, 404, "NOT_FOUND", ""},
		"endless reason":        {servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/x/cancel", Body: map[string]string{"reason": strings.Repeat("r", 501)}}, 422, "VALIDATION_ERROR", "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.Send(test.request)
			checkRefusal(t, answer, test.status, test.code, test.field)
			if test.status == 405 && answer.Header.Get("Allow") != "GET, POST" {
				t.Errorf("Allow: %q", answer.Header.Get("Allow"))
			}
			if test.status == 401 && answer.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
}

// endless is a body without an end: a server that read all of it would never answer.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestLargeBodiesAreRefusedUnread(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	const size = 10 << 20
	t.Run("announced", func(t *testing.T) {
		checkRefusal(t, s.Send(book(strings.Repeat(" ", size), nil)), 413, "BODY_TOO_LARGE", "")
	})
	t.Run("without an end", func(t *testing.T) {
		checkRefusal(t, s.Send(book(io.Reader(endless{}), nil)), 413, "BODY_TOO_LARGE", "")
	})
	t.Run("just fits", func(t *testing.T) {
		checkRefusal(t, s.Send(book(`{"notes":"`+strings.Repeat("n", 1<<20-12)+`"}`, nil)), 422, "VALIDATION_ERROR", "notes")
	})
}

func TestJunkKeysAreLimitedBeforeBcrypt(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	s.Get("/api/v1/services") // the owner's key is proved
	limited := false
	for i := range 40 {
		answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: fmt.Sprintf("fd_%s_%040d", s.Key.ID, i)})
		if answer.Status == http.StatusTooManyRequests {
			limited = true
			if answer.Code != "RATE_LIMIT_EXCEEDED" || answer.Header.Get("Retry-After") == "" {
				t.Errorf("%s, Retry-After %q", answer.Raw, answer.Header.Get("Retry-After"))
			}
			break
		}
	}
	if !limited {
		t.Error("forty wrong keys were not limited")
	}
	if answer := s.Get("/api/v1/services"); !answer.OK {
		t.Errorf("the owner is locked out by a stranger's attempts: %s", answer.Raw)
	}
}
