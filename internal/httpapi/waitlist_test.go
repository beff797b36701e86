package httpapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// withWaitlist is a policy in which offers last so long.
func withWaitlist(ttl time.Duration) func(*tenantconfig.Document) {
	return func(d *tenantconfig.Document) { d.Policies[0].Waitlist.OfferTTL = tenantconfig.Duration(ttl) }
}

// joining asks to wait for a cut on the day of a time.
func joining(at time.Time, name, phone string, header ...string) servertest.Request {
	day := at.UTC().Truncate(24 * time.Hour)
	return onWaitlist("", map[string]any{
		"service": "cut", "resource": "ada", "notes": "please",
		"windows":  []map[string]any{{"from": day, "to": day.Add(24 * time.Hour)}},
		"customer": map[string]any{"name": name, "phone": phone},
	}, header...)
}

func onWaitlist(path string, body any, header ...string) servertest.Request {
	request := servertest.Request{Method: http.MethodPost, Path: "/api/v1/waitlist" + path, Body: body, Header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header[header[i]] = header[i+1]
	}
	return request
}

func entryOf(t *testing.T, s *servertest.Server, id string) httpapi.WaitlistEntry {
	t.Helper()
	return servertest.Into[httpapi.WaitlistEntry](t, s.Get("/api/v1/waitlist/"+id))
}

func TestWaitlist(t *testing.T) {
	t.Parallel()
	enginesWith(t, withWaitlist(10*time.Minute), func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[0]
		taken := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slot.Start), nil)))

		first := joins(t, s, slot.Start)
		second := servertest.Into[httpapi.WaitlistEntry](t, s.Send(joining(slot.Start, "Cyd", "020 7946 0125")))
		accept := onWaitlist("/"+first.ID+"/accept", nil)
		refuses(t, s, accept, http.StatusConflict, "NO_OFFER")

		if cancelled := s.Send(post(taken.ID, "cancel", nil)); cancelled.Status != http.StatusOK {
			t.Fatalf("%d %s", cancelled.Status, cancelled.Raw)
		}
		offered := entryOf(t, s, first.ID)
		if offered.Status != "offered" || offered.Offer == nil || offered.Offer.Status != "held" || !offered.Offer.Start.Equal(slot.Start) ||
			offered.Offer.WaitlistEntry != first.ID || time.Until(*offered.Offer.HoldExpiresAt) < 9*time.Minute {
			t.Fatalf("unexpected offer: %+v", offered)
		}
		refuses(t, s, book(wish(slot.Start), nil), http.StatusConflict, "SLOT_TAKEN")
		for _, free := range freeSlots(t, s, "cut") {
			if free.Start.Equal(slot.Start) {
				t.Error("what is offered to somebody is shown as free")
			}
		}

		decline := onWaitlist("/"+first.ID+"/decline", map[string]any{"booking": offered.BookingID}, "Idempotency-Key", "decline")
		if got := servertest.Into[httpapi.WaitlistEntry](t, s.Send(decline)); got.Status != "waiting" || got.BookingID != "" {
			t.Errorf("after declining: %+v", got)
		}
		if again := s.Send(decline); again.Status != http.StatusOK || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		handed := entryOf(t, s, second.ID)
		if handed.Status != "offered" {
			t.Fatalf("the next in line was not offered the time: %+v", handed)
		}
		unseen := onWaitlist("/"+second.ID+"/accept", map[string]any{"booking": offered.BookingID})
		refuses(t, s, unseen, http.StatusConflict, "NO_OFFER")
		accept = onWaitlist("/"+second.ID+"/accept", nil, "Idempotency-Key", "accept")
		accepted := servertest.Into[httpapi.WaitlistEntry](t, s.Send(accept))
		if accepted.Status != "booked" || accepted.Offer.Status != "confirmed" || accepted.BookingID != handed.BookingID {
			t.Fatalf("unexpected: %+v", accepted)
		}
		if again := s.Send(accept); again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		refuses(t, s, onWaitlist("/"+second.ID+"/accept", nil), http.StatusConflict, "WRONG_STATUS")
		refuses(t, s, onWaitlist("/"+second.ID+"/leave", nil), http.StatusConflict, "WRONG_STATUS")

		by := " by key:" + s.Key.ID
		wantHistory(t, s, first.ID, "waitlist.joined"+by, "booking.offered by system", "booking.declined"+by)
		wantHistory(t, s, second.ID, "waitlist.joined"+by, "booking.offered by system", "booking.confirmed"+by)
		leaves(t, s, first.ID)
		lists(t, s, first.ID, second.ID)
	})
}

