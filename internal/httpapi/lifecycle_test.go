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

// post asks for something to be done to a booking.
func post(id, what string, body any, header ...string) servertest.Request {
	request := servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + id + "/" + what, Body: body, Header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header[header[i]] = header[i+1]
	}
	return request
}

// refuses sends a request that must be refused.
func refuses(t *testing.T, s *servertest.Server, request servertest.Request, status int, code string) servertest.Answer {
	t.Helper()
	answer := s.Send(request)
	if answer.Status != status || answer.Code != code {
		t.Errorf("%s %s: %d %s, want %d %s", request.Method, request.Path, answer.Status, answer.Raw, status, code)
	}
	return answer
}

func history(t *testing.T, s *servertest.Server, id string) []string {
	t.Helper()
	var types []string
	for _, event := range servertest.Into[httpapi.History](t, s.Get("/api/v1/bookings/"+id+"/events")).Events {
		types = append(types, string(event.Type))
	}
	return types
}

func TestHoldAndConfirm(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[0]
		hold := servertest.Request{Method: http.MethodPost, Path: "/api/v1/holds", Body: wish(slot.Start), Header: map[string]string{"Idempotency-Key": "hold"}}
		held := servertest.Into[httpapi.Booking](t, s.Send(hold))
		if held.Status != "held" || held.HoldExpiresAt == nil || time.Until(*held.HoldExpiresAt) < 4*time.Minute {
			t.Fatalf("unexpected hold: %+v", held)
		}
		if again := s.Send(hold); again.Status != http.StatusCreated || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		refuses(t, s, book(wish(slot.Start), nil), http.StatusConflict, "SLOT_TAKEN")
		confirm := post(held.ID, "confirm", nil, "Idempotency-Key", "confirm")
		confirmed := servertest.Into[httpapi.Booking](t, s.Send(confirm))
		if confirmed.Status != "confirmed" || confirmed.HoldExpiresAt != nil || confirmed.Version != 2 {
			t.Fatalf("unexpected booking: %+v", confirmed)
		}
		if again := s.Send(confirm); again.Status != http.StatusOK || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("confirmed again with its key: %d %s", again.Status, again.Raw)
		}
		refuses(t, s, post(held.ID, "confirm", nil), http.StatusConflict, "WRONG_STATUS")
		refuses(t, s, post("01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", "confirm", nil), http.StatusNotFound, "NOT_FOUND")
		if diff := cmp.Diff([]string{"booking.held", "booking.confirmed"}, history(t, s, held.ID)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

// The shortest hold that a policy may have takes half a minute to lapse; the test asks for the rest of its time to
// be up by reading the booking.
func TestHoldLapses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("waits half a minute")
	}
	s := start(t, func(d *tenantconfig.Document) { d.Policies[0].Holds.TTL = tenantconfig.Duration(30 * time.Second) })
	slot := freeSlots(t, s, "cut")[0]
	held := servertest.Into[httpapi.Booking](t, s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/holds", Body: wish(slot.Start)}))
	deadline := time.Now().Add(2 * time.Minute)
	for servertest.Into[httpapi.Booking](t, s.Get("/api/v1/bookings/"+held.ID)).Status != "expired" {
		if time.Now().After(deadline) {
			t.Fatal("the hold does not lapse")
		}
		time.Sleep(100 * time.Millisecond) // between two looks
	}
	answer := refuses(t, s, post(held.ID, "confirm", nil), http.StatusConflict, "HOLD_EXPIRED")
	alternatives, _ := answer.Detail["alternatives"].([]any)
	if len(alternatives) == 0 {
		t.Errorf("no alternatives: %s", answer.Raw)
	}
	if again := s.Send(book(wish(slot.Start), nil)); again.Status != http.StatusCreated {
		t.Errorf("the lapsed hold's slot: %d %s", again.Status, again.Raw)
	}
	if page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings?status=expired")); len(page.Bookings) != 1 || page.Bookings[0].ID != held.ID {
		t.Errorf("the list of expired holds: %+v", page.Bookings)
	}
}

// withWriter adds a key that is not the business's own.
func withWriter(t *testing.T, s *servertest.Server) func(d *tenantconfig.Document) {
	t.Helper()
	return func(d *tenantconfig.Document) {
		for i, key := range d.Access.Keys {
			if key.ID == s.Reader.ID {
				d.Access.Keys[i].Scopes = []string{"bookings:read", "bookings:write"}
			}
		}
	}
}

