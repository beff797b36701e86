package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// engines runs a test against a real database of each engine.
func engines(t *testing.T, test func(t *testing.T, s *servertest.Server)) {
	enginesWith(t, servertest.Unchanged, test)
}

// enginesWith is engines with another configuration.
func enginesWith(t *testing.T, change func(*tenantconfig.Document), test func(t *testing.T, s *servertest.Server)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, start(t, change))
	})
	t.Run("JSONFile", func(t *testing.T) {
		t.Parallel()
		s := servertest.Start(t, nil)
		s.Configure(func(d *tenantconfig.Document) {
			change(d)
			d.Database = tenantconfig.Database{Engine: tenantconfig.EngineJSONFile, Path: filepath.Join(s.Folder, ".data", "salon.json")}
		})
		s.AwaitReady()
		test(t, checked(t, s))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		test(t, startOnPostgres(t, change))
	})
}

func startOnPostgres(t *testing.T, change func(*tenantconfig.Document)) *servertest.Server {
	t.Helper()
	url := pgtest.URL(t)
	s := servertest.Start(t, nil)
	s.Configure(func(d *tenantconfig.Document) {
		change(d)
		d.Database = tenantconfig.Database{Engine: tenantconfig.EnginePostgres, URLKey: "database-url", MaxConnections: 8}
	}, "database-url", url)
	s.AwaitReady()
	return checked(t, s)
}

// freeSlots returns free starts of a service, from two days ahead so that no cut-off is near.
func freeSlots(t *testing.T, s *servertest.Server, service string) []httpapi.Slot {
	t.Helper()
	from := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	free := servertest.Into[httpapi.FreeSlots](t, s.Get("/api/v1/slots?service="+service+"&from="+from))
	if len(free.Slots) < 5 {
		t.Fatalf("only %d slots are free", len(free.Slots))
	}
	return free.Slots
}

func wish(start time.Time) map[string]any {
	return map[string]any{
		"service": "cut", "start": start.Format(time.RFC3339),
		"customer": map[string]any{"name": "Ann Miller", "phone": "020 7946 0123"},
	}
}

func book(body any, header map[string]string) servertest.Request {
	return servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings", Body: body, Header: header}
}

func TestBookReadListCancel(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[0]
		answer := s.Send(book(wish(slot.Start), map[string]string{"Idempotency-Key": "first"}))
		if answer.Status != http.StatusCreated {
			t.Fatalf("booking: %d %s", answer.Status, answer.Raw)
		}
		made := servertest.Into[httpapi.Booking](t, answer)
		if made.Status != "confirmed" || made.Customer.Phone != "+442079460123" || made.Service.Name != "Cut" ||
			!made.Start.Equal(slot.Start) || made.Resources[0].Name != "Ada" {
			t.Fatalf("unexpected booking: %s", answer.Raw)
		}
		read := servertest.Into[httpapi.Booking](t, s.Get("/api/v1/bookings/"+made.ID))
		if diff := cmp.Diff(made, read); diff != "" {
			t.Fatalf("read differs from made (-made +read):\n%s", diff)
		}
		for _, query := range []string{"", "?status=confirmed", "?service=cut", "?resource=ada", "?phone=02079460123", "?from=" + slot.Start.Format(time.DateOnly), "?to=" + slot.Start.Format(time.DateOnly)} {
			page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings"+query))
			if len(page.Bookings) != 1 || page.Bookings[0].ID != made.ID {
				t.Errorf("list%s does not find the booking", query)
			}
		}
		for _, query := range []string{"?status=cancelled", "?service=wash", "?resource=chair", "?phone=02079460124", "?to=" + time.Now().Format(time.DateOnly)} {
			if page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings"+query)); len(page.Bookings) != 0 {
				t.Errorf("list%s finds the booking", query)
			}
		}
		cancel := servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + made.ID + "/cancel", Body: `{"reason":"Fell ill"}`}
		cancelled := servertest.Into[httpapi.Booking](t, s.Send(cancel))
		if cancelled.Status != "cancelled" || cancelled.CancellationReason != "Fell ill" || cancelled.CancelledAt == nil {
			t.Fatalf("unexpected: %+v", cancelled)
		}
		if again := s.Send(cancel); again.Status != http.StatusConflict || again.Code != "ALREADY_CANCELLED" {
			t.Fatalf("cancelling twice: %d %s", again.Status, again.Raw)
		}
		history := servertest.Into[httpapi.History](t, s.Get("/api/v1/bookings/"+made.ID+"/events"))
		var types []string
		for _, event := range history.Events {
			types = append(types, string(event.Type)+" by "+event.Actor+" via "+event.Channel)
		}
		by := " by key:" + s.Key.ID + " via api"
		if diff := cmp.Diff([]string{"booking.confirmed" + by, "booking.cancelled" + by}, types); diff != "" {
			t.Fatalf("history (-want +got):\n%s", diff)
		}
		if again := s.Send(book(wish(slot.Start), nil)); again.Status != http.StatusCreated {
			t.Fatalf("the cancelled slot is not free again: %d %s", again.Status, again.Raw)
		}
	})
}

