package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func generate(t *testing.T, scopes ...string) (Key, tenantconfig.APIKey) {
	t.Helper()
	key, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	hash, err := key.Hash(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return key, tenantconfig.APIKey{ID: key.ID, Hash: hash, Scopes: scopes}
}

// counting is a gate with a clock in the test's hands that counts bcrypts.
func counting(t *testing.T) (gate *Gate, now *time.Time, bcrypts *atomic.Int64) {
	t.Helper()
	moment := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	gate, err := NewGate(func() time.Time { return moment })
	if err != nil {
		t.Fatal(err)
	}
	bcrypts = &atomic.Int64{}
	gate.compare = func(hash, key []byte) error {
		bcrypts.Add(1)
		return bcrypt.CompareHashAndPassword(hash, key)
	}
	return gate, &moment, bcrypts
}

const home, away = "192.0.2.7:4711", "198.51.100.9:80"

func TestKeysRoundTripAndHideTheirSecret(t *testing.T) {
	t.Parallel()
	key, _ := generate(t)
	parsed, err := ParseKey(key.Reveal())
	if err != nil || parsed != key {
		t.Fatalf("%v %v", parsed, err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key)
	for _, shown := range []string{fmt.Sprint(key), fmt.Sprintf("%+v", key), fmt.Sprintf("%#v", key), log.String()} {
		if strings.Contains(shown, key.secret) || !strings.Contains(shown, key.ID) {
			t.Errorf("formatted as %s", shown)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("s", 40)
	for _, text := range []string{
		"", "fd_", "fd_abcdef", "fd__" + secret, "fd_abc_" + secret, "fd_ABCDEF_" + secret, "fd_abcdef_short", "xd_abcdef_" + secret,
		"fd_abcdef_" + strings.Repeat("s", 65), "fd_abcdef_" + secret + "\x00", "fd_abcdef_" + secret + " ", "FD_abcdef_" + secret,
		"fd_" + strings.Repeat("a", 32) + "_" + strings.Repeat("s", 60), // longer than bcrypt can tell apart
	} {
		if key, err := ParseKey(text); !errors.Is(err, ErrMalformedKey) {
			t.Errorf("%q is taken as %v", text, key)
		}
	}
	if key, err := ParseKey("fd_abcdef_with-dash_and_underscore-000"); err != nil || key.ID != "abcdef" {
		t.Errorf("%v %v", key, err)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add("fd_abcdef_" + strings.Repeat("s", 40))
	for _, seed := range []string{"", "fd_", "fd__", "fd_a\x00_b", "fd_' OR 1=1 --_x", "fd_\u202eנועה_" + strings.Repeat("s", 40), strings.Repeat("fd_", 100)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if key, err := ParseKey(text); err == nil && key.Reveal() != text {
			t.Errorf("%q became %q", text, key.Reveal())
		}
	})
}

func TestBcryptIsPaidOncePerKey(t *testing.T) {
	t.Parallel()
	gate, _, bcrypts := counting(t)
	key, stored := generate(t, "bookings:read")
	verifier := NewVerifier(gate, []tenantconfig.APIKey{stored})
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			principal, err := verifier.Verify(t.Context(), key.Reveal(), home)
			if err != nil || principal.KeyID != key.ID || !principal.Has(ScopeBookingsRead) || principal.Has(ScopeBookingsWrite) {
				t.Errorf("%+v %v", principal, err)
			}
		})
	}
	group.Wait()
	// A next revision of the document shares the memory.
	if _, err := NewVerifier(gate, []tenantconfig.APIKey{stored}).Verify(t.Context(), key.Reveal(), away); err != nil {
		t.Error(err)
	}
	if n := bcrypts.Load(); n != 1 {
		t.Errorf("bcrypt ran %d times", n)
	}
}

func TestRevokedAndReissuedKeys(t *testing.T) {
	t.Parallel()
	gate, _, _ := counting(t)
	key, stored := generate(t, "admin")
	if _, err := NewVerifier(gate, []tenantconfig.APIKey{stored}).Verify(t.Context(), key.Reveal(), home); err != nil {
		t.Fatal(err)
	}
	if _, err := NewVerifier(gate, nil).Verify(t.Context(), key.Reveal(), home); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("a revoked key: %v", err)
	}
	other, reissued := generate(t, "admin")
	reissued.ID = key.ID
	if _, err := NewVerifier(gate, []tenantconfig.APIKey{reissued}).Verify(t.Context(), key.Reveal(), home); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("the old secret of a re-issued id (%s): %v", other, err)
	}
}

