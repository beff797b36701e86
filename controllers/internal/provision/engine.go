package provision

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Engine does one thing for one tenant on one server, at once. Its errors are Problems. The zero value is
// ready to use.
type Engine struct {
	// Connect opens connections; nil means over the network.
	Connect Connector
}

// Request says where and for whom.
type Request struct {
	Server Server
	Admin  Admin
	Tenant Identity
	// Adopt allows to take over a database that was not made for this Tenant.
	Adopt bool
}

func (r Request) names() Names { return NamesOf(r.Server.Prefix, r.Tenant) }

// session is a locked piece of work on a tenant's database.
type session struct {
	Request
	names Names
	// conn is to the operators' own database.
	conn  *pgx.Conn
	found found
}

// with runs work while nobody else works on this tenant's database, and puts what goes wrong into words. The
// lock is the connection's: the server lets go of it when that ends, however it ends.
func (e Engine) with(ctx context.Context, r Request, work func(context.Context, *session) error) *Problem {
	s := &session{Request: r, names: r.names()}
	err := func() error {
		conn, done, err := e.connectToLocks(ctx, r)
		if err != nil {
			return err
		}
		defer done()
		s.conn = conn
		if _, err := conn.Exec(ctx, lockSQL, s.names.lockKey()); err != nil {
			return err
		}
		if s.found, err = inspect(ctx, conn, s.names); err != nil {
			return err
		}
		return work(ctx, s)
	}()
	if err == nil {
		return nil
	}
	return problemOf(r.Server.Name, err)
}

// exec runs statements one by one, or all or none of them.
func (s *session) exec(ctx context.Context, statements ...string) error {
	for _, sql := range statements {
		if _, err := s.conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) inOne(ctx context.Context, statements ...string) error {
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		for _, sql := range statements {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return err
			}
		}
		return nil
	})
}

// Password derives the password of a serial.
type Password func(serial int) (string, error)

// Ensure makes what is missing and returns the credential of a serial: at least the given one, or a newer one
// when another operator was faster; 0 means whichever is newest. create allows to make the database; without it,
// one that is gone is a problem, because an empty one would pass for it.
func (e Engine) Ensure(ctx context.Context, r Request, serial int, create bool, password Password) (Credential, *Problem) {
	var made Credential
	problem := e.with(ctx, r, func(ctx context.Context, s *session) error {
		if problem := s.found.judge(s.names, r); problem != nil {
			return problem
		}
		if s.found.database == nil && !create {
			return &Problem{Code: Missing, Message: fmt.Sprintf(
				"database %q is gone from server %q: restore it; or, to start with an empty one, delete the Secret that ends in -db",
				s.names.Database, r.Server.Name)}
		}
		if err := s.makeOwner(ctx); err != nil {
			return err
		}
		if err := s.makeDatabase(ctx); err != nil {
			return err
		}
		if err := e.makeExtensions(ctx, s); err != nil {
			return err
		}
		if err := s.endFormerLogins(ctx); err != nil {
			return err
		}
		made.Serial = max(serial, s.found.newest(s.names, r.Tenant), 1)
		var err error
		if made.Password, err = password(made.Serial); err != nil {
			return err
		}
		return s.makeLogin(ctx, made)
	})
	return made, problem
}

// makeOwner marks the role in the transaction that makes it: there is never one without.
func (s *session) makeOwner(ctx context.Context) error {
	var statements []string
	role, exists := s.found.roles[s.names.Owner]
	if !exists {
		statements = append(statements, createOwnerSQL(s.names))
	}
	if !exists || claimOf(role.comment, s.Tenant) != ours {
		statements = append(statements, commentRoleSQL(s.names.Owner, markerOf(s.Tenant)))
	}
	return s.inOne(ctx, append(statements, actAsSQL(s.names.Owner))...)
}

// makeDatabase cannot do all in one transaction: PostgreSQL makes databases outside of any. In between, the
// marked owner says whose it is.
func (s *session) makeDatabase(ctx context.Context) error {
	if s.found.database == nil {
		if err := s.exec(ctx, createDatabaseSQL(s.names)); err != nil {
			return err
		}
	}
	return s.inOne(ctx, append(closeDatabaseSQL(s.names), commentDatabaseSQL(s.names, markerOf(s.Tenant)))...)
}

// makeExtensions works as the owner, for whom trusted extensions are enough.
func (e Engine) makeExtensions(ctx context.Context, s *session) error {
	conn, done, err := e.connect(ctx, s.Request, s.names.Database)
	if err != nil {
		// The server has let the operator in a moment ago. What keeps it out of this database, such as a connection limit
		// that the tenant has set, is no reason to keep off the others.
		return &Problem{Code: Failed, Err: err, Message: fmt.Sprintf(
			"database %q on server %q does not let the operator in: the operator's log says why", s.names.Database, s.Server.Name)}
	}
	defer done()
	// The extension goes where the servers look for it.
	if _, err := conn.Exec(ctx, "SET search_path = public"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, setRoleSQL(s.names.Owner)); err != nil {
		return err
	}
	for _, name := range extensions {
		if _, err := conn.Exec(ctx, createExtensionSQL(name)); err != nil {
			return err
		}
	}
	return nil
}

// endFormerLogins shuts out whoever still holds a credential from before an adoption: a Tenant that went without
// its database, or the person who made the roles.
func (s *session) endFormerLogins(ctx context.Context) error {
	var former []string
	for _, login := range s.names.Logins() {
		if role, exists := s.found.roles[login]; exists && role.canLogin && claimOf(role.comment, s.Tenant) != ours {
			former = append(former, login)
		}
	}
	return s.shutOut(ctx, former...)
}

func (s *session) makeLogin(ctx context.Context, c Credential) error {
	verifier, err := scramVerifier(c.Password)
	if err != nil {
		return err
	}
	login := s.names.Login(c.Serial)
	_, exists := s.found.roles[login]
	mark := markerOf(s.Tenant)
	mark.Serial = c.Serial
	return s.inOne(ctx, loginSQL(s.names, login, exists, verifier, mark)...)
}
