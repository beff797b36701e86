package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/test/internal/rig"
)

// leastTables is the least that keeps slots safely and says so to the rest of the world: an exclusion constraint, and
// an outbox row for each booking.
const leastTables = `
CREATE TABLE bench_occupancy (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, resource_id text NOT NULL, unit integer NOT NULL, blocked tstzrange NOT NULL,
	EXCLUDE USING gist (resource_id WITH =, unit WITH =, blocked WITH &&)
);
CREATE TABLE bench_outbox (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, booking_id bigint NOT NULL, payload text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`

const leastStatement = `WITH o AS (
	INSERT INTO bench_occupancy (resource_id, unit, blocked) VALUES (%s, 1, tstzrange(%s, %s)) ON CONFLICT DO NOTHING RETURNING id
) INSERT INTO bench_outbox (booking_id, payload) SELECT id, 'booking.confirmed' FROM o`

// Expressions of the baseline's statements. :i is a number of its own for each transaction, :chair and :slot are made
// from it as the load over HTTP makes them from its number.
var (
	chairExpression = `'` + strings.TrimSuffix(rig.ResourceID(0), "0") + `' || :chair::integer`
	startExpression = `timestamptz '2000-01-01' + :slot::integer * interval '30 minutes'`
	endExpression   = `timestamptz '2000-01-01' + (:slot::integer + 1) * interval '30 minutes'`
	uuidExpression  = `lpad(to_hex(:i::integer), 32, '0')::uuid`
)

// pgbench is one script of pgbench's and what it has done so far.
type pgbench struct {
	program, script, url string
	text                 string // of the script
	rounds               int    // transactions of the busiest client so far, upper bound
	postgres             int    // pid
	done                 int    // transactions
	cpu                  time.Duration
}

// newBaselines makes the two scripts, the second of the statement that the server sends while load runs.
func newBaselines(ctx context.Context, b *bench, url string, load func() error) (least, full *pgbench, err error) {
	if err := execute(ctx, url, leastTables); err != nil {
		return nil, nil, err
	}
	statement, err := ourStatement(ctx, url, load)
	if err != nil {
		return nil, nil, err
	}
	if least, err = b.newPgbench("least", url, fmt.Sprintf(leastStatement, chairExpression, startExpression, endExpression)); err != nil {
		return nil, nil, err
	}
	full, err = b.newPgbench("full", url, statement)
	return least, full, err
}

func (b *bench) newPgbench(name, url, statement string) (*pgbench, error) {
	script := filepath.Join(b.folder, name+".sql")
	text := fmt.Sprintf("\\set n :n + 1\n\\set i :n * :clients + :client_id\n\\set chair :i %% %d\n\\set slot :i / %d\n%s;\n",
		chairs, chairs, strings.Join(strings.Fields(statement), " "))
	return &pgbench{program: b.postgres.Program("pgbench"), script: script, url: url, text: text, postgres: b.postgres.Pid()}, os.WriteFile(script, []byte(text), 0o600)
}

// longestRound bounds how many transactions one client can do in a second, so that numbers are never used twice.
const longestRound = 20_000

var (
	ratePattern   = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)
	failedPattern = regexp.MustCompile(`(?m)^number of failed transactions: ([0-9]+)`)
)

// run returns the transactions per second.
func (p *pgbench) run(ctx context.Context, clients int, length time.Duration) (float64, error) {
	seconds := max(1, int(length.Seconds()))
	before, err := count(ctx, p.url, `SELECT (SELECT count(*) FROM bench_occupancy) + (SELECT count(*) FROM occupancy)`)
	if err != nil {
		return 0, err
	}
	_, endedBefore, err := rig.CPU(p.postgres)
	if err != nil {
		return 0, err
	}
	output, err := exec.CommandContext(ctx, p.program, "--no-vacuum", "--protocol=prepared", "--file="+p.script,
		"--client="+strconv.Itoa(clients), "--time="+strconv.Itoa(seconds),
		"--define=n="+strconv.Itoa(p.rounds), "--define=clients="+strconv.Itoa(clients), p.url).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("pgbench with the script %s: %w\n%s", p.text, err, output[:min(len(output), 2000)])
	}
	p.rounds += (seconds + 1) * longestRound / clients
	after, err := count(ctx, p.url, `SELECT (SELECT count(*) FROM bench_occupancy) + (SELECT count(*) FROM occupancy)`)
	if err != nil {
		return 0, err
	}
	// pgbench has left, so the processes that served it have ended.
	_, endedAfter, err := rig.CPU(p.postgres)
	if err != nil {
		return 0, err
	}
	p.done += after - before
	p.cpu += endedAfter - endedBefore
	return parsePgbench(string(output), after-before)
}

