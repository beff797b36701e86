package provision

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Operators work from a database of their own, which holds nothing. It is there for its locks. An advisory lock is one of the
// database in which it is taken, and its key is no secret: in the maintenance database, which PostgreSQL opens to every login by
// default, any tenant could take those of all others and keep them for good.

// lockComment marks that database and the role that owns it.
const lockComment = markerPrefix + "where operators hold locks; there is no data in it"

// connectToLocks opens a connection to the operators' own database, and makes that first where there is none.
func (e Engine) connectToLocks(ctx context.Context, r Request) (conn *pgx.Conn, closeIt func(), err error) {
	names := lockDatabase(r.Server.Prefix)
	conn, closeIt, err = e.connect(ctx, r, names.Database)
	if !keptOut(err) {
		return conn, closeIt, err
	}
	if err := e.makeLockDatabase(ctx, r, names); err != nil {
		return nil, nil, err
	}
	return e.connect(ctx, r, names.Database)
}

// keptOut says that a database is not there, was only half made, or was made by another administrator.
func keptOut(err error) bool {
	switch stateOf(err) {
	case stateNoSuchDatabase, stateNotReady, stateInsufficientPrivilege:
		return true
	default:
		return false
	}
}

// makeLockDatabase works in the maintenance database, and under a lock there: no tenant of these operators has a login yet
// that could take it.
func (e Engine) makeLockDatabase(ctx context.Context, r Request, names Names) error {
	conn, done, err := e.connect(ctx, r, r.Server.Database)
	if err != nil {
		return err
	}
	defer done()
	if _, err := conn.Exec(ctx, lockSQL, names.lockKey()); err != nil {
		return err
	}
	there, err := inspect(ctx, conn, names)
	if err != nil {
		return err
	}
	role, exists := there.roles[names.Owner]
	if (exists && role.comment != lockComment) || (there.database != nil && there.database.owner != names.Owner) {
		return &Problem{Code: Foreign, Message: fmt.Sprintf(
			"database server %q: a role or database %q exists that Frontdesk has not made, and it needs that name for its locks: the platform team has to rename it, or give the server another prefix",
			r.Server.Name, names.Database)}
	}
	s := &session{Request: r, names: names, conn: conn, found: there}
	if !exists {
		if err := s.inOne(ctx, createOwnerSQL(names), commentSQL("ROLE", names.Owner, lockComment)); err != nil {
			return err
		}
	}
	if err := s.exec(ctx, actAsSQL(names.Owner)); err != nil {
		return err
	}
	if there.database == nil {
		// Closed from the start: nobody slips in before it is closed to all but operators.
		if err := s.exec(ctx, createDatabaseSQL(names)+" ALLOW_CONNECTIONS false"); err != nil {
			return err
		}
	}
	return s.inOne(ctx, append(closeDatabaseSQL(names), commentSQL("DATABASE", names.Database, lockComment), openDatabaseSQL(names))...)
}
