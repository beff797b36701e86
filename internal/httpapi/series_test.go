package httpapi_test

import (
	"net/http"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

func TestSeries(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slot := freeSlots(t, s, "cut")[0]
		body := wish(slot.Start)
		body["weeks"] = 3
		request := servertest.Request{Method: http.MethodPost, Path: "/api/v1/series", Body: body, Header: map[string]string{"Idempotency-Key": "series"}}
		made := servertest.Into[httpapi.Series](t, s.Send(request))
		if len(made.Bookings) != 3 || made.Bookings[2].Series != made.ID || made.Bookings[2].LocalStart[11:] != made.Bookings[0].LocalStart[11:] {
			t.Fatalf("unexpected series: %+v", made)
		}
		if again := s.Send(request); again.Status != http.StatusCreated || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same again: %d %s", again.Status, again.Raw)
		}
		request.Header = nil
		refusal := refuses(t, s, request, http.StatusConflict, "SERIES_CONFLICT")
		conflicts, _ := refusal.Detail["conflicts"].([]any)
		if len(conflicts) != 3 {
			t.Fatalf("%d conflicts: %s", len(conflicts), refusal.Raw)
		}
		if first, _ := conflicts[0].(map[string]any); first["code"] != "SLOT_TAKEN" || len(first["alternatives"].([]any)) == 0 {
			t.Errorf("unexpected conflict: %v", first)
		}
		body["weeks"] = 53
		refuses(t, s, request, http.StatusUnprocessableEntity, "VALIDATION_ERROR")

		if one := s.Send(post(made.Bookings[1].ID, "cancel", nil)); one.Status != http.StatusOK {
			t.Errorf("one of the series: %d %s", one.Status, one.Raw)
		}
		cancel := servertest.Request{Method: http.MethodPost, Path: "/api/v1/series/" + made.ID + "/cancel", Body: `{"reason":"Moving away"}`}
		left := servertest.Into[httpapi.Series](t, s.Send(cancel))
		for _, b := range left.Bookings {
			if b.Status != "cancelled" {
				t.Errorf("booking at %s is %s", b.LocalStart, b.Status)
			}
		}
		refuses(t, s, cancel, http.StatusConflict, "ALREADY_CANCELLED")
		read := servertest.Into[httpapi.Series](t, s.Get("/api/v1/series/"+made.ID))
		if read.Bookings[0].CancellationReason != "Moving away" {
			t.Errorf("unexpected: %+v", read.Bookings[0])
		}
		cancel.Path = "/api/v1/series/" + made.Bookings[0].ID + "/cancel"
		refuses(t, s, cancel, http.StatusNotFound, "NOT_FOUND")
	})
}
