package provision

import (
	"net"
	"net/url"
	"strconv"
	"time"
)

// Credential is how a tenant's servers log in, and where its rotation stands.
type Credential struct {
	// Serial counts the passwords; the login role follows from it.
	Serial   int
	Password string
	// RotatedAt is when this password came into use.
	RotatedAt time.Time
	// Retired is the serial up to which former passwords no longer work.
	Retired int
	// Request is the last wish for a rotation that was honoured.
	Request string
}

// Retiring is the serial of the former password that may still be in use, or 0.
func (c Credential) Retiring() int {
	if former := c.Serial - 1; former > c.Retired {
		return former
	}
	return 0
}

// URL is what a tenant's server connects to. caFile is where that server finds Server.CACertificate.
func (s Server) URL(tenant Identity, c Credential, caFile string) string {
	names := NamesOf(s.Prefix, tenant)
	query := url.Values{"sslmode": {s.SSLMode}}
	if s.CACertificate != "" {
		query.Set("sslrootcert", caFile)
	}
	return (&url.URL{
		Scheme: "postgres", User: url.UserPassword(names.Login(c.Serial), c.Password),
		Host: net.JoinHostPort(s.TenantHost, strconv.Itoa(s.TenantPort)), Path: "/" + names.Database, RawQuery: query.Encode(),
	}).String()
}
