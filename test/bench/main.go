package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// settings are what a run is given.
type settings struct {
	server, hello string // binaries
	sample        string // tenant.yaml of the sample business
	out           string
	parts         []string
	runs          int
	each          time.Duration // length of one run
	profiles      string        // folder; empty for none
}

// part measures some rows.
type part struct {
	name string
	run  func(ctx context.Context, b *bench) ([]report.Row, error)
}

var parts = []part{
	{"footprint", footprint},
	{"bookings", bookings},
	{"slots", slots},
	{"engine", engine},
	{"race", race},
	{"locked", locked},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, parse()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse() settings {
	var s settings
	var only string
	flag.StringVar(&s.server, "server", ".local/bin/server", "the server binary")
	flag.StringVar(&s.hello, "hello", ".local/bin/hello", "the binary of test/bench/hello")
	flag.StringVar(&s.sample, "sample", "config/standalone/tenant.yaml", "the sample business, for the slot queries")
	flag.StringVar(&s.out, "out", "out/bench.json", "where the rows go")
	flag.StringVar(&only, "only", "", "measure only these parts, such as bookings,slots; their rows replace those in -out, the others stay")
	flag.IntVar(&s.runs, "runs", 5, "alternating runs, of which the median counts")
	flag.DurationVar(&s.each, "each", 3*time.Second, "length of one run")
	flag.StringVar(&s.profiles, "profiles", "", "folder for processor profiles of the server under load; they cost a little speed")
	flag.Parse()
	if only != "" {
		s.parts = strings.Split(only, ",")
	}
	return s
}

// bench is what the parts share.
type bench struct {
	settings
	postgres *pgtest.Server
	folder   string // temporary
}

// postgresSettings: durable, and with room for a whole statement in pg_stat_activity, where the benchmark reads it.
var postgresSettings = append([]string{"track_activity_query_size=16384"}, pgtest.Durable...)

func run(ctx context.Context, s settings) (err error) {
	for _, name := range s.parts {
		if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
			return fmt.Errorf("there is no part %q", name)
		}
	}
	b := &bench{settings: s}
	if b.folder, err = os.MkdirTemp("", "frontdesk-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.folder) //nolint:errcheck // a leftover in the temporary folder is no failure
	if b.postgres, err = pgtest.Start(ctx, postgresSettings...); err != nil {
		return err
	}
	defer func() {
		if stopErr := b.postgres.Stop(); err == nil {
			err = stopErr
		}
	}()
	began := time.Now()
	rows, err := b.machine()
	if err != nil {
		return err
	}
	for _, p := range parts {
		if len(s.parts) > 0 && !slices.Contains(s.parts, p.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s (load average %.1f)\n", p.name, loadAverage())
		measured, err := p.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, measured...)
	}
	if len(s.parts) > 0 {
		if rows, err = report.Merge(s.out, rows); err != nil {
			return err
		}
	}
	if err := report.WriteJSON(s.out, rows); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s, rows in %s\n\n", time.Since(began).Round(time.Second), s.out)
	return report.Table(os.Stdout, rows)
}

// subfolder makes a folder for one process.
func (b *bench) subfolder(name string) (string, error) {
	path := filepath.Join(b.folder, name)
	return path, os.MkdirAll(path, 0o700)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
