package dashboard_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// figureQuestions are how often figures were and were not answered from the cache.
func figureQuestions(t *testing.T, s *servertest.Server) (hits, misses int) {
	t.Helper()
	type kind struct {
		Name         string
		Hits, Misses int
	}
	for _, counted := range servertest.Into[struct{ Kinds []kind }](t, s.Get("/api/v1/cache/stats")).Kinds {
		if counted.Name == "figures" {
			return counted.Hits, counted.Misses
		}
	}
	return 0, 0
}

// TestFiguresAreKeptUntilABookingChanges: whoever looks again costs the database no counting, and nobody sees a figure
// from before a change.
func TestFiguresAreKeptUntilABookingChanges(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	cookies := signIn(t, s, s.Key.Reveal()).cookies
	look := func(date string, day, cancelled, week int) {
		t.Helper()
		page := send(t, s, http.MethodGet, "/dashboard?date="+date, nil, as(cookies)).body
		for _, want := range []string{
			fmt.Sprintf("<dt>Booked</dt><dd>%d</dd>", day), fmt.Sprintf("<dt>Cancelled</dt><dd>%d</dd>", cancelled),
			fmt.Sprintf("<dt>Week from 10 March</dt><dd>%d</dd>", week),
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not show %s", date, want)
			}
		}
	}
	book(t, s, "cut", "Ann Miller", "2031-03-10T11:00:00Z", "")
	book(t, s, "cut", "Bea Clark", "2031-03-16T11:00:00Z", "")
	book(t, s, "cut", "Cid Moore", "2031-03-17T11:00:00Z", "") // next week
	for range 3 {
		look("2031-03-10", 1, 0, 2)
	}
	if hits, misses := figureQuestions(t, s); hits != 2 || misses != 1 {
		t.Errorf("three looks: %d from the cache and %d counted; want 2 and 1", hits, misses)
	}
	look("2031-03-16", 1, 0, 2)

	hold := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/holds", Body: map[string]any{
		"service": "cut", "start": "2031-03-10T12:00:00Z", "customer": map[string]any{"name": "Dan Reed", "phone": "020 7946 0999"},
	}})
	look("2031-03-10", 1, 0, 2) // nothing is agreed yet
	id := servertest.Into[struct{ ID string }](t, hold).ID
	for _, step := range []struct {
		action               string
		day, cancelled, week int
	}{{"confirm", 2, 0, 3}, {"cancel", 1, 1, 2}} {
		if answer := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + id + "/" + step.action}); answer.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", step.action, answer.Status, answer.Raw)
		}
		look("2031-03-10", step.day, step.cancelled, step.week)
	}
}
