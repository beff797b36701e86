package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"modernc.org/sqlite"
)

// maxKept bounds the statements that a connection keeps. There are fewer texts than that, but for filters that come in
// many combinations.
const maxKept = 256

// connect returns the database of a name, whose connections are opened when they are needed and keep the statements
// that they have prepared: to prepare most of ours takes SQLite longer than to run them.
func connect(name string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeper{connector}), nil
}

type keeper struct{ driver.Connector }

// Connect implements driver.Connector.
func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &connection{session: opened.(session), idle: map[string]statement{}}, nil
}

// session is what the driver's connections can do.
type session interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// statement is what the driver's prepared statements can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// connection keeps statements. As every driver.Conn it is used by one goroutine at a time.
type connection struct {
	session
	// idle are the statements that nobody runs, by their text. A statement that is running is not among them: it has one
	// cursor, and the same text gets another statement meanwhile.
	idle map[string]statement
}

// ExecContext implements driver.ExecerContext.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !isKept(query) {
		return c.session.ExecContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	defer c.put(query, s)
	return s.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !isKept(query) {
		return c.session.QueryContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.QueryContext(ctx, args)
	if err != nil {
		c.put(query, s)
		return nil, err
	}
	return &result{Rows: rows, done: func() { c.put(query, s) }}, nil
}

// Close implements driver.Conn.
func (c *connection) Close() error {
	c.release()
	return c.session.Close()
}

// isKept leaves out what changes the schema or is run once, and pragmas: some act when they are prepared.
func isKept(query string) bool {
	query = strings.TrimSpace(query)
	for _, verb := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if strings.HasPrefix(query, verb) {
			return true
		}
	}
	return false
}

func (c *connection) take(ctx context.Context, query string) (statement, error) {
	if s, found := c.idle[query]; found {
		delete(c.idle, query)
		return s, nil
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return prepared.(statement), nil
}

func (c *connection) put(query string, s statement) {
	if _, another := c.idle[query]; another {
		_ = s.Close() // it says again what its run said
		return
	}
	if len(c.idle) >= maxKept {
		c.release()
	}
	c.idle[query] = s
}

func (c *connection) release() {
	for _, s := range c.idle {
		_ = s.Close()
	}
	clear(c.idle)
}

// result gives the statement back when it has been read.
type result struct {
	driver.Rows
	done func()
}

// Close implements driver.Rows.
func (r *result) Close() error {
	defer r.done()
	return r.Rows.Close()
}