func TestTakenSlotComesWithAlternatives(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[2]
		if answer := s.Send(book(wish(slot.Start), nil)); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		second := s.Send(book(wish(slot.Start), nil))
		if second.Status != http.StatusConflict || second.Code != "SLOT_TAKEN" {
			t.Fatalf("%d %s", second.Status, second.Raw)
		}
		alternatives, _ := second.Detail["alternatives"].([]any)
		if len(alternatives) == 0 {
			t.Fatalf("no alternatives: %s", second.Raw)
		}
		start, _ := alternatives[0].(map[string]any)["start"].(string)
		at, err := time.Parse(time.RFC3339, start)
		if err != nil {
			t.Fatal(err)
		}
		if answer := s.Send(book(wish(at), nil)); answer.Status != http.StatusCreated {
			t.Fatalf("the alternative cannot be booked: %d %s", answer.Status, answer.Raw)
		}
	})
}

// TestARefusalIsRepeated: one key has one answer, also when the slot has become free since.
func TestARefusalIsRepeated(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[2]
		made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slot.Start), nil)))
		request := func(key string) servertest.Request {
			return book(wish(slot.Start), map[string]string{"Idempotency-Key": key})
		}
		if first := s.Send(request("k")); first.Code != "SLOT_TAKEN" || first.Header.Get("Idempotency-Replayed") != "" {
			t.Fatalf("%d %s", first.Status, first.Raw)
		}
		s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + made.ID + "/cancel"})
		if again := s.Send(request("k")); again.Code != "SLOT_TAKEN" || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		if other := s.Send(request("new")); other.Status != http.StatusCreated {
			t.Errorf("with a new key: %d %s", other.Status, other.Raw)
		}
	})
}

func TestIdenticalRequestsHaveOneEffect(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "wash")[0]
		body := wish(slot.Start)
		body["service"] = "wash" // two chairs: a second effect would not be stopped by the slot
		request := book(body, map[string]string{"Idempotency-Key": "once"})
		const clients = 50
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			ids   = map[string]int{}
			fresh int
		)
		for range clients {
			group.Go(func() {
				answer, err := s.TrySend(request)
				if err != nil || answer.Status != http.StatusCreated {
					t.Errorf("%v %d %s", err, answer.Status, answer.Raw)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[servertest.Into[httpapi.Booking](t, answer).ID]++
				if answer.Header.Get("Idempotency-Replayed") == "" {
					fresh++
				}
			})
		}
		group.Wait()
		if len(ids) != 1 || fresh != 1 {
			t.Fatalf("%d bookings, %d of them said to be fresh; want 1 and 1", len(ids), fresh)
		}
		if page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings")); len(page.Bookings) != 1 {
			t.Fatalf("%d bookings are kept", len(page.Bookings))
		}
		body["notes"] = "another request"
		if other := s.Send(book(body, map[string]string{"Idempotency-Key": "once"})); other.Status != http.StatusUnprocessableEntity || other.Code != "IDEMPOTENCY_KEY_REUSED" {
			t.Fatalf("%d %s", other.Status, other.Raw)
		}
	})
}

