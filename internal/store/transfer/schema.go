package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// markerTable says in the target that a copy was finished. It belongs to neither schema.
const markerTable = "frontdesk_transfer"

// ownTables are the migration tool's and this package's.
var ownTables = []string{"goose_db_version", markerTable}

// table is one to copy.
type table struct {
	name    string
	columns []column
	// identity is the column that numbers its rows by itself; empty when there is none.
	identity string
}

const columnsSQL = `
	SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attidentity <> ''
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
		AND a.attgenerated = '' AND c.relname <> ALL($1)
	ORDER BY c.relname, a.attnum`

// referencesSQL lists which table must be filled before which.
const referencesSQL = `
	SELECT child.relname, parent.relname
	FROM pg_constraint k JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
	WHERE k.contype = 'f' AND child.oid <> parent.oid AND child.relnamespace = 'public'::regnamespace`

// tables pairs the tables of both sides, in an order in which they can be filled.
func tables(ctx context.Context, source *sql.Tx, target pgx.Tx) ([]table, error) {
	there, err := sourceColumns(ctx, source)
	if err != nil {
		return nil, err
	}
	rows, err := target.Query(ctx, columnsSQL, ownTables)
	if err != nil {
		return nil, err
	}
	found := map[string]*table{}
	var name, attribute, kind string
	var identity bool
	_, err = pgx.ForEachRow(rows, []any{&name, &attribute, &kind, &identity}, func() error {
		if there[name] == nil {
			return fmt.Errorf("table %s is not in SQLite: this program cannot copy it", name)
		}
		if found[name] == nil {
			found[name] = &table{name: name}
		}
		c, err := plan(name, attribute, kind, there[name])
		if err != nil {
			return err
		}
		found[name].columns = append(found[name].columns, c)
		if identity {
			found[name].identity = attribute
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := nothingLeftBehind(there, found); err != nil {
		return nil, err
	}
	return inOrder(ctx, target, found)
}

func sourceColumns(ctx context.Context, source *sql.Tx) (columns map[string]map[string]bool, err error) {
	rows, err := source.QueryContext(ctx, `
		SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	columns = map[string]map[string]bool{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		if slices.Contains(ownTables, table) {
			continue
		}
		if columns[table] == nil {
			columns[table] = map[string]bool{}
		}
		columns[table][column] = true
	}
	return columns, rows.Err()
}

// rowNumbers are columns that only SQLite needs: nothing refers to them.
var rowNumbers = []string{"occupancy.id"}

func nothingLeftBehind(there map[string]map[string]bool, found map[string]*table) error {
	var lost []string
	for name, columns := range there {
		used := map[string]bool{}
		if found[name] != nil {
			for _, c := range found[name].columns {
				for _, from := range c.from {
					used[from] = true
				}
			}
		}
		for column := range columns {
			if full := name + "." + column; !used[column] && !slices.Contains(rowNumbers, full) {
				lost = append(lost, full)
			}
		}
	}
	if len(lost) == 0 {
		return nil
	}
	slices.Sort(lost)
	return fmt.Errorf("these columns of SQLite are not in PostgreSQL: %s: this program cannot copy them", strings.Join(lost, ", "))
}

func inOrder(ctx context.Context, target pgx.Tx, found map[string]*table) ([]table, error) {
	rows, err := target.Query(ctx, referencesSQL)
	if err != nil {
		return nil, err
	}
	waitsFor := map[string][]string{}
	var child, parent string
	if _, err := pgx.ForEachRow(rows, []any{&child, &parent}, func() error {
		waitsFor[child] = append(waitsFor[child], parent)
		return nil
	}); err != nil {
		return nil, err
	}
	var ordered []table
	filled := map[string]bool{}
	for len(ordered) < len(found) {
		before := len(ordered)
		for _, name := range slices.Sorted(maps.Keys(found)) {
			ready := !slices.ContainsFunc(waitsFor[name], func(parent string) bool { return !filled[parent] })
			if ready && !filled[name] {
				filled[name] = true
				ordered = append(ordered, *found[name])
			}
		}
		if len(ordered) == before {
			return nil, fmt.Errorf("the tables refer to each other in a circle: this program cannot copy them")
		}
	}
	return ordered, nil
}
