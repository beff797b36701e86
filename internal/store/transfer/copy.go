package transfer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/store/postgres"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// Options says what to copy where.
type Options struct {
	// Tenant is namespace/name, by which a finished copy is known again.
	Tenant string
	// From is the SQLite file.
	From string
	// To is the URL of the PostgreSQL database.
	To     string
	Logger *slog.Logger
}

// Report says what was copied.
type Report struct {
	// Before: it had been finished by an earlier attempt, and nothing was done now.
	Before bool
	// Rows by table; of an earlier attempt when Before.
	Rows map[string]int64
}

// NotEmptyError says that the target holds what no copy of this tenant has put there.
type NotEmptyError struct {
	// What was found.
	What string
}

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the target database is not empty (%s) and is no finished copy of this tenant: nothing was copied; give it an empty database", e.What)
}

// ChangedError says that the source is not what a finished copy was made of.
type ChangedError struct {
	// Table is one that differs.
	Table string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("the target holds a finished copy of this tenant, but table %s of the source has changed since: nothing was copied; "+
		"if nobody has used the target, empty it and copy again", e.Table)
}

// MismatchError says that a table did not arrive as it left.
type MismatchError struct {
	Table          string
	Wrote, ReadOut int64
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("table %s does not read back as it was written (%d rows written, %d read): nothing was copied", e.Table, e.Wrote, e.ReadOut)
}

// Copy copies everything, or nothing. No error holds the URL's password.
func Copy(ctx context.Context, options Options) (Report, error) {
	source, err := openSource(ctx, options)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = source.Close() }()
	if _, err := postgres.Migrate(ctx, options.To); err != nil {
		return Report{}, err
	}
	target, err := pgx.Connect(ctx, options.To)
	if err != nil {
		return Report{}, fmt.Errorf("connect to the target: %w", err)
	}
	defer func() { _ = target.Close(context.WithoutCancel(ctx)) }()
	var report Report
	err = pgx.BeginFunc(ctx, target, func(to pgx.Tx) error {
		from, err := source.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
		if err != nil {
			return fmt.Errorf("read the source: %w", err)
		}
		defer func() { _ = from.Rollback() }()
		c := &copier{Options: options, from: from, to: to}
		report, err = c.run(ctx)
		return err
	})
	if err != nil {
		return Report{}, err
	}
	return report, nil
}

// openSource brings the file to the newest schema with the store's own code, and opens it to read.
func openSource(ctx context.Context, options Options) (*sql.DB, error) {
	if _, err := os.Stat(options.From); err != nil {
		return nil, fmt.Errorf("the source is not there: %w", err)
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Path: options.From, Logger: options.Logger})
	if err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	if err := store.Close(); err != nil {
		return nil, fmt.Errorf("open the source: %w", err)
	}
	name := (&url.URL{Scheme: "file", Path: options.From}).String() + "?_query_only=1&_busy_timeout=5000"
	return sql.Open("sqlite", name)
}

type copier struct {
	Options
	from *sql.Tx
	to   pgx.Tx
}

func (c *copier) run(ctx context.Context) (Report, error) {
	report := Report{Rows: map[string]int64{}}
	all, err := tables(ctx, c.from, c.to)
	if err != nil {
		return report, err
	}
	// From here on nobody else gets in, neither another copy nor a server that was started too early.
	for _, t := range all {
		if _, err := c.to.Exec(ctx, "LOCK TABLE "+ident(t.name)); err != nil {
			return report, fmt.Errorf("lock table %s: %w", t.name, err)
		}
	}
	before, err := c.finished(ctx)
	if err != nil {
		return report, err
	}
	if before != nil {
		for name, content := range before {
			report.Rows[name] = content.Rows
		}
		report.Before = true
		return report, c.unchanged(ctx, all, before)
	}
	for _, t := range all {
		var occupied bool
		if err := c.to.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+ident(t.name)+")").Scan(&occupied); err != nil {
			return report, err
		}
		if occupied {
			return report, &NotEmptyError{What: "rows in " + t.name}
		}
	}
	copied := map[string]content{}
	for _, t := range all {
		found, err := c.table(ctx, t)
		if err != nil {
			return report, fmt.Errorf("copy table %s: %w", t.name, err)
		}
		c.Logger.InfoContext(ctx, "copied and compared a table", "table", t.name, "rows", found.rows)
		report.Rows[t.name], copied[t.name] = found.rows, found.content()
	}
	return report, c.finish(ctx, copied)
}

