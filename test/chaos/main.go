package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// defaultKills is how many kills there are unless CHAOS_KILLS says otherwise.
const defaultKills = 200

// longest bounds the whole run, whatever hangs, for each kill.
const longest = 5 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	binary := flag.String("server", ".local/bin/server", "the server binary")
	out := flag.String("out", "out/chaos.json", "where the rows go")
	flag.Parse()
	if err := run(ctx, *binary, *out); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, binary, out string) error {
	kills, err := killsWanted(os.Getenv("CHAOS_KILLS"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute+time.Duration(kills)*longest)
	defer cancel()
	folder, err := os.MkdirTemp("", "frontdesk-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // a leftover in the temporary folder is no failure
	onSQLite := kills / 4
	results := map[string]result{}
	for _, one := range []struct {
		name  string
		start func(context.Context, string, string) (*topology, error)
		kills int
	}{{"postgres", startPostgres, kills - onSQLite}, {"sqlite", startSQLite, onSQLite}} {
		if one.kills == 0 {
			continue
		}
		r, err := tormentOne(ctx, one.start, binary, folder, one.kills)
		if err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
		results[one.name] = r
	}
	rows := rowsOf(results)
	if err := report.WriteJSON(out, rows); err != nil {
		return err
	}
	if err := report.Table(os.Stdout, rows); err != nil {
		return err
	}
	return brokenPromises(results)
}

func killsWanted(text string) (int, error) {
	if text == "" {
		return defaultKills, nil
	}
	kills, err := strconv.Atoi(text)
	if err != nil || kills < 1 {
		return 0, fmt.Errorf("CHAOS_KILLS is %q: give a number of kills, 1 or more", text)
	}
	return kills, nil
}

func tormentOne(
	ctx context.Context, start func(context.Context, string, string) (*topology, error), binary, folder string, kills int,
) (r result, err error) {
	t, err := start(ctx, binary, folder)
	if t != nil {
		defer func() { err = errors.Join(err, t.stop()) }()
	}
	if err != nil {
		return r, err
	}
	return t.torment(ctx, kills)
}

// rowsOf are the sums over all topologies, and then each topology's own.
func rowsOf(results map[string]result) (rows []report.Row) {
	sum := result{verdict: verdict{linearizable: porcupine.Ok}}
	var each []report.Row
	for _, name := range []string{"postgres", "sqlite"} {
		r, found := results[name]
		if !found {
			continue
		}
		each = append(each, rowsOfOne(r, name+"_")...)
		sum.killsServer += r.killsServer
		sum.killsPostgres += r.killsPostgres
		sum.acknowledged += r.acknowledged
		sum.requests += r.requests
		sum.pending += r.pending
		sum.lost += r.lost
		sum.overlaps += r.overlaps
		sum.duplicates += r.duplicates
		sum.took += r.took
		if r.linearizable != porcupine.Ok {
			sum.linearizable = r.linearizable
		}
	}
	return append(rowsOfOne(sum, ""), each...)
}

func rowsOfOne(r result, prefix string) []report.Row {
	linearizable := 0.0
	if r.linearizable == porcupine.Ok {
		linearizable = 1
	}
	kills := r.killsServer + r.killsPostgres
	return []report.Row{
		report.Plain(prefix+"kills", float64(kills), "kills"),
		report.Plain(prefix+"kills_server", float64(r.killsServer), "kills"),
		report.Plain(prefix+"kills_postgres", float64(r.killsPostgres), "kills"),
		report.Plain(prefix+"acknowledged", float64(r.acknowledged), "changes"),
		report.Plain(prefix+"acknowledged_per_kill", float64(r.acknowledged)/float64(kills), "changes"),
		report.Plain(prefix+"requests", float64(r.requests), "requests"),
		report.Plain(prefix+"pending", float64(r.pending), "changes of unknown outcome"),
		report.Plain(prefix+"lost", float64(r.lost), "acknowledged changes"),
		report.Plain(prefix+"overlaps", float64(r.overlaps), "pairs"),
		report.Plain(prefix+"duplicate_effects", float64(r.duplicates), "effects"),
		report.Plain(prefix+"linearizable", linearizable, "0 or 1"),
		report.Plain(prefix+"took", r.took.Seconds(), "s"),
	}
}

func brokenPromises(results map[string]result) error {
	var broken error
	for name, r := range results {
		for i, fault := range r.faults {
			if i == 10 {
				broken = errors.Join(broken, fmt.Errorf("%s: and %d more", name, len(r.faults)-i))
				break
			}
			broken = errors.Join(broken, fmt.Errorf("%s: %s", name, fault))
		}
	}
	return broken
}
