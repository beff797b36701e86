package dashboard_test

import (
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// morning is when these tests take place: a Monday in London.
var morning = time.Date(2031, 3, 10, 9, 40, 0, 0, time.UTC)

func start(t *testing.T, change func(*tenantconfig.Document)) *servertest.Server {
	t.Helper()
	return servertest.Start(t, func(d *tenantconfig.Document) {
		d.Policies[0].Notice.MaximumDays = 60
		change(d)
	}, func(o *server.Options) { o.Clock = func() time.Time { return morning } })
}

// book makes a booking through the API and returns its id.
func book(t *testing.T, s *servertest.Server, service, name, at, notes string) string {
	t.Helper()
	// A phone number identifies its customer: every name here has one of its own.
	phone := fmt.Sprintf("020 7946 0%03d", crc32.ChecksumIEEE([]byte(name))%1000)
	answer := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings", Body: map[string]any{
		"service": service, "start": at, "notes": notes, "customer": map[string]any{"name": name, "phone": phone},
	}})
	return servertest.Into[struct{ ID string }](t, answer).ID
}

// page is an answer in a browser's hands.
type page struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

func send(t *testing.T, s *servertest.Server, method, path string, form url.Values, change func(*http.Request)) page {
	t.Helper()
	request, err := http.NewRequest(method, s.Public+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if change != nil {
		change(request)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{response.StatusCode, response.Header, response.Cookies(), string(body)}
}

func signIn(t *testing.T, s *servertest.Server, key string) page {
	t.Helper()
	return send(t, s, http.MethodPost, "/dashboard/login", url.Values{"key": {key}}, nil)
}

// as sends the session's cookie along.
func as(cookies []*http.Cookie) func(*http.Request) {
	return func(r *http.Request) {
		for _, cookie := range cookies {
			r.AddCookie(cookie)
		}
	}
}

func TestSignInSeeTheDaySignOut(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	book(t, s, "cut", "Ann Miller", "2031-03-10T11:00:00Z", "")
	if got := send(t, s, http.MethodGet, "/dashboard", nil, nil); got.status != http.StatusSeeOther || got.header.Get("Location") != "/dashboard/login" {
		t.Fatalf("without a session: %d to %s", got.status, got.header.Get("Location"))
	}
	if got := send(t, s, http.MethodGet, "/", nil, nil); got.header.Get("Location") != "/dashboard" {
		t.Errorf("/ leads to %q", got.header.Get("Location"))
	}
	signedIn := signIn(t, s, "  "+s.Reader.Reveal()+"\n") // as people paste
	if signedIn.status != http.StatusSeeOther || len(signedIn.cookies) != 1 {
		t.Fatalf("sign in: %d, %d cookies", signedIn.status, len(signedIn.cookies))
	}
	if c := signedIn.cookies[0]; !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || strings.Contains(c.Value, s.Reader.Reveal()) {
		t.Errorf("cookie: %+v", c)
	}
	day := send(t, s, http.MethodGet, "/dashboard", nil, as(signedIn.cookies))
	for _, want := range []string{"Monday 10 March 2031", "Today", "Salon Ada", "Ann Miller", "11:00", "Confirmed", "Cut", "Ada"} {
		if !strings.Contains(day.body, want) {
			t.Errorf("the day does not show %q", want)
		}
	}
	out := send(t, s, http.MethodPost, "/dashboard/logout", url.Values{}, as(signedIn.cookies))
	if out.status != http.StatusSeeOther || len(out.cookies) != 1 || out.cookies[0].MaxAge >= 0 {
		t.Errorf("sign out: %d %+v", out.status, out.cookies)
	}
}

func TestSecureCookieBehindTLS(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	got := send(t, s, http.MethodPost, "/dashboard/login", url.Values{"key": {s.Key.Reveal()}}, func(r *http.Request) {
		r.Header.Set("X-Forwarded-Proto", "https")
	})
	if len(got.cookies) != 1 || !got.cookies[0].Secure {
		t.Errorf("cookies: %+v", got.cookies)
	}
}

func TestSignInRefuses(t *testing.T) {
	t.Parallel()
	s := start(t, func(d *tenantconfig.Document) { d.Access.Keys[1].Scopes = []string{"bookings:write"} })
	for name, test := range map[string]struct {
		key    string
		status int
	}{
		"nothing":      {"", http.StatusUnprocessableEntity},
		"junk":         {"secret", http.StatusUnauthorized},
		"wrong":        {"fd_" + s.Key.ID + "_" + strings.Repeat("x", 40), http.StatusUnauthorized},
		"may not":      {s.Reader.Reveal(), http.StatusForbidden},
		"far too long": {strings.Repeat("x", 4000), http.StatusUnauthorized},
	} {
		got := signIn(t, s, test.key)
		if got.status != test.status || !strings.Contains(got.body, `role="alert"`) || len(got.cookies) != 0 {
			t.Errorf("%s: %d, %d cookies", name, got.status, len(got.cookies))
		}
	}
}

func TestSessionsDieWithTheirKeyAndCannotBeForged(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	cookies := signIn(t, s, s.Reader.Reveal()).cookies
	forged := *cookies[0]
	forged.Value = strings.Replace(forged.Value, s.Reader.ID, s.Key.ID, 1)
	if got := send(t, s, http.MethodGet, "/dashboard", nil, as([]*http.Cookie{&forged})); got.status != http.StatusSeeOther {
		t.Errorf("a forged session is accepted: %d", got.status)
	}
	if got := send(t, s, http.MethodGet, "/dashboard", nil, as(cookies)); got.status != http.StatusOK {
		t.Fatalf("the session is refused: %d", got.status)
	}
	s.Status(s.Configure(func(d *tenantconfig.Document) { d.Access.Keys = d.Access.Keys[:1] }))
	if got := send(t, s, http.MethodGet, "/dashboard", nil, as(cookies)); got.status != http.StatusSeeOther {
		t.Errorf("the session outlives its key: %d", got.status)
	}
}

func TestSessionsShrinkWithTheScopesOfTheirKey(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	cookies := signIn(t, s, s.Reader.Reveal()).cookies
	s.Status(s.Configure(func(d *tenantconfig.Document) { d.Access.Keys[1].Scopes = []string{"bookings:write"} }))
	if got := send(t, s, http.MethodGet, "/dashboard", nil, as(cookies)); got.status != http.StatusSeeOther {
		t.Errorf("a key that may no longer read shows the day: %d", got.status)
	}
}

// TestLapsedHoldsAreNotBooked puts a hold into the database, as other channels do, and lets it lapse.
func TestLapsedHoldsAreNotBooked(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	database, err := store.Open(t.Context(), store.Options{Engine: tenantconfig.EngineSQLite, Path: s.Document().Database.Path})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	at := time.Date(2031, 3, 10, 11, 0, 0, 0, time.UTC)
	hold, _, err := database.Book(t.Context(), booking.NewBooking{
		Booking: booking.Booking{
			ID: "01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c11", ServiceID: "cut", Customer: booking.Customer{Name: "Bea Clark", Phone: "+442079460009"},
			Start: at, End: at.Add(time.Hour), Blocked: booking.Interval{Start: at, End: at.Add(time.Hour)}, Status: booking.StatusHeld,
		},
		HoldTTL: time.Millisecond, Candidates: []booking.Assignment{{{ResourceID: "ada", Number: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	servertest.Eventually(t, "the hold lapses", func() bool {
		now, err := database.Get(t.Context(), hold.ID)
		return err == nil && now.Status == booking.StatusExpired
	})
	day := send(t, s, http.MethodGet, "/dashboard", nil, as(signIn(t, s, s.Key.Reveal()).cookies))
	for _, want := range []string{"<s>Bea Clark</s>", "Lapsed", "<dt>Booked</dt><dd>0</dd>"} {
		if !strings.Contains(day.body, want) {
			t.Errorf("the day does not show %q", want)
		}
	}
}

func TestFormsFromOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	for _, path := range []string{"/dashboard/login", "/dashboard/logout"} {
		for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
			got := send(t, s, http.MethodPost, path, url.Values{"key": {s.Key.Reveal()}}, func(r *http.Request) { r.Header.Set(name, value) })
			if got.status != http.StatusForbidden || len(got.cookies) != 0 {
				t.Errorf("%s with %s: %d", path, name, got.status)
			}
		}
	}
}

func TestNamesAreNeverMarkup(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	book(t, s, "cut", `<script>alert("x")</script>`, "2031-03-10T11:00:00Z", `"><img src=x onerror=alert(1)>`)
	day := send(t, s, http.MethodGet, "/dashboard", nil, as(signIn(t, s, s.Key.Reveal()).cookies))
	if strings.Contains(day.body, "<script") || strings.Contains(day.body, "<img src=x") || !strings.Contains(day.body, "&lt;script&gt;") {
		t.Error("a customer's text became markup")
	}
	policy := day.header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src") {
		t.Errorf("policy: %s", policy)
	}
	if strings.Contains(day.body, "style=") || strings.Contains(day.body, "<style") {
		t.Error("the page has inline style, which its policy refuses")
	}
}

func TestOtherDaysAndCancelledBookings(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	cookies := signIn(t, s, s.Key.Reveal()).cookies
	id := book(t, s, "cut", "Bea Clark", "2031-03-11T10:00:00Z", "")
	if empty := send(t, s, http.MethodGet, "/dashboard", nil, as(cookies)); !strings.Contains(empty.body, "No bookings today") || strings.Contains(empty.body, "Bea Clark") {
		t.Error("an empty day must say so and what to do")
	}
	s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/bookings/" + id + "/cancel"})
	next := send(t, s, http.MethodGet, "/dashboard?date=2031-03-11", nil, as(cookies))
	for _, want := range []string{"Tomorrow", "<s>Bea Clark</s>", "Cancelled", "date=2031-03-10", "date=2031-03-12"} {
		if !strings.Contains(next.body, want) {
			t.Errorf("the next day does not show %q", want)
		}
	}
	for _, date := range []string{"soon", "2031-02-30", "9999-12-31", "0001-01-01"} {
		if got := send(t, s, http.MethodGet, "/dashboard?date="+date, nil, as(cookies)); got.status != http.StatusSeeOther {
			t.Errorf("date %s: %d", date, got.status)
		}
	}
	if got := send(t, s, http.MethodGet, "/dashboard/nowhere", nil, nil); got.status != http.StatusNotFound || !strings.Contains(got.body, "no such page") {
		t.Errorf("an unknown page: %d", got.status)
	}
}

func TestNotConfigured(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, nil)
	if got := send(t, s, http.MethodGet, "/dashboard/login", nil, nil); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "no valid configuration") {
		t.Errorf("%d", got.status)
	}
}