func TestManualConfirmation(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	writer := withWriter(t, s)
	revision := s.Configure(func(d *tenantconfig.Document) {
		writer(d)
		d.Policies[0].Confirmation = tenantconfig.ConfirmManual
	})
	s.Status(revision)
	slots := freeSlots(t, s, "cut")
	asked := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[0].Start), nil)))
	if asked.Status != "pending" {
		t.Fatalf("status %s, want pending", asked.Status)
	}
	byCustomer := func(r servertest.Request) servertest.Request { r.Key = s.Reader.Reveal(); return r }
	refuses(t, s, byCustomer(post(asked.ID, "confirm", nil)), http.StatusForbidden, "BUSINESS_ONLY")
	refuses(t, s, byCustomer(post(asked.ID, "decline", nil)), http.StatusForbidden, "INSUFFICIENT_PERMISSIONS")
	if confirmed := servertest.Into[httpapi.Booking](t, s.Send(post(asked.ID, "confirm", nil))); confirmed.Status != "confirmed" {
		t.Errorf("status %s, want confirmed", confirmed.Status)
	}
	refuses(t, s, post(asked.ID, "decline", nil), http.StatusConflict, "WRONG_STATUS")

	held := servertest.Into[httpapi.Booking](t, s.Send(byCustomer(servertest.Request{Method: http.MethodPost, Path: "/api/v1/holds", Body: wish(slots[1].Start)})))
	if pending := servertest.Into[httpapi.Booking](t, s.Send(byCustomer(post(held.ID, "confirm", nil)))); pending.Status != "pending" {
		t.Errorf("status %s, want pending", pending.Status)
	}
	declined := servertest.Into[httpapi.Booking](t, s.Send(post(held.ID, "decline", `{"reason":"On holiday"}`, "Idempotency-Key", "no")))
	if declined.Status != "cancelled" || declined.CancellationReason != "On holiday" {
		t.Errorf("unexpected: %+v", declined)
	}
	if diff := cmp.Diff([]string{"booking.held", "booking.requested", "booking.declined"}, history(t, s, held.ID)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slots := freeSlots(t, s, "cut")
		made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[0].Start), nil)))
		taken := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[3].Start), nil)))
		to := func(start time.Time, resource string) map[string]any {
			return map[string]any{"start": start.Format(time.RFC3339), "resource": resource}
		}
		move := post(made.ID, "reschedule", to(slots[1].Start, ""), "Idempotency-Key", "move")
		moved := servertest.Into[httpapi.Booking](t, s.Send(move))
		if !moved.Start.Equal(slots[1].Start) || moved.Reschedules != 1 || moved.ID != made.ID {
			t.Fatalf("unexpected: %+v", moved)
		}
		if again := s.Send(move); again.Status != http.StatusOK || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		refusal := refuses(t, s, post(made.ID, "reschedule", to(taken.Start, "")), http.StatusConflict, "SLOT_TAKEN")
		if alternatives, _ := refusal.Detail["alternatives"].([]any); len(alternatives) == 0 {
			t.Errorf("no alternatives: %s", refusal.Raw)
		}
		refuses(t, s, post(made.ID, "reschedule", to(slots[1].Start, "")), http.StatusUnprocessableEntity, "VALIDATION_ERROR")
		refuses(t, s, post(made.ID, "reschedule", to(slots[2].Start, "chair")), http.StatusUnprocessableEntity, "UNKNOWN_RESOURCE")
		if free := s.Send(book(wish(slots[0].Start), nil)); free.Status != http.StatusCreated {
			t.Errorf("the old slot: %d %s", free.Status, free.Raw)
		}
		if diff := cmp.Diff([]string{"booking.confirmed", "booking.rescheduled"}, history(t, s, made.ID)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func TestCustomersMoveWithinThePolicy(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	writer := withWriter(t, s)
	policy := func(rules tenantconfig.Rescheduling) {
		s.Status(s.Configure(func(d *tenantconfig.Document) { writer(d); d.Policies[0].Rescheduling = rules }))
	}
	policy(tenantconfig.Rescheduling{Times: 1})
	slots := freeSlots(t, s, "cut")
	made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slots[0].Start), nil)))
	move := func(slot int) servertest.Request {
		request := post(made.ID, "reschedule", map[string]any{"start": slots[slot].Start.Format(time.RFC3339)})
		request.Key = s.Reader.Reveal()
		return request
	}
	if answer := s.Send(move(1)); answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	refusal := refuses(t, s, move(2), http.StatusConflict, "LIMIT_REACHED")
	if refusal.Detail["limit"] != "reschedules" || refusal.Detail["maximum"] != 1.0 {
		t.Errorf("details %v", refusal.Detail)
	}
	policy(tenantconfig.Rescheduling{Times: 0})
	refuses(t, s, move(2), http.StatusConflict, "LIMIT_REACHED")
	policy(tenantconfig.Rescheduling{Times: 9, Until: tenantconfig.Duration(20 * 24 * time.Hour)})
	refuses(t, s, move(2), http.StatusConflict, "TOO_LATE_TO_RESCHEDULE")
	business := move(2)
	business.Key = ""
	if answer := s.Send(business); answer.Status != http.StatusOK {
		t.Errorf("the business itself: %d %s", answer.Status, answer.Raw)
	}
}