// unchanged fails when somebody has written to the source after it was copied: a copy whose end nobody heard of, so that
// the source served on, must not pass for one of what is there now.
func (c *copier) unchanged(ctx context.Context, all []table, before map[string]content) error {
	for _, t := range all {
		rows, err := c.from.QueryContext(ctx, t.selectSource())
		if err != nil {
			return err
		}
		source := &sourceRows{rows: rows, columns: t.columns}
		for err == nil && source.Next() {
			_, err = source.Values()
		}
		if err = errors.Join(err, source.Err(), rows.Close()); err != nil {
			return fmt.Errorf("read table %s: %w", t.name, err)
		}
		if source.digest.content() != before[t.name] {
			return &ChangedError{Table: t.name}
		}
	}
	return nil
}

// finished returns what was in the tables of a copy of this tenant that is complete, or nil.
func (c *copier) finished(ctx context.Context) (map[string]content, error) {
	if _, err := c.to.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+markerTable+" (tenant text PRIMARY KEY, finished_at timestamptz NOT NULL, content jsonb NOT NULL)"); err != nil {
		return nil, fmt.Errorf("make the marker: %w", err)
	}
	var tenant string
	var copied map[string]content
	err := c.to.QueryRow(ctx, "SELECT tenant, content FROM "+markerTable).Scan(&tenant, &copied)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the marker: %w", err)
	case tenant != c.Tenant:
		return nil, &NotEmptyError{What: "a copy of tenant " + tenant}
	}
	return copied, nil
}

func (c *copier) finish(ctx context.Context, copied map[string]content) error {
	_, err := c.to.Exec(ctx, "INSERT INTO "+markerTable+" VALUES ($1, clock_timestamp(), $2)", c.Tenant, copied)
	if err != nil {
		return fmt.Errorf("mark the copy as finished: %w", err)
	}
	return nil
}

// table copies one table, reads it back and compares.
func (c *copier) table(ctx context.Context, t table) (digest, error) {
	rows, err := c.from.QueryContext(ctx, t.selectSource())
	if err != nil {
		return digest{}, err
	}
	defer func() { _ = rows.Close() }()
	source := &sourceRows{rows: rows, columns: t.columns}
	if _, err := c.to.CopyFrom(ctx, pgx.Identifier{t.name}, t.names(), source); err != nil {
		return digest{}, err
	}
	back, err := c.readBack(ctx, t)
	if err != nil {
		return digest{}, err
	}
	if back != source.digest {
		return digest{}, &MismatchError{Table: t.name, Wrote: source.digest.rows, ReadOut: back.rows}
	}
	if t.identity == "" {
		return back, nil
	}
	_, err = c.to.Exec(ctx, fmt.Sprintf("SELECT setval(pg_get_serial_sequence($1, $2), coalesce(max(%s), 0) + 1, false) FROM %s", ident(t.identity), ident(t.name)),
		ident(t.name), t.identity)
	return back, err
}

func (c *copier) readBack(ctx context.Context, t table) (digest, error) {
	var d digest
	quoted := make([]string, len(t.columns))
	for i, column := range t.columns {
		quoted[i] = ident(column.name)
	}
	rows, err := c.to.Query(ctx, "SELECT "+strings.Join(quoted, ", ")+" FROM "+ident(t.name))
	if err != nil {
		return d, err
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return d, err
		}
		if err := d.add(values); err != nil {
			return d, err
		}
	}
	return d, rows.Err()
}

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }
