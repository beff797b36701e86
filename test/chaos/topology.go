package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
	"github.com/frontdesk-dev/frontdesk/test/internal/audit"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

const (
	clients = 16
	// acksPerKill is how many changes must be acknowledged after a kill before the next.
	acksPerKill = 50
	// patience bounds how long they may take.
	patience = time.Minute
	// postgresEvery is how many kills there are for one of Postgres.
	postgresEvery = 8
)

// topology is what is killed.
type topology struct {
	name     string
	engine   audit.Engine
	url      string // of the database, for the audit
	servers  []*rig.Server
	postgres *pgtest.Server // nil for SQLite
	crowd    *crowd
}

// result is what came of one topology.
type result struct {
	verdict
	killsServer, killsPostgres int
	acknowledged, requests     int
	pending                    int
	took                       time.Duration
}

func startPostgres(ctx context.Context, binary, folder string) (t *topology, err error) {
	t = &topology{name: "postgres", engine: audit.Postgres}
	if t.postgres, err = pgtest.Start(ctx, pgtest.Durable...); err != nil {
		return nil, err
	}
	t.url = t.postgres.URL("postgres")
	return t, t.start(ctx, binary, folder, 2, t.url)
}

func startSQLite(ctx context.Context, binary, folder string) (*topology, error) {
	t := &topology{name: "sqlite", engine: audit.SQLite}
	err := t.start(ctx, binary, folder, 1, "")
	if err == nil {
		t.url = t.servers[0].SQLitePath()
	}
	return t, err
}

func (t *topology) start(ctx context.Context, binary, folder string, servers int, url string) error {
	business := rig.Business{Resources: arenaChairs, Interval: slotLength, Offers: []rig.Offer{{ID: visit, Duration: slotLength}}}
	for i := range servers {
		own := filepath.Join(folder, fmt.Sprintf("%s-%d", t.name, i))
		if err := os.MkdirAll(own, 0o700); err != nil {
			return err
		}
		server, err := rig.NewServer(ctx, binary, own, business.Document(), url)
		if err != nil {
			return err
		}
		if i > 0 {
			// Replicas have the same configuration, and so the same keys.
			if err := server.ShareConfiguration(t.servers[0]); err != nil {
				return err
			}
		}
		if _, err := server.Start(ctx); err != nil {
			return err
		}
		t.servers = append(t.servers, server)
	}
	return nil
}

// stop ends everything that may still run.
func (t *topology) stop() (err error) {
	for _, server := range t.servers {
		err = errors.Join(err, server.Kill())
	}
	if t.postgres != nil {
		err = errors.Join(err, t.postgres.Stop())
	}
	return err
}

// torment lets clients work while it kills so often, and judges.
func (t *topology) torment(ctx context.Context, kills int) (r result, err error) {
	began := time.Now()
	t.crowd = &crowd{
		history: newHistory(), servers: t.servers, key: t.servers[0].Key, arena: newArena(t.name, began),
		http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
	working, finish := context.WithCancel(ctx)
	defer finish()
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() { t.crowd.client(working, i) })
	}
	for n := range kills {
		if err = t.killOne(ctx, n, &r); err != nil {
			break
		}
	}
	finish()
	wait.Wait()
	if err != nil {
		return r, err
	}
	r.took = time.Since(began)
	return r, t.settle(ctx, &r)
}

// killOne kills a server, or Postgres, starts it again, and waits until enough was acknowledged.
func (t *topology) killOne(ctx context.Context, n int, r *result) error {
	if t.postgres != nil && n%postgresEvery == postgresEvery/2 {
		r.killsPostgres++
		if err := t.postgres.Halt(); err != nil {
			return err
		}
		if err := t.postgres.Boot(ctx); err != nil {
			return err
		}
	} else {
		r.killsServer++
		server := t.servers[n%len(t.servers)]
		if err := server.Kill(); err != nil {
			return err
		}
		if _, err := server.Start(ctx); err != nil {
			return err
		}
	}
	t.crowd.arena.advance()
	if err := t.awaitAcks(ctx, t.crowd.history.acked.Load()+acksPerKill); err != nil {
		return fmt.Errorf("after kill %d: %w", n+1, err)
	}
	if (n+1)%20 == 0 {
		fmt.Fprintf(os.Stderr, "  %s: %d kills, %d acknowledged\n", t.name, n+1, t.crowd.history.acked.Load())
	}
	return nil
}

func (t *topology) awaitAcks(ctx context.Context, wanted int64) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	for t.crowd.history.acked.Load() < wanted {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d acknowledgements are missing: %w\n%s", wanted-t.crowd.history.acked.Load(), ctx.Err(), t.servers[0].LogTail())
		case <-ticker.C:
		}
	}
	return nil
}

// settle kills everything once more, so that only what is durable counts, and judges. These last kills are not counted.
func (t *topology) settle(ctx context.Context, r *result) error {
	for _, server := range t.servers {
		if err := server.Kill(); err != nil {
			return err
		}
	}
	if t.postgres != nil {
		if err := errors.Join(t.postgres.Halt(), t.postgres.Boot(ctx)); err != nil {
			return err
		}
	}
	kept, err := audit.Bookings(ctx, t.engine, t.url)
	if err != nil {
		return err
	}
	repeated, err := audit.RepeatedEvents(ctx, t.engine, t.url)
	if err != nil {
		return err
	}
	if surprises := t.crowd.unexpected; len(surprises) > 0 {
		return fmt.Errorf("%d unexpected answers, such as: %s", len(surprises), strings.Join(surprises[:min(len(surprises), 5)], "; "))
	}
	h := t.crowd.history
	r.acknowledged, r.requests = int(h.acked.Load()), len(h.list)
	for _, op := range h.list {
		if op.Return == forever {
			r.pending++
		}
	}
	r.verdict = judge(h, kept, repeated)
	return nil
}