func TestFailuresAreLimitedBeforeBcrypt(t *testing.T) {
	t.Parallel()
	gate, now, bcrypts := counting(t)
	key, stored := generate(t, "admin")
	verifier := NewVerifier(gate, []tenantconfig.APIKey{stored})
	if _, err := verifier.Verify(t.Context(), "", home); !errors.Is(err, ErrMissingKey) {
		t.Errorf("%v", err)
	}
	wrong := func(i int, from string) error {
		_, err := verifier.Verify(context.Background(), fmt.Sprintf("fd_%s_%040d", key.ID, i), from)
		return err
	}
	for i := range failuresPerKey {
		if err := wrong(i, home); !errors.Is(err, ErrInvalidKey) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	before := bcrypts.Load()
	limited, ok := errors.AsType[*LimitedError](wrong(99, away)) // from elsewhere, but the same key
	if !ok || limited.RetryAfter <= 0 || limited.RetryAfter > failureRefill {
		t.Errorf("%+v", limited)
	}
	if bcrypts.Load() != before {
		t.Error("bcrypt ran for a limited attempt")
	}
	*now = now.Add(failureRefill)
	if _, err := verifier.Verify(t.Context(), key.Reveal(), home); err != nil {
		t.Errorf("the right key after the wait: %v", err)
	}
	for i := range failuresPerKey {
		_ = wrong(200+i, away)
	}
	if _, err := verifier.Verify(t.Context(), key.Reveal(), away); err != nil {
		t.Errorf("a proved key is held up by a stranger's failures: %v", err)
	}
}

func TestUnknownKeysAreLimitedByNetworkAndCostNoBcrypt(t *testing.T) {
	t.Parallel()
	gate, _, bcrypts := counting(t)
	verifier := NewVerifier(gate, nil)
	try := func(i int, from string) error {
		_, err := verifier.Verify(t.Context(), fmt.Sprintf("fd_%06d_%040d", i, i), from)
		return err
	}
	for i := range failuresPerNetwork {
		if err := try(i, fmt.Sprintf("[2001:db8::%x]:1", i+1)); !errors.Is(err, ErrInvalidKey) { // one subscriber's /64
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if _, limited := errors.AsType[*LimitedError](try(99, "[2001:db8::ffff]:1")); !limited {
		t.Error("the network is not limited")
	}
	if err := try(99, "[2001:db8:0:1::1]:1"); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("another network: %v", err)
	}
	if bcrypts.Load() != 0 {
		t.Error("bcrypt ran for an unknown key")
	}
}

func TestBudgetsStayBounded(t *testing.T) {
	t.Parallel()
	b := newBudgets(3, time.Second, 10)
	now := time.Unix(0, 0)
	for i := range 1000 {
		b.spend(fmt.Sprint(i), now)
		if len(b.subjects) > 10 {
			t.Fatalf("%d subjects are remembered", len(b.subjects))
		}
	}
}

// request comes from a browser with a cookie.
func request(cookie *http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/dashboard", nil)
	r.AddCookie(cookie)
	return r
}

func TestSessions(t *testing.T) {
	t.Parallel()
	gate, now, _ := counting(t)
	key, stored := generate(t, "admin")
	verifier := NewVerifier(gate, []tenantconfig.APIKey{stored})
	secret := []byte("0123456789abcdef")
	sessions, err := NewSessions(secret, verifier)
	if err != nil {
		t.Fatal(err)
	}
	cookie := sessions.Issue(Principal{KeyID: key.ID}, *now, true)
	check := func(s *Sessions, value string, at time.Time) error {
		_, err := s.Authenticate(request(&http.Cookie{Name: SessionCookie, Value: value}), at)
		return err
	}
	if err := check(sessions, cookie.Value, now.Add(SessionLifetime-time.Second)); err != nil || !cookie.Secure || !cookie.HttpOnly {
		t.Errorf("%v %+v", err, cookie)
	}
	if err := check(sessions, cookie.Value, now.Add(SessionLifetime)); !errors.Is(err, ErrNoSession) {
		t.Error("the session does not end")
	}
	_, reissued := generate(t, "admin")
	reissued.ID = key.ID
	for name, keys := range map[string][]tenantconfig.APIKey{"revoked": nil, "re-issued": {reissued}} {
		other, err := NewSessions(secret, NewVerifier(gate, keys))
		if err != nil {
			t.Fatal(err)
		}
		if err := check(other, cookie.Value, *now); !errors.Is(err, ErrNoSession) {
			t.Errorf("the session of a %s key lives on", name)
		}
	}
	parts := strings.Split(cookie.Value, ".")
	for _, forged := range []string{"", "..", parts[0] + ".9999999999." + parts[2], parts[0] + "." + parts[1] + ".", "other00." + parts[1] + "." + parts[2], cookie.Value + "A"} {
		if err := check(sessions, forged, *now); !errors.Is(err, ErrNoSession) {
			t.Errorf("forged session %q is accepted", forged)
		}
	}
	if _, err := NewSessions([]byte("short"), verifier); err == nil {
		t.Error("a short secret is accepted")
	}
}
