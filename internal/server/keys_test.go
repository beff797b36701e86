package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

func TestTheEndOfAKeyInUseIsShown(t *testing.T) {
	t.Parallel()
	s := servertest.Start(t, servertest.Unchanged)
	ends := time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)
	answer := s.Send(servertest.Request{Method: http.MethodPost, Path: "/api/v1/keys", Body: map[string]any{"name": "CRM", "scopes": []string{"bookings:read"}, "expiresAt": ends}})
	if answer.Status != http.StatusCreated {
		t.Fatalf("%d %s", answer.Status, answer.Raw)
	}
	key := servertest.Into[httpapi.IssuedKey](t, answer)
	want := fmt.Sprintf("frontdesk_api_key_expiry_timestamp_seconds{key=%q} %v\n", key.ID, float64(ends.Unix()))
	if strings.Contains(metrics(t, s), want) {
		t.Error("the end of a key is shown that nobody has used")
	}
	if used := s.Send(servertest.Request{Method: http.MethodGet, Path: "/api/v1/services", Key: key.Secret}); used.Status != http.StatusOK {
		t.Fatalf("%d %s", used.Status, used.Raw)
	}
	if got := metrics(t, s); !strings.Contains(got, want) {
		t.Errorf("metrics lack %q", want)
	}
}