func TestRacingClientsGetOneBookingEach(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slots := freeSlots(t, s, "cut")[:4]
		var (
			group sync.WaitGroup
			mu    sync.Mutex
			won   int
		)
		for i := range 48 {
			group.Go(func() {
				answer, err := s.TrySend(book(wish(slots[i%len(slots)].Start), nil))
				switch {
				case err != nil:
					t.Error(err)
				case answer.Status == http.StatusCreated:
					mu.Lock()
					won++
					mu.Unlock()
				case answer.Status != http.StatusConflict || answer.Code != "SLOT_TAKEN":
					t.Errorf("%d %s", answer.Status, answer.Raw)
				}
			})
		}
		group.Wait()
		if won != len(slots) {
			t.Fatalf("%d bookings for %d slots", won, len(slots))
		}
	})
}

func TestListPagesByCursor(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	slots := freeSlots(t, s, "cut")[:5]
	for _, slot := range slots {
		if answer := s.Send(book(wish(slot.Start), nil)); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
	}
	var starts []string
	for cursor, pages := "", 0; ; pages++ {
		page := servertest.Into[httpapi.Page](t, s.Get("/api/v1/bookings?limit=2&cursor="+url.QueryEscape(cursor)))
		for _, b := range page.Bookings {
			starts = append(starts, b.StartUTC.Format(time.RFC3339))
		}
		if cursor = page.NextCursor; cursor == "" {
			if pages != 2 {
				t.Errorf("%d pages, want 3", pages+1)
			}
			break
		}
	}
	var want []string
	for _, slot := range slots {
		want = append(want, slot.StartUTC.Format(time.RFC3339))
	}
	if diff := cmp.Diff(want, starts); diff != "" {
		t.Fatalf("starts (-want +got):\n%s", diff)
	}
}

func TestServicesAndSlots(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	catalogue := servertest.Into[httpapi.Catalogue](t, s.Get("/api/v1/services"))
	if catalogue.Business != "Salon Ada" || len(catalogue.Services) != 2 || catalogue.Services[0].Minutes != 30 ||
		catalogue.Services[0].Description != "With a wash." || catalogue.Services[1].Description != "" {
		t.Fatalf("unexpected: %+v", catalogue)
	}
	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	one := servertest.Into[httpapi.FreeSlots](t, s.Get(fmt.Sprintf("/api/v1/slots?service=cut&from=%s&to=%s", day, day)))
	if len(one.Slots) != 16 {
		t.Fatalf("a day from 09:00 to 17:00 has 16 half hours, got %d", len(one.Slots))
	}
	for _, slot := range one.Slots {
		if slot.Start.Format(time.DateOnly) != day {
			t.Errorf("%s is not on %s", slot.Start, day)
		}
	}
	limited := servertest.Into[httpapi.FreeSlots](t, s.Get("/api/v1/slots?service=cut&resource=ada&limit=3"))
	if len(limited.Slots) != 3 || !limited.More || one.More || limited.Slots[0].Resources[0] != "ada" {
		t.Fatalf("unexpected: %+v", limited)
	}
	if answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: "none", Header: map[string]string{"Authorization": "bearer " + s.Key.Reveal()}}); !answer.OK {
		t.Errorf("a bearer token is not accepted: %s", answer.Raw)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	given := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/bookings", Header: map[string]string{"X-Correlation-ID": "call-42"}})
	if got := given.Header.Get("X-Correlation-ID"); got != "call-42" {
		t.Errorf("correlation id %q", got)
	}
	forged := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Header: map[string]string{"X-Correlation-ID": `a" b=` + strings.Repeat("x", 200)}})
	if got := forged.Header.Get("X-Correlation-ID"); !strings.HasPrefix(got, "req_") {
		t.Errorf("correlation id %q was taken over", got)
	}
	for name, want := range map[string]string{"X-Api-Version": "1", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store", "Content-Type": "application/json"} {
		if got := given.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
