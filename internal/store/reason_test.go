package store_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/store/jsonfile"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// TestReasonsNameNobody fails to open real databases, and looks at what would be told outside.
func TestReasonsNameNobody(t *testing.T) {
	t.Parallel()
	good, err := pgconn.ParseConfig(pgtest.EmptyURL(t))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	at := fmt.Sprintf("host='%s' port=%d", good.Host, good.Port)
	for name, test := range map[string]struct{ url, want string }{
		"no such host":     {"postgres://secretuser:secretpass@secrethost.invalid/secretdb", "cannot be resolved"},
		"nobody there":     {"postgres://secretuser:secretpass@" + closed + "/secretdb", "nobody listens"},
		"no such database": {at + " user=" + good.User + " password=" + good.Password + " dbname=secretdb", "SQLSTATE 3D000"},
		"no such user":     {at + " user=secretuser password=secretpass dbname=" + good.Database, "SQLSTATE 28"},
		"no URL":           {"postgres://secretuser:secretpass@[secrethost/secretdb", "is not valid"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		_, err := store.Open(ctx, store.Options{Engine: tenantconfig.EnginePostgres, URL: test.url})
		cancel()
		if err == nil {
			t.Errorf("%s: it opened", name)
			continue
		}
		reason := store.Reason(err)
		if strings.Contains(reason, "secret") || strings.Contains(reason, closed) || !strings.Contains(reason, test.want) {
			t.Errorf("%s: told %q of %v; want %q and no names", name, reason, err, test.want)
		}
	}
}

func TestReasonOfOthers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("x: %w", &pgconn.PgError{Code: "53300", Message: `for user "secret"`}), "it takes no more connections (SQLSTATE 53300)"},
		{fmt.Errorf("x: %w", &pgconn.PgError{Code: "53100", Message: "secret"}), "it has run out of memory, space or connections (SQLSTATE 53100)"},
		{fmt.Errorf("x: %w", &pgconn.PgError{Code: "XX000", Message: "secret"}), "it answers with an error (SQLSTATE XX000)"},
		{&net.OpError{Op: "read", Net: "tcp", Err: errors.New("reset by secret")}, "the connection to it broke"},
		{fmt.Errorf("ask secret: %w", context.DeadlineExceeded), "it does not answer in time"},
	} {
		if got := store.Reason(test.err); got != test.want {
			t.Errorf("%v: told %q, want %q", test.err, got, test.want)
		}
	}
	path := filepath.Join(t.TempDir(), "not-a-folder\x00")
	_, err := jsonfile.Open(t.Context(), jsonfile.Options{Path: path})
	if err == nil || store.Reason(err) != err.Error() {
		t.Errorf("a store's own words are changed: %v", err)
	}
}
