package provision

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// Code says what kind of problem there is, as one word.
type Code string

// The codes.
const (
	// ServerUnknown: no server of that name is defined.
	ServerUnknown Code = "ServerUnknown"
	// ServerNotAllowed: the server is not open to the tenant's namespace.
	ServerNotAllowed Code = "ServerNotAllowed"
	// ServerUnavailable: the server does not answer now.
	ServerUnavailable Code = "ServerUnavailable"
	// ServerRefuses: the server does not let the operator in.
	ServerRefuses Code = "ServerRefuses"
	// RightsMissing: the operator's role may not do what it has to.
	RightsMissing Code = "RightsMissing"
	// AdoptionRequired: there is data under the tenant's name that was not made for it.
	AdoptionRequired Code = "AdoptionRequired"
	// Foreign: what is there under the tenant's name cannot be taken over.
	Foreign Code = "Foreign"
	// Missing: the database was there and is gone.
	Missing Code = "Missing"
	// Working: it goes on by itself.
	Working Code = "Working"
	// Failed: something else.
	Failed Code = "Failed"
)

// Problem is why a database cannot be had now. Its text is for the tenant's owner: it names the server as the
// platform does, and holds no address, user or password.
type Problem struct {
	Code    Code
	Message string
	// Err is what happened, for the operator's log. It may name addresses and users, never passwords.
	Err error
}

func (p *Problem) Error() string { return p.Message }

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// Stalled says that trying again does not help: somebody has to change something.
func (p *Problem) Stalled() bool {
	switch p.Code {
	case ServerUnknown, ServerNotAllowed, AdoptionRequired, Foreign, Missing:
		return true
	default:
		return false
	}
}

// away says that the server as a whole is the problem, so that nobody else needs to try it just now.
func (p *Problem) away() bool { return p.Code == ServerUnavailable || p.Code == ServerRefuses }

// States of SQL (PostgreSQL documentation, appendix A).
const (
	stateInsufficientPrivilege = "42501"
	stateInvalidPassword       = "28P01"
	stateInvalidAuthorization  = "28000"
	stateTooManyConnections    = "53300"
	stateCannotConnectNow      = "57P03"
	stateAdminShutdown         = "57P01"
	stateCrashShutdown         = "57P02"
	stateExtensionMissing      = "0A000"
	stateExtensionFileMissing  = "58P01"
	stateDependentObjects      = "2BP01"
	stateLockNotAvailable      = "55P03"
	stateNoSuchDatabase        = "3D000"
	stateNotReady              = "55000"
	stateWrongObjectType       = "42809"
)

// stateOf is the state that an error carries; empty when the server has not answered with one.
func stateOf(err error) string {
	if pg, isAnswer := errors.AsType[*pgconn.PgError](err); isAnswer {
		return pg.Code
	}
	return ""
}

// problemOf puts an error into words that are the same each time and give nothing away.
func problemOf(server string, err error) *Problem {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem
	}
	say := func(code Code, format string, args ...any) *Problem {
		return &Problem{Code: code, Message: fmt.Sprintf("database server %q ", server) + fmt.Sprintf(format, args...), Err: err}
	}
	pg, isAnswer := errors.AsType[*pgconn.PgError](err)
	if !isAnswer {
		if why := unreachable(err); why != "" {
			return say(ServerUnavailable, "cannot be reached: %s", why)
		}
		return say(Failed, "was asked in vain: the operator's log says why")
	}
	switch pg.Code {
	case stateInvalidPassword, stateInvalidAuthorization:
		return say(ServerRefuses, "does not accept the operator's credential: the platform team has to mend it")
	case stateInsufficientPrivilege:
		return say(RightsMissing, "does not let the operator do its work: its role needs CREATEDB and CREATEROLE")
	case stateLockNotAvailable:
		return say(Working, "is busy: somebody else is at work on this database")
	case stateTooManyConnections, stateCannotConnectNow, stateAdminShutdown, stateCrashShutdown:
		return say(ServerUnavailable, "takes no connection now (SQLSTATE %s)", pg.Code)
	case stateExtensionMissing, stateExtensionFileMissing:
		return say(Failed, "lacks something that the schema needs, such as the extension btree_gist (SQLSTATE %s)", pg.Code)
	default:
		return say(Failed, "refused a statement (SQLSTATE %s): the operator's log says why", pg.Code)
	}
}

// unreachable names the kind of a failure to connect, and "" for what is none.
func unreachable(err error) string {
	var (
		dns       *net.DNSError
		unknown   x509.UnknownAuthorityError
		wrongName x509.HostnameError
		invalid   *tls.CertificateVerificationError
		network   net.Error
		connect   *pgconn.ConnectError
	)
	switch {
	case errors.As(err, &dns):
		return "its name is not known"
	case errors.As(err, &unknown), errors.As(err, &wrongName), errors.As(err, &invalid):
		return "its certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	case errors.As(err, &connect), errors.As(err, &network), pgconn.SafeToRetry(err), isCut(err):
		return "the connection broke"
	default:
		return ""
	}
}

// isCut recognises a connection that ended in the middle of an exchange.
func isCut(err error) bool {
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}