// parsePgbench reads the rate from pgbench's output and refuses one for transactions that kept nothing.
func parsePgbench(output string, kept int) (float64, error) {
	rate := ratePattern.FindStringSubmatch(output)
	if rate == nil {
		return 0, fmt.Errorf("pgbench printed no rate:\n%s", output)
	}
	if failed := failedPattern.FindStringSubmatch(output); failed != nil && failed[1] != "0" {
		return 0, fmt.Errorf("%s transactions of pgbench failed:\n%s", failed[1], output)
	}
	var done int
	for line := range strings.Lines(output) {
		if n, _ := fmt.Sscanf(line, "number of transactions actually processed: %d", &done); n == 1 {
			break
		}
	}
	if done == 0 || kept != done {
		return 0, fmt.Errorf("pgbench did %d transactions, and they kept %d slots:\n%s", done, kept, output)
	}
	return strconv.ParseFloat(rate[1], 64)
}

// look is how often it is looked what the server sends.
const look = 5 * time.Millisecond

// ourStatement reads from Postgres what the server sends it to book while load runs, and puts values of pgbench's in the
// place of the parameters. So the comparison is always with the statement that the server really uses.
func ourStatement(ctx context.Context, url string, load func() error) (string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	done := make(chan error, 1)
	go func() { done <- load() }()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	statement := ""
	for {
		select {
		case err := <-done:
			if err == nil && statement == "" {
				err = errors.New("no connection of the server has shown its booking statement: has it changed its beginning?")
			}
			if err != nil {
				return "", err
			}
			return substitute(statement)
		case <-ticker.C:
		}
		if statement != "" {
			continue
		}
		err = conn.QueryRow(ctx, `SELECT query FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'WITH wanted%INTO idempotency_keys%' LIMIT 1`).Scan(&statement)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return "", errors.Join(err, <-done)
		}
	}
}

// parameters are the elements of the booking statement's arrays, by the parameter's number: pgbench books one at a time.
// A colon would be a variable to pgbench, even inside a literal.
var parameters = map[int]string{
	1: uuidExpression, 2: `'visit'`, 3: startExpression, 4: endExpression, 5: startExpression, 6: endExpression,
	7: `'Europe/London'`, 8: `'2000-01-01T00' || chr(58) || '00'`, 9: `'confirmed'`, 10: `NULL`, 11: `'First visit'`, 12: `'api'`,
	13: uuidExpression, 14: `'+4475' || :i::text`, 15: `'Ann Miller'`, 16: `'+4475' || :i::text`, 17: `'ann' || :i::text || '@example.com'`,
	18: `'booking.confirmed'`, 19: `'pgbench'`, 20: `'api'`, 21: `'pgbench'`, 22: `'POST /api/v1/bookings'`, 23: `'pgbench-' || :i::text`,
	24: `sha256('bench'::bytea)`, 25: `'{}'`, 26: chairExpression, 27: `1`,
}

var parameterPattern = regexp.MustCompile(`\$([0-9]+)`)

var commentPattern = regexp.MustCompile(`(?m)--.*$`)

func substitute(statement string) (string, error) {
	var unknown []string
	text := commentPattern.ReplaceAllString(statement, "")
	text = parameterPattern.ReplaceAllStringFunc(text, func(parameter string) string {
		number, _ := strconv.Atoi(parameter[1:])
		value, found := parameters[number]
		if !found {
			unknown = append(unknown, parameter)
		}
		return "ARRAY[" + value + "]"
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("the booking statement has parameters that this benchmark does not know: %v", unknown)
	}
	return text, nil
}
