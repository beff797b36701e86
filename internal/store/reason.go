package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
)

// reasons are what some SQLSTATEs and classes of them mean, from PostgreSQL's appendix "Error Codes". The longest prefix
// that is here counts.
var reasons = map[string]string{
	"28":    "it refuses the user or the password",
	"3D000": "the database does not exist there",
	"42501": "the user lacks a right that is needed",
	"53300": "it takes no more connections",
	"53":    "it has run out of memory, space or connections",
	"57P":   "it is starting up or shutting down",
}

// Reason says for people outside why a database cannot be opened or does not answer. Texts of drivers and of the network
// name hosts, users and databases, and are for the log only; what this package's own stores say is not changed.
func Reason(err error) string {
	if answered, ok := errors.AsType[*pgconn.PgError](err); ok {
		for length := len(answered.Code); length > 1; length-- {
			if reason, known := reasons[answered.Code[:length]]; known {
				return fmt.Sprintf("%s (SQLSTATE %s)", reason, answered.Code)
			}
		}
		return "it answers with an error (SQLSTATE " + answered.Code + ")"
	}
	if reason := networkReason(err); reason != "" {
		return reason
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return "no connection can be made"
	}
	return err.Error()
}

// networkReason says what the network has against it; "" when it is not the network.
func networkReason(err error) string {
	_, unresolved := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	failed, network := errors.AsType[*net.OpError](err) // not net.Error, which every syscall.Errno is
	switch {
	case unresolved:
		return "the name of its host cannot be resolved"
	case untrusted:
		return "its TLS certificate is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens at its address"
	case errors.Is(err, context.DeadlineExceeded), network && failed.Timeout():
		return "it does not answer in time"
	case network, strings.Contains(err.Error(), "conn closed"):
		return "the connection to it broke"
	}
	return ""
}
