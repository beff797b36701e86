package httpapi_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func keyRequest(path string, body any) servertest.Request {
	return servertest.Request{Method: http.MethodPost, Path: path, Body: body}
}

func makeKey(t *testing.T, s *servertest.Server, body map[string]any) httpapi.IssuedKey {
	t.Helper()
	answer := s.Send(keyRequest("/api/v1/keys", body))
	if answer.Status != http.StatusCreated {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return servertest.Into[httpapi.IssuedKey](t, answer)
}

// accepts says whether a server lets a key read.
func accepts(t *testing.T, s *servertest.Server, key string) bool {
	t.Helper()
	answer := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: key})
	if answer.Status != http.StatusOK && answer.Code != "INVALID_API_KEY" {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	return answer.OK
}

func TestKeyFromItsMakingToItsEnd(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		expires := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
		made := makeKey(t, s, map[string]any{"name": "CRM", "scopes": []string{"bookings:read", "bookings:read"}, "expiresAt": expires})
		if !strings.HasPrefix(made.Secret, "fd_"+made.ID+"_") || len(made.Scopes) != 1 || made.Source != "api" ||
			made.CreatedBy != "key:"+s.Key.ID || made.CreatedAt == nil || !made.ExpiresAt.Equal(expires) || made.LastUsedAt != nil {
			t.Fatalf("unexpected: %+v", made.APIKey)
		}
		if !accepts(t, s, made.Secret) {
			t.Fatal("the new key is not accepted")
		}
		forbidden := keyRequest("/api/v1/keys", map[string]any{"name": "x", "scopes": []string{"admin"}})
		forbidden.Key = made.Secret
		if answer := s.Send(forbidden); answer.Status != http.StatusForbidden {
			t.Errorf("a key that may only read makes keys: %d %s", answer.Status, answer.Raw)
		}
		list := s.Get("/api/v1/keys")
		if bytes.Contains(list.Raw, []byte(made.Secret)) || bytes.Contains(list.Raw, []byte("$2a$")) {
			t.Errorf("the list shows a secret or a hash: %s", list.Raw)
		}
		keys := servertest.Into[httpapi.APIKeys](t, list).Keys
		if len(keys) != 3 || keys[0].Source != "configuration" || keys[2].ID != made.ID {
			t.Errorf("unexpected list: %s", list.Raw)
		}

		kept := servertest.Into[httpapi.IssuedKey](t, s.Send(keyRequest("/api/v1/keys/"+made.ID+"/rotate", map[string]any{"overlap": "1h"})))
		if kept.ID != made.ID || kept.Secret == made.Secret || !accepts(t, s, kept.Secret) || !accepts(t, s, made.Secret) {
			t.Errorf("with an overlap both secrets are good: %+v", kept.APIKey)
		}
		last := servertest.Into[httpapi.IssuedKey](t, s.Send(keyRequest("/api/v1/keys/"+made.ID+"/rotate", nil)))
		if accepts(t, s, kept.Secret) || accepts(t, s, made.Secret) || !accepts(t, s, last.Secret) {
			t.Error("without an overlap only the newest secret is good")
		}

		revoke := keyRequest("/api/v1/keys/"+made.ID+"/revoke", nil)
		ended := servertest.Into[httpapi.APIKey](t, s.Send(revoke))
		if ended.RevokedAt == nil || accepts(t, s, last.Secret) {
			t.Error("the revoked key is accepted")
		}
		if again := servertest.Into[httpapi.APIKey](t, s.Send(revoke)); !again.RevokedAt.Equal(*ended.RevokedAt) {
			t.Error("to revoke again changes the key")
		}
		if answer := s.Send(keyRequest("/api/v1/keys/"+made.ID+"/rotate", nil)); answer.Status != http.StatusConflict || answer.Code != "KEY_REVOKED" {
			t.Errorf("%d %s", answer.Status, answer.Raw)
		}
	})
}

func TestKeyEndsAtItsExpiry(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	made := makeKey(t, s, map[string]any{"name": "short", "scopes": []string{"bookings:read"}, "expiresAt": time.Now().Add(3 * time.Second)})
	if !accepts(t, s, made.Secret) {
		t.Fatal("the key is not accepted before its expiry")
	}
	servertest.Eventually(t, "the key has ended", func() bool { return !accepts(t, s, made.Secret) })
	if time.Now().Before(*made.ExpiresAt) {
		t.Error("the key ended early")
	}
}

func TestKeyRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	for name, test := range map[string]struct {
		path   string
		body   any
		status int
		code   string
	}{
		"unknown scope":  {"", map[string]any{"name": "x", "scopes": []string{"everything"}}, 422, "VALIDATION_ERROR"},
		"no scope":       {"", map[string]any{"name": "x", "scopes": []string{}}, 422, "VALIDATION_ERROR"},
		"blank name":     {"", map[string]any{"name": "  ", "scopes": []string{"admin"}}, 422, "VALIDATION_ERROR"},
		"NUL in name":    {"", map[string]any{"name": "a\x00b", "scopes": []string{"admin"}}, 422, "VALIDATION_ERROR"},
		"past expiry":    {"", map[string]any{"name": "x", "scopes": []string{"admin"}, "expiresAt": "2001-01-01T00:00:00Z"}, 422, "VALIDATION_ERROR"},
		"odd overlap":    {"/abcdef/rotate", map[string]any{"overlap": "1 day"}, 422, "VALIDATION_ERROR"},
		"long overlap":   {"/abcdef/rotate", map[string]any{"overlap": "721h"}, 422, "VALIDATION_ERROR"},
		"absent":         {"/abcdef/rotate", nil, 404, "NOT_FOUND"},
		"hostile id":     {"/%00'--/revoke", nil, 404, "NOT_FOUND"},
		"document's key": {"/" + s.Key.ID + "/revoke", nil, 409, "KEY_IN_CONFIGURATION"},
		"rotate that":    {"/" + s.Reader.ID + "/rotate", nil, 409, "KEY_IN_CONFIGURATION"},
	} {
		if answer := s.Send(keyRequest("/api/v1/keys"+test.path, test.body)); answer.Status != test.status || answer.Code != test.code {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Raw)
		}
	}
}

// TestRevocationReachesTheOtherReplica runs two servers on one database. Both have proved the key, so that only the
// database's announcement can make the second one refuse it.
func TestRevocationReachesTheOtherReplica(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	onURL := func() *servertest.Server {
		s := servertest.Start(t, nil)
		s.Configure(func(d *tenantconfig.Document) {
			d.Database = tenantconfig.Database{Engine: tenantconfig.EnginePostgres, URLKey: "database-url", MaxConnections: 4}
		}, "database-url", url)
		s.AwaitReady()
		return checked(t, s)
	}
	a, b := onURL(), onURL()
	made := makeKey(t, a, map[string]any{"name": "CRM", "scopes": []string{"bookings:read"}})
	if !accepts(t, a, made.Secret) || !accepts(t, b, made.Secret) {
		t.Fatal("the new key is not accepted by both")
	}
	begun := time.Now()
	servertest.Into[httpapi.APIKey](t, a.Send(keyRequest("/api/v1/keys/"+made.ID+"/revoke", nil)))
	if accepts(t, a, made.Secret) {
		t.Error("who revoked the key accepts it")
	}
	servertest.Eventually(t, "the other replica refuses the key", func() bool { return !accepts(t, b, made.Secret) })
	// Well below the time after which a key is read again in any case.
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("the revocation took %s", took)
	}
}
