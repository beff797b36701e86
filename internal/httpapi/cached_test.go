package httpapi_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/redistest"
)

func cacheStats(t *testing.T, s *servertest.Server) httpapi.CacheStats {
	t.Helper()
	return servertest.Into[httpapi.CacheStats](t, s.Get("/api/v1/cache/stats"))
}

// inTwoDays asks for a whole day, so that the same question has the same answer whatever the time.
func inTwoDays() string {
	day := time.Now().AddDate(0, 0, 2).Format(time.DateOnly)
	return "/api/v1/slots?service=cut&from=" + day + "&to=" + day
}

func offers(t *testing.T, s *servertest.Server, start time.Time) bool {
	t.Helper()
	free := servertest.Into[httpapi.FreeSlots](t, s.Get(inTwoDays()))
	return slices.ContainsFunc(free.Slots, func(slot httpapi.Slot) bool { return slot.Start.Equal(start) })
}

func TestSlotsAreCachedUntilABookingChanges(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		first, before := s.Get(inTwoDays()), cacheStats(t, s)
		second, after := s.Get(inTwoDays()), cacheStats(t, s)
		if string(first.Raw) != string(second.Raw) || after.Hits != before.Hits+1 || after.Sets != before.Sets {
			t.Errorf("the second answer is not the first one from the cache: %+v, then %+v", before, after)
		}
		if got := second.Header.Get("Content-Type"); got != "application/json" {
			t.Errorf("Content-Type is %q", got)
		}
		free := servertest.Into[httpapi.FreeSlots](t, second)
		start := free.Slots[0].Start
		for range 3 { // taken and given back, each change shows at once
			made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(start), nil)))
			if offers(t, s, start) {
				t.Fatal("a slot is still offered after it was booked")
			}
			answer := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + url.PathEscape(made.ID) + "/cancel"})
			if answer.Status != http.StatusOK {
				t.Fatalf("cancel: %d %s", answer.Status, answer.Raw)
			}
			if !offers(t, s, start) {
				t.Fatal("a slot is not offered again after its booking was cancelled")
			}
		}
	})
}

// TestKeptAnswersAreConfirmed: who has the answer is told so without its body, from the cache and without it, until it
// changes.
func TestKeptAnswersAreConfirmed(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	ask := func(path, tags string) servertest.Answer {
		return s.Send(servertest.Request{Method: http.MethodGet, Path: path, Header: map[string]string{"If-None-Match": tags}})
	}
	for _, path := range []string{inTwoDays(), "/api/v1/services"} {
		first := s.Get(path)
		tag := first.Header.Get("ETag")
		if len(tag) < 3 || first.Header.Get("Cache-Control") != "private, no-cache" || first.Header.Get("Content-Length") != strconv.Itoa(len(first.Raw)) {
			t.Fatalf("%s: %v", path, first.Header)
		}
		for _, tags := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
			for _, where := range []string{"from the cache", "made anew"} {
				answer := ask(path, tags)
				if answer.Status != http.StatusNotModified || len(answer.Raw) > 0 || answer.Header.Get("ETag") != tag {
					t.Errorf("%s, %s %s: %d %v %q", path, tags, where, answer.Status, answer.Header, answer.Raw)
				}
				s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/cache/clear"})
			}
		}
		if answer := ask(path, `"other"`); answer.Status != http.StatusOK || string(answer.Raw) != string(first.Raw) {
			t.Errorf("%s: another tag is confirmed: %d", path, answer.Status)
		}
	}
	before := s.Get(inTwoDays())
	start := servertest.Into[httpapi.FreeSlots](t, before).Slots[0].Start
	made := servertest.Into[httpapi.Booking](t, s.Send(book(wish(start), nil)))
	after := ask(inTwoDays(), before.Header.Get("ETag"))
	if after.Status != http.StatusOK || after.Header.Get("ETag") == before.Header.Get("ETag") {
		t.Errorf("slots from before a booking are confirmed: %d", after.Status)
	}
	s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + made.ID + "/cancel"})
	if again := ask(inTwoDays(), before.Header.Get("ETag")); again.Status != http.StatusNotModified {
		t.Errorf("slots that are free again are not confirmed: %d", again.Status)
	}
}

