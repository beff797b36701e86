package provision

import "context"

// Retire ends the login of a former serial once nobody is connected with it any more. force ends the
// connections that are left. A role that has a newer password by now is left alone.
func (e Engine) Retire(ctx context.Context, r Request, serial int, force bool) *Problem {
	return e.with(ctx, r, func(ctx context.Context, s *session) error {
		login := s.names.Login(serial)
		role, exists := s.found.roles[login]
		m, isMarker := parseMarker(role.comment)
		if !exists || !isMarker || m.UID != r.Tenant.UID || m.Serial > serial {
			return nil
		}
		var sessions int
		if err := s.conn.QueryRow(ctx, sessionsSQL, login).Scan(&sessions); err != nil {
			return err
		}
		if sessions > 0 && !force {
			// Without their number: each new one would be news, and a write of the tenant's status.
			return &Problem{Code: Working, Message: "the former password is still in use, and is kept until the last connection with it ends"}
		}
		if sessions == 0 {
			return s.exec(ctx, endLoginSQL(login))
		}
		return s.shutOut(ctx, login)
	})
}

// Release keeps database and owner role, ends all logins and marks what is kept, so that a later Tenant of that
// name can adopt it. What is not this Tenant's is left alone, which is no problem.
func (e Engine) Release(ctx context.Context, r Request) *Problem {
	return e.with(ctx, r, func(ctx context.Context, s *session) error {
		if !s.mine() {
			return nil
		}
		logins := s.logins()
		if err := s.shutOut(ctx, logins...); err != nil {
			return err
		}
		if err := s.dropLogins(ctx, logins); err != nil {
			return err
		}
		return s.markRetained(ctx)
	})
}

// markRetained says of what is kept that its Tenant is gone.
func (s *session) markRetained(ctx context.Context) error {
	mark := markerOf(s.Tenant)
	mark.Retained = true
	statements := []string{commentRoleSQL(s.names.Owner, mark)}
	if s.found.database != nil {
		statements = append(statements, commentDatabaseSQL(s.names, mark))
	}
	return s.inOne(ctx, statements...)
}

// Drop removes database and roles, and with them all data. What is not this Tenant's is left alone,
// which is no problem. Nothing that a tenant has done with its login keeps the data.
func (e Engine) Drop(ctx context.Context, r Request) *Problem {
	return e.with(ctx, r, func(ctx context.Context, s *session) error {
		if !s.mine() {
			return nil
		}
		logins := s.logins()
		if err := s.shutOut(ctx, logins...); err != nil {
			return err
		}
		// The owner role goes last: it is what says whose the rest is.
		if s.found.database != nil {
			if err := s.dropDatabase(ctx); err != nil {
				return err
			}
		}
		if err := s.dropLogins(ctx, logins); err != nil {
			return err
		}
		err := s.exec(ctx, dropRoleSQL(s.names.Owner))
		if hasDependents(err) {
			return s.markRetained(ctx)
		}
		return err
	})
}

func (s *session) dropDatabase(ctx context.Context) error {
	err := s.exec(ctx, actAsSQL(s.names.Owner), dropDatabaseSQL(s.names))
	if stateOf(err) == stateWrongObjectType {
		err = s.exec(ctx, noTemplateSQL(s.names), dropDatabaseSQL(s.names))
	}
	if err == nil {
		s.found.database = nil
	}
	return err
}

// mine says that what is there was made for this very Tenant, and is in nobody else's hands. The comment of the database
// is not asked: the tenant itself can write it, and would outlive its deletion.
func (s *session) mine() bool {
	role, exists := s.found.roles[s.names.Owner]
	if !exists || claimOf(role.comment, s.Tenant) != ours {
		return false
	}
	return s.found.database == nil || s.found.database.owner == s.names.Owner
}

// logins are those that were made for this very Tenant.
func (s *session) logins() []string {
	var logins []string
	for _, login := range s.names.Logins() {
		role, exists := s.found.roles[login]
		if exists && claimOf(role.comment, s.Tenant) == ours {
			logins = append(logins, login)
		}
	}
	return logins
}

// shutOut ends logins and their sessions. Those that are open go first: one could hold a lock on what is changed here, on its own
// role by setting its password or on the database by a comment. Then those go that have come in between.
func (s *session) shutOut(ctx context.Context, logins ...string) error {
	if len(logins) == 0 {
		return nil
	}
	if _, err := s.conn.Exec(ctx, endThemSQL, logins); err != nil {
		return err
	}
	for _, login := range logins {
		if err := s.exec(ctx, endLoginSQL(login)); err != nil {
			return err
		}
	}
	_, err := s.conn.Exec(ctx, endThemSQL, logins)
	return err
}

// dropLogins is for logins that were shut out.
func (s *session) dropLogins(ctx context.Context, logins []string) error {
	for _, login := range logins {
		if err := s.exec(ctx, dropRoleSQL(login)); err != nil && !hasDependents(err) {
			return err
		}
	}
	return nil
}

// hasDependents says that a role was not dropped because it owns something elsewhere, such as a large object that its tenant has made
// in a database that is open to everybody. It is not ours to remove: the role stays, and cannot log in.
func hasDependents(err error) bool { return stateOf(err) == stateDependentObjects }
