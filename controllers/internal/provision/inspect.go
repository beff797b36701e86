package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// found is what is on a server under a tenant's names.
type found struct {
	roles map[string]foundRole
	// database is nil when there is none.
	database *foundDatabase
}

type foundRole struct {
	canLogin bool
	comment  string
}

type foundDatabase struct{ owner, comment string }

func inspect(ctx context.Context, conn *pgx.Conn, n Names) (found, error) {
	f := found{roles: map[string]foundRole{}}
	rows, err := conn.Query(ctx, rolesSQL, append(n.Logins(), n.Owner))
	if err != nil {
		return f, err
	}
	var name string
	var role foundRole
	if _, err := pgx.ForEachRow(rows, []any{&name, &role.canLogin, &role.comment}, func() error {
		f.roles[name] = role
		return nil
	}); err != nil {
		return f, err
	}
	var database foundDatabase
	switch err := conn.QueryRow(ctx, databaseSQL, n.Database).Scan(&database.owner, &database.comment); {
	case err == nil:
		f.database = &database
	case !errors.Is(err, pgx.ErrNoRows):
		return f, err
	}
	return f, nil
}

// judge says whether what is there may be used for the tenant: nil, or why not. Whose a database is its owner role says,
// whose comment only an administrator can write. The comment of the database itself is in the hands of whoever has the
// tenant's login, and counts only where it can do no more than make us careful.
func (f found) judge(n Names, r Request) *Problem {
	role, hasOwner := f.roles[n.Owner]
	ownerClaim := claimOf(role.comment, r.Tenant)
	data := f.database
	if data == nil {
		// Roles without a database hold no data. Those of a former tenant of this name may be used again.
		if hasOwner && (ownerClaim == othersClaim || (ownerClaim == unmarked && !r.Adopt)) {
			return r.foreign(fmt.Sprintf("role %q exists and was not made by Frontdesk for this tenant", n.Owner))
		}
		return f.judgeLogins(n, r)
	}
	switch {
	case data.owner != n.Owner:
		return r.foreign(fmt.Sprintf("database %q exists and belongs to another role: hand it over with ALTER DATABASE … OWNER TO, rename it, or drop it", n.Database))
	case ownerClaim == othersClaim || (ownerClaim == unmarked && claimOf(data.comment, r.Tenant) == othersClaim):
		return r.foreign(fmt.Sprintf("database %q was made for another tenant", n.Database))
	case ownerClaim != ours && !r.Adopt:
		return &Problem{Code: AdoptionRequired, Message: fmt.Sprintf(
			"database %q on server %q exists already and may hold the data of a former tenant of this name: set spec.database.adopt to true to take it over, or have it dropped to start empty",
			n.Database, r.Server.Name)}
	}
	return f.judgeLogins(n, r)
}

// judgeLogins: a login role that nobody marked could be anybody's, and would be given the tenant's data.
func (f found) judgeLogins(n Names, r Request) *Problem {
	for _, login := range n.Logins() {
		role, exists := f.roles[login]
		if !exists {
			continue
		}
		if c := claimOf(role.comment, r.Tenant); c == othersClaim || (c == unmarked && !r.Adopt) {
			return r.foreign(fmt.Sprintf("role %q exists and was not made by Frontdesk for this tenant", login))
		}
	}
	return nil
}

// newest is the highest serial that a login of this very tenant has, or 0.
func (f found) newest(n Names, tenant Identity) int {
	newest := 0
	for _, login := range n.Logins() {
		if m, isMarker := parseMarker(f.roles[login].comment); isMarker && m.UID == tenant.UID {
			newest = max(newest, m.Serial)
		}
	}
	return newest
}

func (r Request) foreign(what string) *Problem {
	return &Problem{Code: Foreign, Message: fmt.Sprintf("database server %q: %s; it is left alone", r.Server.Name, what)}
}
