package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/observe"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// faulty is a real store that can be made to fail.
type faulty struct {
	booking.Store
	mu    sync.Mutex
	fault func(context.Context) error
}

func (f *faulty) set(fault func(context.Context) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

func (f *faulty) strike(ctx context.Context) error {
	f.mu.Lock()
	fault := f.fault
	f.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault(ctx)
}

func (f *faulty) Ping(ctx context.Context) error {
	if err := f.strike(ctx); err != nil {
		return err
	}
	return f.Store.Ping(ctx)
}

func (f *faulty) Occupied(ctx context.Context, ids []string, within booking.Interval) ([]booking.Occupied, error) {
	if err := f.strike(ctx); err != nil {
		return nil, err
	}
	return f.Store.Occupied(ctx, ids, within)
}

func (f *faulty) Get(ctx context.Context, id string) (booking.Booking, error) {
	if err := f.strike(ctx); err != nil {
		return booking.Booking{}, err
	}
	return f.Store.Get(ctx, id)
}

// lines is a log that a test may read.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func startFaulty(t *testing.T, options ...func(*server.Options)) (*servertest.Server, *faulty, *lines) {
	t.Helper()
	database, log := &faulty{}, &lines{}
	logger, err := observe.NewLogger(log, observe.LogJSON)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, servertest.Unchanged, append(options, func(o *server.Options) {
		o.Logger = logger
		o.OpenStore = func(ctx context.Context, d server.Database) (booking.Store, error) {
			opened, err := store.Open(ctx, store.Options{Engine: d.Engine, Path: d.Path})
			database.Store = opened
			return database, err
		}
	})...)
	return s, database, log
}

const anyID = "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11"

func TestFailuresTellNothingOfTheInside(t *testing.T) {
	t.Parallel()
	s, database, log := startFaulty(t)
	for name, test := range map[string]struct {
		path   string
		fault  func(context.Context) error
		status int
		code   string
		logged string
	}{
		"panic":                   {"bookings/" + anyID, func(context.Context) error { panic("index out of range in pgx") }, 500, "SERVER_ERROR", "index out of range"},
		"panic in what is shared": {"slots?service=cut", func(context.Context) error { panic("no such unit") }, 500, "SERVER_ERROR", "no such unit"},
		"error":                   {"bookings/" + anyID, func(context.Context) error { return errors.New(`pq: relation "bookings" does not exist`) }, 503, "STORAGE_UNAVAILABLE", "does not exist"},
	} {
		database.set(test.fault)
		answer := s.Get("/api/v1/" + test.path)
		database.set(nil)
		checkRefusal(t, answer, test.status, test.code, "")
		if strings.Contains(string(answer.Raw), test.logged) || !strings.Contains(log.String(), test.logged) {
			t.Errorf("%s: the cause belongs into the log and nowhere else: %s", name, answer.Raw)
		}
		if !strings.Contains(log.String(), `"correlation_id":"`+answer.Header.Get("X-Correlation-ID")) {
			t.Errorf("%s: the log line cannot be found by the answer's correlation id", name)
		}
	}
	if answer := s.Get("/api/v1/bookings/" + anyID); answer.Status != http.StatusNotFound {
		t.Errorf("after the failures: %d %s", answer.Status, answer.Raw)
	}
}

func TestSlowRequestsTimeOut(t *testing.T) {
	t.Parallel()
	s, database, _ := startFaulty(t, func(o *server.Options) { o.WithTimeout = context.WithTimeout })
	began := time.Now()
	asked := make(chan time.Time, 1)
	database.set(func(ctx context.Context) error {
		deadline, _ := ctx.Deadline()
		asked <- deadline
		<-ctx.Done()
		return ctx.Err()
	})
	answer := s.Get("/api/v1/bookings/" + anyID)
	database.set(nil)
	checkRefusal(t, answer, http.StatusGatewayTimeout, "TIMEOUT", "")
	if left, took := (<-asked).Sub(began), time.Since(began); left < 5*time.Second || took < left {
		t.Errorf("reading a booking has five seconds; it had %s and took %s", left, took)
	}
}

func TestHealthIsHonest(t *testing.T) {
	t.Parallel()
	s, database, _ := startFaulty(t)
	check := func(path string, status int, words ...string) {
		t.Helper()
		answer := s.Send(servertest.Request{Method: http.MethodGet, Path: path, Key: "none"})
		if answer.Status != status {
			t.Errorf("%s: %d, want %d: %s", path, answer.Status, status, answer.Raw)
		}
		for _, word := range words {
			if !strings.Contains(string(answer.Raw), word) {
				t.Errorf("%s does not say %s: %s", path, word, answer.Raw)
			}
		}
	}
	check("/health/lb", 200, `"status":"healthy"`, `"timestamp":`, `"uptime":`)
	check("/healthz", 200, `"ok":true`, `"integrations":{`, `"apiKey":true`, `"tz":"Europe/London"`)
	check("/health", 200, `"status":"healthy"`, `"uptimeFormatted":"0h 0m"`, `"heapUsed":`, `"database":{`)
	database.set(func(context.Context) error { return errors.New("connection refused to 10.0.0.7") })
	check("/health/lb", 503, `"status":"unhealthy"`, `"reason":"database_unavailable"`)
	check("/healthz", 503, `"ok":false`)
	check("/health", 503, `"status":"critical"`, `"status":"down"`)
	check("/health/quick", 200)
	if code := s.InternalStatus("/readyz"); code != 503 {
		t.Errorf("/readyz: %d", code)
	}
	if code := s.InternalStatus("/livez"); code != 200 {
		t.Errorf("a database that is down is no reason to restart the server, /livez: %d", code)
	}
	if status := s.Status(""); status.Database.Reachable || status.Database.Message == "" {
		t.Errorf("status: %+v", status.Database)
	}
	database.set(nil)
	check("/health/lb", 200)
}

func TestLogHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	s, _, log := startFaulty(t)
	slot := freeSlots(t, s, "cut")[0]
	body := with(slot.Start, func(wish, customer map[string]any) {
		customer["name"], customer["email"] = "Zebedee Quux", "zebedee@example.com"
		wish["notes"] = "allergic to latex"
	})
	s.Send(book(body, nil))
	s.Send(book(body, nil)) // refused
	s.Get("/api/v1/bookings?phone=%2B442079460123")
	s.Get("/api/v1/bookings?phone=12")
	s.Status(s.Configure(func(d *tenantconfig.Document) { d.Tenant.DisplayName = "Other" }))
	servertest.Eventually(t, "the requests are logged", func() bool { return strings.Count(log.String(), `"route":"/api/v1/bookings"`) >= 4 })
	for _, secret := range []string{"Zebedee", "zebedee", "2079460123", "latex", "phone=", "127.0.0.1:", s.Key.Reveal()} {
		for line := range strings.Lines(log.String()) {
			if strings.Contains(line, secret) && !strings.Contains(line, `"msg":"listening"`) {
				t.Errorf("the log holds %q: %s", secret, line)
			}
		}
	}
}
