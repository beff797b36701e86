package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

const eachOf = `SELECT value FROM json_each(?)`

// One text that is run while its rows are still being read must not move the reader.
func TestSameTextTwiceAtATime(t *testing.T) {
	t.Parallel()
	conn, err := openStore(t, filepath.Join(t.TempDir(), "a.db")).Reader().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	var got []int
	for range 3 { // the second and third time with kept statements
		var open []*sql.Rows
		for _, list := range []string{"[1, 2]", "[3, 4]"} {
			rows, err := conn.QueryContext(t.Context(), eachOf, list)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, rows)
		}
		got = nil
		for range 2 {
			for _, rows := range open {
				var n int
				if !rows.Next() || rows.Scan(&n) != nil {
					t.Fatalf("no more than %v: %v", got, rows.Err())
				}
				got = append(got, n)
			}
		}
		for _, rows := range open {
			if rows.Next() || rows.Close() != nil {
				t.Fatalf("more than was asked for: %v", rows.Err())
			}
		}
		if want := []int{1, 3, 2, 4}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func TestKeptStatementsFollowTheSchema(t *testing.T) {
	t.Parallel()
	db := openStore(t, filepath.Join(t.TempDir(), "a.db")).Writer()
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE things (a)`)
	for _, want := range []int{1, 2} {
		for range 2 {
			exec(`INSERT INTO things (a) VALUES (1)`)
			rows, err := db.QueryContext(t.Context(), `SELECT * FROM things`)
			if err != nil {
				t.Fatal(err)
			}
			columns, err := rows.Columns()
			if err := errors.Join(err, rows.Close()); err != nil || len(columns) != want {
				t.Errorf("the columns are %v, %v; want %d", columns, err, want)
			}
		}
		exec(fmt.Sprintf(`ALTER TABLE things ADD COLUMN b%d`, want))
	}
}

func TestInterruptedStatementRunsAgain(t *testing.T) {
	t.Parallel()
	db := openStore(t, filepath.Join(t.TempDir(), "a.db")).Reader()
	count := func(ctx context.Context, upTo int) (n int, err error) {
		err = db.QueryRowContext(ctx, `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT count(*) FROM n`, upTo).Scan(&n)
		return n, err
	}
	for range 3 {
		if n, err := count(t.Context(), 10); n != 10 || err != nil {
			t.Fatalf("counted %d, %v; want 10", n, err)
		}
		brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := count(brief, 1<<40); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a statement without an end ended with %v", err)
		}
		cancel()
	}
}

// More texts than are kept are no more than slower.
func TestManyTexts(t *testing.T) {
	t.Parallel()
	db := openStore(t, filepath.Join(t.TempDir(), "a.db")).Writer()
	for i := range 1000 {
		var n int
		if err := db.QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %d + ?`, i), 1).Scan(&n); err != nil || n != i+1 {
			t.Fatalf("got %d, %v; want %d", n, err, i+1)
		}
	}
}
