package jsonfile_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/jsonfile"
	"github.com/frontdesk-dev/frontdesk/internal/store/storetest"
)

var engine = storetest.Engine{
	New: func(t testing.TB) string { return filepath.Join(t.TempDir(), "data", "frontdesk.json") },
	Open: func(ctx context.Context, location string) (booking.Store, error) {
		store, err := jsonfile.Open(ctx, jsonfile.Options{Path: location})
		if err != nil {
			return nil, err
		}
		return store, nil
	},
	Exclusive: true,
}

func TestMain(m *testing.M) {
	if killStep() {
		os.Exit(1) // not reached: the step kills the process
	}
	os.Exit(storetest.Main(engine, m.Run))
}

func TestConformance(t *testing.T) { storetest.Run(t, engine) }

func TestKeys(t *testing.T) { storetest.RunKeys(t, engine) }

func TestLeads(t *testing.T) { storetest.RunLeads(t, engine) }

func TestNoLeaks(t *testing.T) { storetest.RunLeaks(t, engine) }

func BenchmarkBook(b *testing.B) { storetest.Benchmark(b, engine) }
