package server_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func rename(name string) func(*tenantconfig.Document) {
	return func(d *tenantconfig.Document) { d.Tenant.DisplayName = name }
}

func business(t *testing.T, s *servertest.Server) string {
	t.Helper()
	return servertest.Into[httpapi.Catalogue](t, s.Get("/api/v1/services")).Business
}

func TestReloadIsServedWithoutARestart(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	before := s.Status("")
	revision := s.Configure(rename("Salon Grace"))
	began := time.Now()
	status := s.Status(revision)
	t.Logf("a new revision was reported as served after %s", time.Since(began))
	if status.Revision != revision || status.Refused != nil {
		t.Fatalf("status: %+v", status)
	}
	if got := business(t, s); got != "Salon Grace" {
		t.Fatalf("serving %q", got)
	}
	if !status.StartTime.Equal(before.StartTime) || status.Database.SchemaVersion == 0 || !status.Database.Reachable {
		t.Fatalf("status: %+v", status)
	}
	if !strings.Contains(metrics(t, s), `frontdesk_config_reload_total{result="success"} 2`) {
		t.Error("the reload is not counted")
	}
}

func metrics(t *testing.T, s *servertest.Server) string {
	t.Helper()
	response, err := s.Client.Get(s.Internal + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestReloadUnderLoadFailsNoRequest(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	stop := make(chan struct{})
	var group sync.WaitGroup
	var requests atomic.Int64
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				answer, err := s.TrySend(servertest.Request{Method: http.MethodGet, Path: "/api/v1/slots?service=cut&limit=5"})
				if err != nil || answer.Status != http.StatusOK {
					t.Errorf("a request failed: %v %d %s", err, answer.Status, answer.Raw)
					return
				}
				requests.Add(1)
			}
		})
	}
	for i := range 10 {
		revision := s.Configure(func(d *tenantconfig.Document) {
			d.Tenant.DisplayName = strings.Repeat("x", i+1)
			d.Database.Path = filepath.Join(s.Folder, ".data", strings.Repeat("d", i%3+1)+".db") // other databases too
		})
		if status := s.Status(revision); status.Revision != revision {
			t.Errorf("revision %d: %+v", i, status)
		}
	}
	close(stop)
	group.Wait()
	t.Logf("%d requests during 10 reloads", requests.Load())
	if requests.Load() < 10 {
		t.Errorf("only %d requests were made", requests.Load())
	}
}

func TestRefusedRevisionKeepsTheOld(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, rename("Salon Ada"))
	good := s.Status("").Revision
	bad := s.Configure(func(d *tenantconfig.Document) {
		d.Tenant.DisplayName = "Broken"
		d.Services[0].Requires[0].AnyOf[0] = "nobody"
	})
	status := s.Status(bad)
	if status.Revision != good || status.Refused == nil || status.Refused.Revision != bad || !strings.Contains(status.Refused.Message, "services[0].requires[0].anyOf[0]") {
		t.Fatalf("status: %+v %+v", status, status.Refused)
	}
	if got := business(t, s); got != "Salon Ada" {
		t.Fatalf("serving %q", got)
	}
	if code := s.InternalStatus("/readyz"); code != http.StatusOK {
		t.Errorf("a refused revision must not take the server out of service, /readyz is %d", code)
	}
	counted := metrics(t, s)
	for _, want := range []string{`frontdesk_config_reload_total{result="refused"} 1`, "frontdesk_config_refused 1"} {
		if !strings.Contains(counted, want) {
			t.Errorf("metrics lack %q", want)
		}
	}
	if back := s.Configure(rename("Salon Ada")); back != good {
		t.Fatal("the same content must be the same revision")
	}
	servertest.Eventually(t, "the refusal is forgotten", func() bool { return s.Status("").Refused == nil })
	if !strings.Contains(metrics(t, s), "frontdesk_config_refused 0") {
		t.Error("the metric still says refused")
	}
}

