package httpapi_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// calendar is an answer that is no JSON.
type calendar struct {
	status int
	header http.Header
	text   string
}

// fetch gets a calendar as a calendar program does, with nothing but its address and the ETag that it has.
func fetch(t *testing.T, s *servertest.Server, address, etag string) calendar {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Public+address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return calendar{response.StatusCode, response.Header, strings.ReplaceAll(string(text), "\r\n ", "")}
}

func feedKey(t *testing.T, s *servertest.Server, scopes ...string) httpapi.IssuedKey {
	t.Helper()
	return makeKey(t, s, map[string]any{"name": "feed", "scopes": scopes})
}

const adasCalendar = "/api/v1/resources/ada/calendar.ics"

func TestResourceCalendar(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slots := freeSlots(t, s, "cut")
		first := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[0].Start), nil)))
		held := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/holds", Body: wish(slots[2].Start)})
		if held.Status != http.StatusCreated {
			t.Fatalf("%d %s", held.Status, held.Raw)
		}
		key := feedKey(t, s, "calendar:ada")
		address := adasCalendar + "?token=" + key.Secret
		got := fetch(t, s, address, "")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "text/calendar; charset=utf-8" || got.header.Get("Cache-Control") != "private, no-cache" {
			t.Fatalf("%d %v\n%s", got.status, got.header, got.text)
		}
		for _, want := range []string{
			"UID:" + first.ID + "@frontdesk.dev\r\n", "DTSTART:" + first.StartUTC.Format("20060102T150405Z"), "DTEND:" + first.EndUTC.Format("20060102T150405Z"),
			"SEQUENCE:0\r\n", "STATUS:CONFIRMED", "STATUS:TENTATIVE", "LAST-MODIFIED:" + first.UpdatedAt.Format("20060102T150405Z"),
			"SUMMARY:Cut\r\n", "LOCATION:Ada\r\n", "NAME:Ada\\, Salon Ada",
		} {
			if !strings.Contains(got.text, want) {
				t.Errorf("%q is not in the calendar:\n%s", want, got.text)
			}
		}
		for _, personal := range []string{"Ann", "Miller", "2079460123", "DESCRIPTION"} {
			if strings.Contains(got.text, personal) {
				t.Errorf("a calendar of times has %q in it:\n%s", personal, got.text)
			}
		}

		etag := got.header.Get("ETag")
		for _, condition := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			if again := fetch(t, s, address, condition); again.status != http.StatusNotModified || again.text != "" || again.header.Get("ETag") != etag {
				t.Errorf("If-None-Match %s: %d %q", condition, again.status, again.text)
			}
		}
		cancelled := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + first.ID + "/cancel"})
		if cancelled.Status != http.StatusOK {
			t.Fatalf("%d %s", cancelled.Status, cancelled.Raw)
		}
		after := fetch(t, s, address, etag)
		if after.status != http.StatusOK || !strings.Contains(after.text, "UID:"+first.ID) || !strings.Contains(after.text, "STATUS:CANCELLED") || !strings.Contains(after.text, "SEQUENCE:1\r\n") {
			t.Errorf("after the cancellation: %d\n%s", after.status, after.text)
		}
	})
}

// TestResourceCalendarIsKept: programs that poll a calendar have it made once, until a booking changes. With names in it it
// is never kept.
func TestResourceCalendarIsKept(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	slots := freeSlots(t, s, "cut")
	made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[0].Start), nil)))
	polled := func() httpapi.CacheKind {
		for _, kind := range cacheStats(t, s).Kinds {
			if kind.Name == "calendars" {
				return kind
			}
		}
		return httpapi.CacheKind{}
	}
	times := adasCalendar + "?token=" + feedKey(t, s, "calendar:ada").Secret
	names := adasCalendar + "?token=" + feedKey(t, s, "calendar-names:ada").Secret
	first := fetch(t, s, times, "")
	for range 2 {
		if again := fetch(t, s, times, ""); again.text != first.text || again.header.Get("Content-Type") != first.header.Get("Content-Type") {
			t.Errorf("the calendar differs:\n%s\n%s", first.text, again.text)
		}
	}
	if again := fetch(t, s, times, first.header.Get("ETag")); again.status != http.StatusNotModified || again.text != "" {
		t.Errorf("who has the calendar gets %d %q", again.status, again.text)
	}
	if got := polled(); got.Misses != 1 || got.Hits != 3 {
		t.Errorf("four polls: %+v; want one to make the calendar", got)
	}
	for range 2 {
		if with := fetch(t, s, names, ""); !strings.Contains(with.text, "SUMMARY:Cut: Ann Miller") {
			t.Errorf("the calendar with names:\n%s", with.text)
		}
	}
	if again := fetch(t, s, times, ""); strings.Contains(again.text, "Ann Miller") {
		t.Errorf("the calendar of times has names:\n%s", again.text)
	}
	if got := polled(); got.Misses != 1 || got.Hits != 4 {
		t.Errorf("after polls with names: %+v; want these not to be kept", got)
	}
	moved := s.Send(servertest.Request{
		Method: http.MethodPost, Path: "/api/v1/bookings/" + made.ID + "/reschedule", Body: map[string]any{"start": slots[3].Start.Format(time.RFC3339)},
	})
	if moved.Status != http.StatusOK {
		t.Fatalf("%d %s", moved.Status, moved.Raw)
	}
	after := fetch(t, s, times, first.header.Get("ETag"))
	if want := "DTSTART:" + slots[3].StartUTC.Format("20060102T150405Z"); after.status != http.StatusOK || !strings.Contains(after.text, want) {
		t.Errorf("after the move: %d, want %s in\n%s", after.status, want, after.text)
	}
}