// joins has Ben join the line, once however often it is asked.
func joins(t *testing.T, s *servertest.Server, start time.Time) httpapi.WaitlistEntry {
	t.Helper()
	join := joining(start, "Ben", "020 7946 0124", "Idempotency-Key", "join")
	answer := s.Send(join)
	first := servertest.Into[httpapi.WaitlistEntry](t, answer)
	if answer.Status != http.StatusCreated || first.Status != "waiting" || first.Customer.Phone != "+442079460124" || first.Resource.Name != "Ada" ||
		first.Service.Name != "Cut" || len(first.Windows) != 1 || first.Notes != "please" || first.Offer != nil {
		t.Fatalf("unexpected: %d %s", answer.Status, answer.Raw)
	}
	if again := s.Send(join); again.Status != http.StatusCreated || again.Header.Get("Idempotency-Replayed") != "true" ||
		servertest.Into[httpapi.WaitlistEntry](t, again).ID != first.ID {
		t.Errorf("the same again: %d %s", again.Status, again.Raw)
	}
	refuses(t, s, joining(start, "Benny", "020 7946 0124", "Idempotency-Key", "join"), http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED")
	return first
}

func wantHistory(t *testing.T, s *servertest.Server, id string, want ...string) {
	t.Helper()
	var got []string
	for _, e := range servertest.Into[httpapi.WaitlistHistory](t, s.Get("/api/v1/waitlist/"+id+"/events")).Events {
		got = append(got, string(e.Type)+" by "+e.Actor)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func leaves(t *testing.T, s *servertest.Server, id string) {
	t.Helper()
	leave := onWaitlist("/"+id+"/leave", nil, "Idempotency-Key", "leave")
	if left := servertest.Into[httpapi.WaitlistEntry](t, s.Send(leave)); left.Status != "left" {
		t.Errorf("unexpected: %+v", left)
	}
	if again := s.Send(leave); again.Status != http.StatusOK || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same again: %d %s", again.Status, again.Raw)
	}
	refuses(t, s, onWaitlist("/"+id+"/leave", nil), http.StatusConflict, "WRONG_STATUS")
}

func lists(t *testing.T, s *servertest.Server, want ...string) {
	t.Helper()
	for query, ids := range map[string][]string{
		"": want, "?status=left": want[:1], "?status=left,booked&service=cut&resource=ada": want, "?phone=02079460125": want[1:], "?service=wash": nil,
	} {
		var got []string
		for _, e := range servertest.Into[httpapi.WaitlistPage](t, s.Get("/api/v1/waitlist"+query)).Entries {
			got = append(got, e.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" {
			t.Errorf("list%s (-want +got):\n%s", query, diff)
		}
	}
	page := servertest.Into[httpapi.WaitlistPage](t, s.Get("/api/v1/waitlist?limit=1"))
	next := servertest.Into[httpapi.WaitlistPage](t, s.Get("/api/v1/waitlist?limit=1&cursor="+page.NextCursor))
	if page.Entries[0].ID != want[0] || len(next.Entries) != 1 || next.Entries[0].ID != want[1] || next.NextCursor != "" {
		t.Errorf("pages: %+v, then %+v", page, next)
	}
}

func TestWaitlistRefusesNonsense(t *testing.T) {
	t.Parallel()
	closed := start(t, servertest.Unchanged)
	refuses(t, closed, joining(time.Now().AddDate(0, 0, 2), "Ben", "020 7946 0124"), http.StatusConflict, "WAITLIST_CLOSED")
	s := start(t, withWaitlist(time.Minute))
	now := time.Now().UTC()
	window := func(from, to time.Time) []map[string]any {
		return []map[string]any{{"from": from.Format(time.RFC3339), "to": to.Format(time.RFC3339)}}
	}
	for name, windows := range map[string]any{
		"none": []any{}, "null": nil, "backward": window(now.Add(2*time.Hour), now.Add(time.Hour)), "past": window(now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"too long": window(now, now.AddDate(0, 0, 63)), "year 1": window(time.Time{}, now), "year 9999": window(now, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)),
		"text": "tomorrow", "dates": []map[string]any{{"from": "2030-01-01", "to": "2030-01-02"}}, "no end": []map[string]any{{"from": now}},
		"too many": append(make([]map[string]any, 10), window(now, now.Add(time.Hour))...),
	} {
		request := joining(now, "Ben", "020 7946 0124")
		request.Body.(map[string]any)["windows"] = windows
		if answer := refuses(t, s, request, http.StatusUnprocessableEntity, "VALIDATION_ERROR"); t.Failed() {
			t.Fatalf("%s: %s", name, answer.Raw)
		}
	}
	for field, test := range map[string]struct{ value, code string }{
		"service": {"surgery", "UNKNOWN_SERVICE"}, "resource": {"chair", "UNKNOWN_RESOURCE"}, "notes": {"\x00", "VALIDATION_ERROR"}, "party": {"4", "VALIDATION_ERROR"},
	} {
		request := joining(now, "Ben", "020 7946 0124")
		request.Body.(map[string]any)[field] = test.value
		refuses(t, s, request, http.StatusUnprocessableEntity, test.code)
	}
	for _, id := range []string{"1", "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c33", "%27--"} {
		refuses(t, s, servertest.Request{Method: http.MethodGet, Path: "/api/v1/waitlist/" + id}, http.StatusNotFound, "NOT_FOUND")
		refuses(t, s, servertest.Request{Method: http.MethodGet, Path: "/api/v1/waitlist/" + id + "/events"}, http.StatusNotFound, "NOT_FOUND")
		for _, what := range []string{"accept", "decline", "leave"} {
			refuses(t, s, onWaitlist("/"+id+"/"+what, nil), http.StatusNotFound, "NOT_FOUND")
		}
	}
	if page := servertest.Into[httpapi.WaitlistPage](t, s.Get("/api/v1/waitlist")); len(page.Entries) != 0 {
		t.Errorf("refused entries are kept: %+v", page)
	}
	reader := joining(now, "Ben", "020 7946 0124")
	reader.Key = s.Reader.Reveal()
	refuses(t, s, reader, http.StatusForbidden, "INSUFFICIENT_PERMISSIONS")
}
