package main

import (
	"context"
	"errors"
	"time"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// idleFor is how long a server is left alone before its memory is read: long enough for what starting it left over
// to be collected.
const idleFor = 3 * time.Second

// starts is how often a start is measured; the median counts.
const starts = 7

// footprint measures how soon a server is ready on a database that has its schema, and its memory with nothing to do,
// both against a server that only says hello.
func footprint(ctx context.Context, b *bench) (rows []report.Row, err error) {
	document, err := b.sampleDocument()
	if err != nil {
		return nil, err
	}
	url, err := b.database(ctx, "footprint")
	if err != nil {
		return nil, err
	}
	for _, on := range []struct{ suffix, url string }{{"", url}, {"_sqlite", ""}} {
		server, err := b.startServer(ctx, "footprint"+on.suffix, document, on.url)
		if err != nil {
			return nil, err
		}
		measured, err := b.measureStarts(ctx, server, on.suffix)
		if err != nil {
			return nil, err
		}
		rows = append(rows, measured...)
	}
	return rows, nil
}

// measureStarts starts a running server again and again.
func (b *bench) measureStarts(ctx context.Context, server *rig.Server, suffix string) (rows []report.Row, err error) {
	var ready, hellos []float64
	for range starts {
		if err := server.Stop(); err != nil {
			return nil, err
		}
		took, err := server.Start(ctx)
		if err != nil {
			return nil, err
		}
		ready = append(ready, milliseconds(took))
		hello, err := b.timeHello(ctx)
		if err != nil {
			return nil, err
		}
		hellos = append(hellos, milliseconds(hello))
	}
	defer stopServer(server, &err)
	idle, hello, err := b.idleMemory(ctx, server)
	if err != nil {
		return nil, err
	}
	return []report.Row{
		report.Against("start_to_ready"+suffix, median(ready), "ms", median(hellos)),
		report.Against("rss_idle"+suffix, idle, "MiB", hello),
	}, nil
}

func (b *bench) timeHello(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	process, _, err := b.startHello(ctx)
	if err != nil {
		return 0, err
	}
	took := time.Since(began)
	return took, process.Stop()
}

func (b *bench) idleMemory(ctx context.Context, server *rig.Server) (ours, hellos float64, err error) {
	hello, _, err := b.startHello(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, hello.Stop()) }()
	select {
	case <-time.After(idleFor): // the time is what is measured, not something that is waited for
	case <-ctx.Done():
		return 0, 0, ctx.Err()
	}
	if ours, err = server.RSS(); err != nil {
		return 0, 0, err
	}
	hellos, err = hello.RSS()
	return ours, hellos, err
}