// TestRacingReadersNeverMissTheirOwnBooking reads slots all the time while others book them one by one.
func TestRacingReadersNeverMissTheirOwnBooking(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	free := servertest.Into[httpapi.FreeSlots](t, s.Get(inTwoDays()))
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					s.Get(inTwoDays())
				}
			}
		})
	}
	for _, slot := range free.Slots[:10] {
		if answer := s.Send(book(wish(slot.Start), nil)); answer.Status != http.StatusCreated {
			t.Errorf("booking: %d %s", answer.Status, answer.Raw)
		} else if offers(t, s, slot.Start) {
			t.Errorf("%s is offered after it was booked", slot.Start)
		}
	}
	close(stop)
	readers.Wait()
}

func TestConfigurationChangesShowAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	s.Get("/api/v1/services")
	revision := s.Configure(func(d *tenantconfig.Document) { d.Services[0].Name = "Trim" })
	if got := s.Status(revision); got.Revision != revision {
		t.Fatalf("%+v", got)
	}
	if got := servertest.Into[httpapi.Catalogue](t, s.Get("/api/v1/services")); got.Services[0].Name != "Trim" {
		t.Errorf("the catalogue still says %q", got.Services[0].Name)
	}
}

// TestOneQuestionPerName: questions that only look alike when they are strung together are apart.
func TestOneQuestionPerName(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	if answer := s.Get("/api/v1/slots?service=cut&resource=ada"); answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	for _, service := range []string{`cut" "ada`, "cut\x00ada", `cut ada`} {
		if answer := s.Get("/api/v1/slots?service=" + url.QueryEscape(service)); answer.Code != "UNKNOWN_SERVICE" {
			t.Errorf("%q: %d %s", service, answer.Status, answer.Raw)
		}
	}
}

func TestClearCache(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	s.Get("/api/v1/services")
	if got := cacheStats(t, s); got.Size != 1 || got.MaxSize != 1000 || got.Misses != 1 || got.HitRate != "0.00%" {
		t.Errorf("%+v", got)
	}
	order := servertest.Request{Method: http.MethodPost, Path: "/api/v1/cache/clear"}
	if got := servertest.Into[httpapi.CacheCleared](t, s.Send(order)); !got.Cleared {
		t.Errorf("%+v", got)
	}
	if got := cacheStats(t, s); got.Size != 0 || got.Deletes != 1 || got.MemoryUsage != "0.00 MB" {
		t.Errorf("%+v", got)
	}
	order.Key = s.Reader.Reveal()
	if answer := s.Send(order); answer.Status != http.StatusForbidden {
		t.Errorf("a key without the scope admin clears the cache: %d", answer.Status)
	}
}

func TestLegacyCacheStats(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	for range 4 {
		s.Get("/api/v1/services")
	}
	answer := s.Get("/api/cache/stats")
	var got struct {
		Success                                    bool
		Size, MaxSize, Hits, Misses, Sets, Deletes *int
		HitRate, MemoryUsage                       string
	}
	if err := json.Unmarshal(answer.Raw, &got); err != nil {
		t.Fatal(err)
	}
	if !got.Success || *got.Size != 1 || *got.MaxSize != 1000 || *got.Hits != 3 || *got.Misses != 1 || *got.Sets != 1 || *got.Deletes != 0 ||
		got.HitRate != "75.00%" || got.MemoryUsage != "0.00 MB" {
		t.Errorf("%s", answer.Raw)
	}
}

// TestReplicasHearOfChanges: what is booked through one replica is soon gone from the answers of the other, which hears
// of it through Redis or, without one, through the database.
func TestReplicasHearOfChanges(t *testing.T) {
	t.Parallel()
	for name, redisURL := range map[string]func(t *testing.T) string{
		"through Redis":        func(t *testing.T) string { return redistest.Start(t).URL() },
		"through the database": func(*testing.T) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			testReplicasHear(t, replicas(t, servertest.Unchanged, redisURL(t)))
		})
	}
}

func testReplicasHear(t *testing.T, servers [2]*servertest.Server) {
	free := servertest.Into[httpapi.FreeSlots](t, servers[1].Get(inTwoDays()))
	for i, slot := range free.Slots[:6] {
		booking, other := servers[i%2], servers[1-i%2]
		if !offers(t, other, slot.Start) {
			t.Fatalf("%s is not offered", slot.Start)
		}
		if answer := booking.Send(book(wish(slot.Start), nil)); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Raw)
		}
		if offers(t, booking, slot.Start) {
			t.Error("the replica that booked still offers the slot")
		}
		heard := time.Now()
		servertest.Eventually(t, "the other replica no longer offers the slot", func() bool { return !offers(t, other, slot.Start) })
		if took := time.Since(heard); took > 3*time.Second {
			t.Errorf("the other replica heard of the booking after %s: it has expired rather than been invalidated", took)
		}
	}
}

// TestReplicasHearOfFigures is the same for the figures of the dashboard, which are kept for a minute.
func TestReplicasHearOfFigures(t *testing.T) {
	t.Parallel()
	for name, redisURL := range map[string]func(t *testing.T) string{
		"through Redis":        func(t *testing.T) string { return redistest.Start(t).URL() },
		"through the database": func(*testing.T) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers := replicas(t, servertest.Unchanged, redisURL(t))
			free := servertest.Into[httpapi.FreeSlots](t, servers[0].Get(inTwoDays()))
			for i, slot := range free.Slots[:4] {
				booking, other := servers[i%2], servers[1-i%2]
				cookie := signIn(t, other)
				date := slot.Start.Format(time.DateOnly)
				if !shows(t, other, cookie, date, i) {
					t.Fatalf("the dashboard does not show %d bookings", i)
				}
				if answer := booking.Send(book(wish(slot.Start), nil)); answer.Status != http.StatusCreated {
					t.Fatalf("%d %s", answer.Status, answer.Raw)
				}
				servertest.Eventually(t, "the other replica's dashboard counts the booking", func() bool { return shows(t, other, cookie, date, i+1) })
			}
		})
	}
}

// signIn returns the cookie of a session of the dashboard.
func signIn(t *testing.T, s *servertest.Server) *http.Cookie {
	t.Helper()
	form := url.Values{"key": {s.Key.Reveal()}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Public+"/dashboard/login", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if len(response.Cookies()) != 1 {
		t.Fatalf("signing in: %s", response.Status)
	}
	return response.Cookies()[0]
}

// shows says whether the dashboard's day counts so many bookings.
func shows(t *testing.T, s *servertest.Server, cookie *http.Cookie, date string, booked int) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Public+"/dashboard?date="+date, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.AddCookie(cookie)
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}
	return strings.Contains(string(page), fmt.Sprintf("<dt>Booked</dt><dd>%d</dd>", booked))
}

// TestServedWithoutRedis: a Redis that is away, or no Redis at all, stops nothing but is reported for a bad URL.
func TestServedWithoutRedis(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	withRedis := func(d *tenantconfig.Document) { d.Cache.RedisURLKey = "redis-url" }
	revision := s.Configure(withRedis, "redis-url", "redis://127.0.0.1:1/0")
	if got := s.Status(revision); got.Revision != revision {
		t.Fatalf("a Redis that is away keeps a revision from being served: %+v", got)
	}
	start := servertest.Into[httpapi.FreeSlots](t, s.Get(inTwoDays())).Slots[0].Start
	if answer := s.Send(book(wish(start), nil)); answer.Status != http.StatusCreated || offers(t, s, start) {
		t.Errorf("booking without Redis: %d %s", answer.Status, answer.Raw)
	}
	refused := s.Configure(withRedis, "redis-url", "http://user:secret@example.com")
	got := s.Status(refused)
	if got.Revision != revision || got.Refused == nil || got.Refused.Revision != refused {
		t.Errorf("a URL that is not of a Redis is accepted: %+v", got)
	} else if message := got.Refused.Message; message != "cache.redisURLKey: the URL is not one of a Redis: write redis://user:password@host:6379/0, or rediss:// for TLS" {
		t.Errorf("the refusal says %q", message)
	}
}