func TestFirstConfigurationMayComeLateOrBroken(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, nil)
	if code := s.InternalStatus("/livez"); code != http.StatusOK {
		t.Errorf("/livez is %d", code)
	}
	for _, path := range []string{"/readyz", "/startupz"} {
		if code := s.InternalStatus(path); code != http.StatusServiceUnavailable {
			t.Errorf("%s is %d without a configuration", path, code)
		}
	}
	if answer := s.Get("/api/v1/services"); answer.Status != http.StatusServiceUnavailable || answer.Code != "NOT_CONFIGURED" {
		t.Errorf("%d %s", answer.Status, answer.Raw)
	}
	broken := s.Configure(func(d *tenantconfig.Document) { d.Tenant.TimeZone = "Mars/Olympus" })
	var status tenantconfig.Status
	// Until the broken revision has been seen there is no token by which to ask.
	servertest.Eventually(t, "the broken revision has been seen", func() bool {
		return strings.Contains(reason(t, s, "/readyz"), "tenant.timeZone")
	})
	if status = s.Status(broken); status.Revision != "" || status.Refused == nil || status.Refused.Revision != broken {
		t.Errorf("status: %+v", status)
	}
	s.Configure(servertest.Unchanged)
	s.AwaitReady()
}

func reason(t *testing.T, s *servertest.Server, path string) string {
	t.Helper()
	response, err := s.Client.Get(s.Internal + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestStatusNeedsTheToken(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	for _, authorization := range []string{"", "Bearer ", "Bearer wrong", servertest.StatusToken, "Bearer " + servertest.StatusToken + "x"} {
		request, err := http.NewRequest(http.MethodGet, s.Internal+tenantconfig.StatusPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", authorization)
		response, err := s.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusUnauthorized {
			t.Errorf("Authorization %q: %s", authorization, response.Status)
		}
	}
}

func TestTokenRotatedInARefusedRevisionIsAccepted(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	s.Configure(func(d *tenantconfig.Document) { d.Tenant.TimeZone = "Mars/Olympus" }, "token", "the-next-token")
	ask := func(token string) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Internal+tenantconfig.StatusPath, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := s.Client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	servertest.Eventually(t, "the next token is accepted", func() bool { return ask("the-next-token") == http.StatusOK })
	if code := ask(servertest.StatusToken); code != http.StatusOK {
		t.Errorf("the token of the revision being served: %d", code)
	}
}

func TestStatusWaitsForARevision(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	revision := s.Bundle(rename("Later")).Revision()
	answered := make(chan tenantconfig.Status, 1)
	go func() { answered <- s.Status(revision) }()
	select {
	case status := <-answered:
		t.Fatalf("answered before the revision was there: %+v", status)
	case <-time.After(100 * time.Millisecond):
	}
	s.Configure(rename("Later"))
	select {
	case status := <-answered:
		if status.Revision != revision {
			t.Errorf("status: %+v", status)
		}
	case <-time.After(servertest.Patience):
		t.Fatal("the status request was not answered")
	}
	// A status that waits must not hold up a stop.
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		request, err := http.NewRequest(http.MethodGet, s.Internal+tenantconfig.StatusPath+"?until=never", nil)
		if err != nil {
			return
		}
		request.Header.Set("Authorization", "Bearer "+servertest.StatusToken)
		if response, err := http.DefaultClient.Do(request); err == nil {
			_ = response.Body.Close()
		}
	}()
	began := time.Now()
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	<-waiting
	if took := time.Since(began); took > tenantconfig.StatusWait/2 {
		t.Errorf("stopping took %s", took)
	}
}

func TestRevokedKeyIsRefusedOnReload(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	read := servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: s.Reader.Reveal()}
	if answer := s.Send(read); !answer.OK {
		t.Fatalf("%s", answer.Raw)
	}
	s.Status(s.Configure(func(d *tenantconfig.Document) { d.Access.Keys = d.Access.Keys[:1] }))
	if answer := s.Send(read); answer.Status != http.StatusUnauthorized || answer.Code != "INVALID_API_KEY" {
		t.Errorf("a revoked key got %d %s", answer.Status, answer.Raw)
	}
	other, err := auth.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	s.Status(s.Configure(func(d *tenantconfig.Document) {
		d.Access.Keys = append(d.Access.Keys[:1], tenantconfig.APIKey{ID: other.ID, Hash: servertest.Hash(t, other), Scopes: []string{"bookings:read"}})
	}))
	if answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: other.Reveal()}); !answer.OK {
		t.Errorf("a new key got %d %s", answer.Status, answer.Raw)
	}
}