func TestClosing(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(freeSlots(t, s, "cut")[0].Start), nil)))
	for _, what := range []string{"complete", "no-show"} {
		refuses(t, s, post(made.ID, what, nil), http.StatusConflict, "NOT_STARTED")
		reader := post(made.ID, what, nil)
		reader.Key = s.Reader.Reveal()
		refuses(t, s, reader, http.StatusForbidden, "INSUFFICIENT_PERMISSIONS")
	}
	s.Send(post(made.ID, "cancel", nil))
	refuses(t, s, post(made.ID, "complete", nil), http.StatusConflict, "WRONG_STATUS")
}

func TestEditWithETag(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		body := wish(freeSlots(t, s, "cut")[0].Start)
		body["customFields"] = map[string]string{"insurer": "Acme", "referral": "Dr Who"}
		created := s.Send(book(body, nil))
		made := servertest.Into[httpapi.Booking](t, created)
		if tag := created.Header.Get("ETag"); tag != `"1"` || s.Get("/api/v1/bookings/"+made.ID).Header.Get("ETag") != tag {
			t.Errorf("ETag %s", tag)
		}
		patch := func(body, ifMatch string, header ...string) servertest.Request {
			r := servertest.Request{Method: http.MethodPatch, Path: "/api/v1/bookings/" + made.ID, Body: body, Header: map[string]string{}}
			if ifMatch != "" {
				r.Header["If-Match"] = ifMatch
			}
			for i := 0; i+1 < len(header); i += 2 {
				r.Header[header[i]] = header[i+1]
			}
			return r
		}
		first := patch(`{"notes":" Step-free access ","customFields":{"insurer":"Zenith","referral":null,"room":"2"}}`, `"1"`, "Idempotency-Key", "edit")
		answer := s.Send(first)
		edited := servertest.Into[httpapi.Booking](t, answer)
		want := map[string]string{"insurer": "Zenith", "room": "2"}
		if diff := cmp.Diff(want, map[string]string(edited.CustomFields)); diff != "" || edited.Notes != "Step-free access" || answer.Header.Get("ETag") != `"2"` {
			t.Errorf("ETag %s, notes %q, fields (-want +got):\n%s", answer.Header.Get("ETag"), edited.Notes, diff)
		}
		if again := s.Send(first); again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		refuses(t, s, patch(`{"notes":"x"}`, `"1"`), http.StatusPreconditionFailed, "VERSION_CONFLICT")
		for _, bad := range []servertest.Request{
			patch(`{"notes":"x"}`, `W/"1"`), patch(`{"notes":"x"}`, "1"), patch(`{}`, ""), patch(`{"status":"completed"}`, ""), patch(`{"notes":null}`, ""),
			patch(`{"customFields":{"a b":"x"}}`, ""), patch(`{"customFields":{"a":7}}`, ""), patch(`{"customFields":{"a":"\u0000"}}`, ""),
		} {
			refuses(t, s, bad, http.StatusUnprocessableEntity, "VALIDATION_ERROR")
		}
		if diff := cmp.Diff([]string{"booking.confirmed", "booking.updated"}, history(t, s, made.ID)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
		if emptied := servertest.Into[httpapi.Booking](t, s.Send(patch(`{"notes":""}`, "*"))); emptied.Notes != "" || len(emptied.CustomFields) != 2 {
			t.Errorf("unexpected: %+v", emptied)
		}
	})
}