func TestCalendarShowsWhatTheScopeAllows(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	slot := freeSlots(t, s, "cut")[0]
	made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slot.Start), nil)))
	ofBooking := "/api/v1/bookings/" + made.ID + "/calendar.ics"

	for _, test := range []struct {
		name, address, scope string
		status               int
		summary              string
		contacts             bool
	}{
		{"times", adasCalendar, "calendar:ada", http.StatusOK, "SUMMARY:Cut\r\n", false},
		{"names", adasCalendar, "calendar-names:ada", http.StatusOK, "SUMMARY:Cut: Ann Miller\r\n", false},
		{"another resource", adasCalendar, "calendar:chair", http.StatusForbidden, "", false},
		{"a booking of the resource", ofBooking, "calendar:ada", http.StatusOK, "SUMMARY:Cut\r\n", false},
		{"the booking itself", ofBooking, "calendar-names:" + made.ID, http.StatusOK, "SUMMARY:Cut: Ann Miller\r\n", false},
		{"the resource of the booking", adasCalendar, "calendar-names:" + made.ID, http.StatusForbidden, "", false},
		{"a booking of another resource", ofBooking, "calendar:chair", http.StatusNotFound, "", false},
		{"no such booking", "/api/v1/bookings/01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11/calendar.ics", "calendar:ada", http.StatusNotFound, "", false},
		{"a key that may do more", adasCalendar, "bookings:read", http.StatusForbidden, "", false},
	} {
		got := fetch(t, s, test.address+"?token="+feedKey(t, s, test.scope).Secret, "")
		if got.status != test.status || !strings.Contains(got.text, test.summary) {
			t.Errorf("%s: %d\n%s", test.name, got.status, got.text)
		}
	}

	// Without a token in the address, a key in the header may be any that reads bookings.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Public+adasCalendar, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", s.Reader.Reveal())
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(text), `DESCRIPTION:+442079460123`) {
		t.Errorf("%s, %v\n%s", response.Status, err, text)
	}
}

func TestCalendarTokens(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	key := feedKey(t, s, "calendar:ada")
	address := adasCalendar + "?token=" + key.Secret

	if got := fetch(t, s, adasCalendar, ""); got.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", got.status)
	}
	if got := fetch(t, s, adasCalendar+"?token=fd_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbb", ""); got.status != http.StatusUnauthorized {
		t.Errorf("with a made-up token: %d", got.status)
	}
	// A token in the address opens calendars only.
	for _, elsewhere := range []string{"/api/v1/bookings", "/api/v1/services", "/api/v1/leads"} {
		if got := fetch(t, s, elsewhere+"?token="+key.Secret, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s with a token in the address: %d", elsewhere, got.status)
		}
	}
	if answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/bookings", Key: key.Secret}); answer.Status != http.StatusForbidden {
		t.Errorf("a calendar's key reads bookings: %d", answer.Status)
	}
	if answer := s.Send(keyRequest("/api/v1/keys/"+key.ID+"/revoke", nil)); answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	if got := fetch(t, s, address, ""); got.status != http.StatusUnauthorized {
		t.Errorf("with a revoked token: %d", got.status)
	}
	for _, scope := range []string{"calendar:nobody", "calendar:", "calendar-names:", "calendar", "Calendar:ada"} {
		answer := s.Send(keyRequest("/api/v1/keys", map[string]any{"name": "feed", "scopes": []string{scope}}))
		if answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("a key with the scope %q: %d %s", scope, answer.Status, answer.Raw)
		}
	}
}

func TestCalendarTokenIsNotLogged(t *testing.T) {
	t.Parallel()
	s, _, log := startFaulty(t)
	fetch(t, s, adasCalendar+"?token="+s.Key.Reveal(), "")
	servertest.Eventually(t, "the request is logged", func() bool { return strings.Contains(log.String(), `calendar.ics`) })
	if strings.Contains(log.String(), s.Key.Reveal()) || strings.Contains(log.String(), "token=") {
		t.Errorf("the log holds the token:\n%s", log.String())
	}
}
