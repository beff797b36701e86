package transfer

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

func (t table) names() []string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return names
}

// selectSource asks for the parts of all columns, one after the other.
func (t table) selectSource() string {
	var parts []string
	for _, c := range t.columns {
		for _, from := range c.from {
			parts = append(parts, ident(from)) // SQLite quotes names as PostgreSQL does
		}
	}
	return "SELECT " + strings.Join(parts, ", ") + " FROM " + ident(t.name)
}

// sourceRows are a table's rows in PostgreSQL's types. It is a pgx.CopyFromSource that adds up what it has given out.
type sourceRows struct {
	rows    *sql.Rows
	columns []column
	digest  digest
}

// Next implements pgx.CopyFromSource.
func (s *sourceRows) Next() bool { return s.rows.Next() }

// Err implements pgx.CopyFromSource.
func (s *sourceRows) Err() error { return s.rows.Err() }

// Values implements pgx.CopyFromSource.
func (s *sourceRows) Values() ([]any, error) {
	var parts []any
	for _, c := range s.columns {
		parts = append(parts, make([]any, len(c.from))...)
	}
	into := make([]any, len(parts))
	for i := range parts {
		into[i] = &parts[i]
	}
	if err := s.rows.Scan(into...); err != nil {
		return nil, err
	}
	values := make([]any, len(s.columns))
	for i, c := range s.columns {
		own := parts[:len(c.from)]
		parts = parts[len(c.from):]
		if slices.Contains(own, nil) {
			continue
		}
		var err error
		if values[i], err = c.convert(own); err != nil {
			return nil, fmt.Errorf("column %s: %w", c.name, err)
		}
	}
	return values, s.digest.add(values)
}
