package postgres_test

import (
	"context"
	"os"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/store/storetest"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

var engine = storetest.Engine{
	New:      pgtest.URL,
	NewEmpty: pgtest.EmptyURL,
	Open: func(ctx context.Context, location string) (booking.Store, error) {
		return postgres.Open(ctx, postgres.Options{URL: location})
	},
}

func TestMain(m *testing.M) {
	os.Exit(storetest.Main(engine, func() int { return pgtest.Main(m) }))
}

func TestConformance(t *testing.T) { storetest.Run(t, engine) }

func TestKeys(t *testing.T) { storetest.RunKeys(t, engine) }

func TestLeads(t *testing.T) { storetest.RunLeads(t, engine) }

func TestNoLeaks(t *testing.T) { storetest.RunLeaks(t, engine) }

func BenchmarkBook(b *testing.B) { storetest.Benchmark(b, engine) }
