package sqlite_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
	"github.com/frontdesk-dev/frontdesk/internal/store/storetest"
)

var engine = storetest.Engine{
	New: func(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "frontdesk.db") },
	Open: func(ctx context.Context, location string) (booking.Store, error) {
		return sqlite.Open(ctx, sqlite.Options{Path: location})
	},
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(engine, m.Run)) }

func TestConformance(t *testing.T) { storetest.Run(t, engine) }

func TestKeys(t *testing.T) { storetest.RunKeys(t, engine) }

func TestLeads(t *testing.T) { storetest.RunLeads(t, engine) }

func TestNoLeaks(t *testing.T) { storetest.RunLeaks(t, engine) }

func BenchmarkBook(b *testing.B) { storetest.Benchmark(b, engine) }
