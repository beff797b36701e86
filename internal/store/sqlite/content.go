package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pressly/goose/v3"
)

// The errors of content that cannot be opened.
var (
	// ErrContent: it does not fit the schema it claims to have, or breaks that one's rules.
	ErrContent = errors.New("the content is damaged")
	// ErrNewerContent: it was written by a newer version of this program.
	ErrNewerContent = errors.New("the content was written by a newer version")
)

// Content is everything in a database.
type Content struct {
	// Migrations are the numbers of those that made the schema, ascending.
	Migrations []int64
	// Tables holds the rows by the names of the tables, each in the order of its primary key.
	Tables map[string][]Row
}

// Row is one row by the names of its columns. Values are nil, int64, string or []byte.
type Row = map[string]any

// migrationsTable is the migration tool's own; Content.Migrations stands for it.
const migrationsTable = goose.DefaultTablename

// sequencesTable is where SQLite keeps the last numbers of AUTOINCREMENT columns.
const sequencesTable = "sqlite_sequence"

// dump reads all of the content.
func dump(ctx context.Context, tx *sql.Tx) (*Content, error) {
	content := &Content{Tables: map[string][]Row{}}
	var err error
	if content.Migrations, err = list[int64](ctx, tx,
		`SELECT DISTINCT version_id FROM `+migrationsTable+` WHERE is_applied AND version_id > 0 ORDER BY version_id`); err != nil {
		return nil, err
	}
	tables, err := list[string](ctx, tx, `
		SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> ? AND (name NOT LIKE 'sqlite\_%' ESCAPE '\' OR name = ?)`,
		migrationsTable, sequencesTable)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		if content.Tables[table], err = dumpTable(ctx, tx, table); err != nil {
			return nil, fmt.Errorf("read table %s: %w", table, err)
		}
	}
	return content, nil
}

func dumpTable(ctx context.Context, tx *sql.Tx, table string) ([]Row, error) {
	query := `SELECT * FROM ` + quote(table) //nolint:gosec // a name of the schema's own, and quoted
	if table == sequencesTable {
		query += ` WHERE name <> '` + migrationsTable + `' ORDER BY name`
	} else {
		key, err := list[string](ctx, tx, `SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk`, table)
		if err != nil {
			return nil, err
		}
		query += ` ORDER BY ` + quoteAll(key)
	}
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	columns, err := rows.Columns()
	if err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	values, places := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		places[i] = &values[i]
	}
	return collect(rows, nil, func(rows *sql.Rows) (Row, error) {
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		row := make(Row, len(columns))
		for i, column := range columns {
			row[column] = values[i]
		}
		return row, nil
	})
}

// restore brings an empty database to the content's schema and puts the content in. The schema's own rules and triggers
// hold while it does.
func restore(ctx context.Context, db *sql.DB, provider *goose.Provider, content *Content) error {
	for _, version := range content.Migrations {
		_, err := provider.ApplyVersion(ctx, version, true)
		switch {
		case errors.Is(err, goose.ErrVersionNotFound):
			return fmt.Errorf("%w: it has migration %d", ErrNewerContent, version)
		case errors.Is(err, goose.ErrAlreadyApplied):
			return fmt.Errorf("%w: it names migration %d twice", ErrContent, version)
		case err != nil:
			return wrap("migrate", err)
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return wrap("put the content in", err)
	}
	if err := insert(ctx, tx, content); err != nil {
		return undo(tx, contentError(ctx, err))
	}
	return contentError(ctx, tx.Commit()) // foreign keys are checked now
}

// contentError blames the content for what went wrong, unless the caller has left.
func contentError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrContent, err)
}

func insert(ctx context.Context, tx *sql.Tx, content *Content) error {
	if _, err := tx.ExecContext(ctx, `PRAGMA defer_foreign_keys = ON`); err != nil {
		return err
	}
	tables := slices.Sorted(maps.Keys(content.Tables))
	// Last, because inserting into the others counts there as well.
	if i := slices.Index(tables, sequencesTable); i >= 0 {
		tables = append(slices.Delete(tables, i, i+1), sequencesTable)
	}
	for _, table := range tables {
		if err := insertTable(ctx, tx, table, content.Tables[table]); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return compare(ctx, tx, content)
}

func insertTable(ctx context.Context, tx *sql.Tx, table string, rows []Row) error {
	if table == sequencesTable {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+sequencesTable+` WHERE name <> ?`, migrationsTable); err != nil {
			return err
		}
	}
	for i, row := range rows {
		columns := slices.Sorted(maps.Keys(row))
		values := make([]any, len(columns))
		for i, column := range columns {
			values[i] = row[column]
		}
		//nolint:gosec // names are quoted, and those that the schema does not have are refused
		statement := `INSERT INTO ` + quote(table) + ` (` + quoteAll(columns) + `) VALUES (?` + strings.Repeat(`, ?`, max(len(columns)-1, 0)) + `)`
		_, err := tx.ExecContext(ctx, statement, values...)
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	return nil
}

// compare makes sure that the database holds the content and nothing else: neither a default nor a trigger has added to
// what was written.
func compare(ctx context.Context, tx *sql.Tx, content *Content) error {
	held, err := dump(ctx, tx)
	if err != nil {
		return err
	}
	for table, rows := range held.Tables {
		if wanted := content.Tables[table]; len(rows)+len(wanted) > 0 && !reflect.DeepEqual(rows, wanted) {
			return fmt.Errorf("table %s does not hold each of its rows whole and in the order of the primary key", table)
		}
	}
	return nil
}

// list reads one column.
func list[T any](ctx context.Context, tx *sql.Tx, query string, args ...any) ([]T, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	return collect(rows, err, func(rows *sql.Rows) (value T, err error) {
		err = rows.Scan(&value)
		return value, err
	})
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quote(name)
	}
	return strings.Join(quoted, ", ")
}
