package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
	"github.com/frontdesk-dev/frontdesk/internal/testing/redistest"
)

// limitedTo sets a rate limit that refills too slowly to matter in a test: a request each half minute.
func limitedTo(burst int) func(*tenantconfig.Document) {
	return func(d *tenantconfig.Document) {
		d.Access.RateLimit = tenantconfig.RateLimit{RequestsPerMinute: 2, Burst: burst}
	}
}

func header(t *testing.T, answer servertest.Answer, name string) int {
	t.Helper()
	number, err := strconv.Atoi(answer.Header.Get(name))
	if err != nil {
		t.Errorf("%s is %q; want a number", name, answer.Header.Get(name))
	}
	return number
}

// page reads something that is not of the API, without a key.
func page(t *testing.T, s *servertest.Server, path string, headers map[string]string) (int, http.Header) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Public+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode, response.Header
}

// replicas runs two servers of one tenant on one Postgres, with a Redis unless its URL is empty.
func replicas(t *testing.T, change func(*tenantconfig.Document), redisURL string) [2]*servertest.Server {
	t.Helper()
	url := pgtest.URL(t)
	var servers [2]*servertest.Server
	for i := range servers {
		// As patient as the test: on a busy machine a replica must not give Redis up.
		s := servertest.Start(t, nil, func(o *server.Options) { o.RedisTimeout = servertest.Patience })
		if i > 0 {
			s.Key, s.Reader = servers[0].Key, servers[0].Reader
		}
		servers[i] = s
		s.Configure(func(d *tenantconfig.Document) {
			d.Access.Keys = servers[0].Document().Access.Keys
			d.Database = tenantconfig.Database{Engine: tenantconfig.EnginePostgres, URLKey: "database-url", MaxConnections: 4}
			if redisURL != "" {
				d.Cache.RedisURLKey = "redis-url"
			}
			change(d)
		}, "database-url", url, "redis-url", redisURL)
		s.AwaitReady()
	}
	return servers
}

func TestRateLimitByKey(t *testing.T) {
	t.Parallel()
	s := start(t, limitedTo(3))
	for remaining := 2; remaining >= 0; remaining-- {
		answer := s.Get("/api/v1/services")
		if answer.Status != http.StatusOK || header(t, answer, "RateLimit-Limit") != 3 || header(t, answer, "RateLimit-Remaining") != remaining {
			t.Fatalf("with %d to remain: %d %v", remaining, answer.Status, answer.Header)
		}
		if reset := header(t, answer, "RateLimit-Reset"); reset > 30*(3-remaining) || reset < 30*(3-remaining)-10 {
			t.Errorf("RateLimit-Reset is %d with %d remaining", reset, remaining)
		}
	}
	for range 3 { // asking does not count, and is not refused
		standing := servertest.Into[httpapi.RateLimit](t, s.Get("/api/v1/rate-limit"))
		if standing.Key != s.Key.ID || standing.Limit != 3 || standing.Remaining != 0 || standing.RequestsPerMinute != 2 ||
			standing.RetryAfterSeconds < 20 || standing.RetryAfterSeconds > 30 {
			t.Errorf("standing: %+v", standing)
		}
	}
	refused := s.Get("/api/v1/services")
	wait := header(t, refused, "Retry-After")
	if refused.Status != http.StatusTooManyRequests || refused.Code != "RATE_LIMIT_EXCEEDED" || wait < 20 || wait > 30 || header(t, refused, "RateLimit-Remaining") != 0 {
		t.Errorf("the request too many: %d %s %v", refused.Status, refused.Raw, refused.Header)
	}
	want := fmt.Sprintf("This API key sends too many requests. Wait %d s, then send at most 2 a minute.", wait)
	if diff := cmp.Diff(want, refused.Error); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if answer := s.Send(servertest.Request{Path: "/api/v1/services", Key: s.Reader.Reveal()}); answer.Status != http.StatusOK {
		t.Errorf("another key is refused too: %d", answer.Status)
	}
	if answer := s.Send(servertest.Request{Path: "/health/lb", Key: "none"}); answer.Status != http.StatusOK {
		t.Errorf("a health check is refused: %d", answer.Status)
	}
}

func TestRateLimitByAddress(t *testing.T) {
	t.Parallel()
	s := start(t, limitedTo(4))
	// Counted, as the description was that start has read.
	_, headers := page(t, s, "/docs", nil)
	left, err := strconv.Atoi(headers.Get("RateLimit-Remaining"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range left {
		key := "none"
		if i%2 == 1 {
			key = "fd_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbb" // a key that does not exist is no better than none
		}
		if answer := s.Send(servertest.Request{Path: "/api/v1/services", Key: key}); answer.Status != http.StatusUnauthorized {
			t.Fatalf("request %d without a valid key: %d", i, answer.Status)
		}
	}
	for _, key := range []string{"none", "fd_aaaaaaaaaaaa_bbbbbbbbbbbbbbbbbbbb"} {
		answer := s.Send(servertest.Request{Path: "/api/v1/services", Key: key})
		if answer.Status != http.StatusTooManyRequests || answer.Code != "RATE_LIMIT_EXCEEDED" || header(t, answer, "Retry-After") < 1 {
			t.Errorf("the request too many: %d %s", answer.Status, answer.Raw)
		}
	}
	if status, _ := page(t, s, "/dashboard/login", map[string]string{"X-API-Key": "not looked at"}); status != http.StatusTooManyRequests {
		t.Errorf("pages are not limited: %d", status)
	}
	if answer := s.Get("/api/v1/services"); answer.Status != http.StatusOK {
		t.Errorf("a valid key is refused for what others at its address did: %d %s", answer.Status, answer.Raw)
	}
	for range 10 {
		if answer := s.Send(servertest.Request{Path: "/health/lb", Key: "none"}); answer.Status != http.StatusOK {
			t.Fatalf("a health check is refused: %d", answer.Status)
		}
	}
}

// TestForwardedAddress: X-Forwarded-For is believed of a trusted proxy and of nobody else.
func TestForwardedAddress(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		trusted []string
		apart   bool
	}{
		"nobody trusted":        {nil, false},
		"another proxy trusted": {[]string{"10.0.0.0/8"}, false},
		"this proxy trusted":    {[]string{"10.0.0.0/8", "127.0.0.0/8"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := servertest.Start(t, limitedTo(2), func(o *server.Options) { o.TrustedProxies = tt.trusted })
			from := func(client string) int {
				// What a client writes itself stands left of what the proxies add.
				status, _ := page(t, s, "/docs", map[string]string{"X-Forwarded-For": "203.0.113.250, " + client + ", 10.1.2.3"})
				return status
			}
			for range 2 {
				if status := from("198.51.100.1"); status != http.StatusOK {
					t.Fatalf("first requests: %d", status)
				}
			}
			if status := from("198.51.100.1"); status != http.StatusTooManyRequests {
				t.Errorf("the request too many: %d", status)
			}
			want := http.StatusTooManyRequests
			if tt.apart {
				want = http.StatusOK
			}
			if status := from("198.51.100.2"); status != want {
				t.Errorf("another client behind the proxy: %d; want %d", status, want)
			}
		})
	}
}

func TestUntrustworthyProxies(t *testing.T) {
	t.Parallel()
	_, err := server.New(t.Context(), server.Options{PublicAddress: "127.0.0.1:0", InternalAddress: "127.0.0.1:0", TrustedProxies: []string{"10.0.0.1"}})
	if err == nil {
		t.Error("an address without a mask is accepted as a network")
	}
}

func TestLegacyRateLimitStatus(t *testing.T) {
	t.Parallel()
	s := start(t, limitedTo(5))
	s.Get("/api/v1/services")
	for range 2 { // asking does not count
		var got struct {
			OK         bool
			Identifier string
			Limits     map[string]struct {
				Limit, Remaining int
				Reset            int64
			}
			SystemStats map[string]int
			Timestamp   time.Time
		}
		answer := s.Get("/api/rate-limit/status")
		if err := json.Unmarshal(answer.Raw, &got); err != nil {
			t.Fatal(err)
		}
		limit := got.Limits["/api"]
		if !got.OK || got.Identifier != s.Key.ID || limit.Limit != 5 || limit.Remaining != 4 || got.SystemStats["totalEntries"] < 1 ||
			got.SystemStats["endpoints"] != 1 || got.SystemStats["activeWindows"] < 1 || got.Timestamp.IsZero() {
			t.Errorf("unexpected: %s", answer.Raw)
		}
		if until := time.Until(time.UnixMilli(limit.Reset)); until <= 0 || until > 30*time.Second {
			t.Errorf("the limit is reset in %s", until)
		}
	}
	if answer := s.Send(servertest.Request{Path: "/api/rate-limit/status?identifier=" + s.Key.ID, Key: s.Reader.Reveal()}); answer.Status != http.StatusForbidden {
		t.Errorf("another's key can be looked at without the scope admin: %d", answer.Status)
	}
	if answer := s.Get("/api/rate-limit/status?identifier=" + s.Reader.ID); answer.Status != http.StatusOK {
		t.Errorf("an admin cannot look at another key: %d %s", answer.Status, answer.Raw)
	}
}

// TestReplicasShareRateLimits: two servers with one Redis admit exactly one budget.
func TestReplicasShareRateLimits(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t)
	const burst = 60
	servers := replicas(t, limitedTo(burst), redis.URL())
	var admitted atomic.Int64
	var group sync.WaitGroup
	for _, s := range servers {
		for range 4 {
			group.Go(func() {
				for range burst / 4 {
					if s.Get("/api/v1/services").Status == http.StatusOK {
						admitted.Add(1)
					}
				}
			})
		}
	}
	group.Wait()
	if got := admitted.Load(); got != burst {
		t.Errorf("two replicas admitted %d of %d requests; want exactly %d", got, 2*burst, burst)
	}
}
