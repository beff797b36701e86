package provision

import (
	"strings"

	"github.com/jackc/pgx/v5"
)

// These build statements that take no parameters. Every name is quoted as an identifier and every text as a literal.

func ident(name string) string { return pgx.Identifier{name}.Sanitize() }

// literal is for text without backslashes, which a marker or verifier never has; with one, the E form keeps
// the meaning whatever standard_conforming_strings says.
func literal(text string) string {
	text = strings.ReplaceAll(text, "'", "''")
	if strings.Contains(text, `\`) {
		return " E'" + strings.ReplaceAll(text, `\`, `\\`) + "'"
	}
	return "'" + text + "'"
}

func createOwnerSQL(n Names) string { return "CREATE ROLE " + ident(n.Owner) + " NOLOGIN" }

// commentSQL is for a ROLE or a DATABASE.
func commentSQL(kind, name, comment string) string {
	return "COMMENT ON " + kind + " " + ident(name) + " IS " + literal(comment)
}

func commentRoleSQL(role string, m marker) string { return commentSQL("ROLE", role, m.String()) }

// actAsSQL lets the administrator act as the role, which one that is no superuser needs to give it a
// database, and to drop that one again.
func actAsSQL(role string) string { return "GRANT " + ident(role) + " TO CURRENT_USER" }

// createDatabaseSQL copies template0, which nobody can have added anything to.
func createDatabaseSQL(n Names) string {
	return "CREATE DATABASE " + ident(n.Database) + " OWNER " + ident(n.Owner) + " TEMPLATE template0 ENCODING 'UTF8'"
}

func commentDatabaseSQL(n Names, m marker) string {
	return commentSQL("DATABASE", n.Database, m.String())
}

// closeDatabaseSQL: by default everybody may connect to every database.
func closeDatabaseSQL(n Names) []string {
	return []string{
		"REVOKE ALL ON DATABASE " + ident(n.Database) + " FROM PUBLIC",
		"GRANT CONNECT, TEMPORARY, CREATE ON DATABASE " + ident(n.Database) + " TO " + ident(n.Owner),
	}
}

func openDatabaseSQL(n Names) string {
	return "ALTER DATABASE " + ident(n.Database) + " ALLOW_CONNECTIONS true"
}

// extensions are those that the server's migrations create when they are missing.
var extensions = []string{"btree_gist"}

func createExtensionSQL(name string) string { return "CREATE EXTENSION IF NOT EXISTS " + ident(name) }

func setRoleSQL(role string) string { return "SET ROLE " + ident(role) }

// loginSQL gives a login role its password and makes its sessions act as the owner, so that whatever a
// server creates belongs to the owner and not to one of two logins.
func loginSQL(n Names, login string, exists bool, verifier string, m marker) []string {
	verb := "CREATE ROLE "
	if exists {
		verb = "ALTER ROLE "
	}
	return []string{
		verb + ident(login) + " LOGIN INHERIT PASSWORD " + literal(verifier),
		commentRoleSQL(login, m),
		actAsSQL(login),
		"GRANT " + ident(n.Owner) + " TO " + ident(login),
		"ALTER ROLE " + ident(login) + " IN DATABASE " + ident(n.Database) + " SET role = " + literal(n.Owner),
	}
}

func endLoginSQL(login string) string { return "ALTER ROLE " + ident(login) + " NOLOGIN PASSWORD NULL" }

func dropRoleSQL(role string) string { return "DROP ROLE IF EXISTS " + ident(role) }

// noTemplateSQL is for a database that its owner has made a template, which cannot be dropped.
func noTemplateSQL(n Names) string {
	return "ALTER DATABASE " + ident(n.Database) + " IS_TEMPLATE false"
}

// dropDatabaseSQL ends the sessions that are left.
func dropDatabaseSQL(n Names) string {
	return "DROP DATABASE IF EXISTS " + ident(n.Database) + " WITH (FORCE)"
}

// Statements with parameters.
const (
	// lockSQL waits as long as lock_timeout says.
	lockSQL  = `SELECT pg_advisory_lock($1)`
	rolesSQL = `
		SELECT rolname, rolcanlogin, coalesce(shobj_description(oid, 'pg_authid'), '')
		FROM pg_roles WHERE rolname = ANY($1)`
	databaseSQL = `
		SELECT pg_get_userbyid(datdba), coalesce(shobj_description(oid, 'pg_database'), '')
		FROM pg_database WHERE datname = $1`
	sessionsSQL = `SELECT count(*) FROM pg_stat_activity WHERE usename = $1`
	endThemSQL  = `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = ANY($1)`
)
