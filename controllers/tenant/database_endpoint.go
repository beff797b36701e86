package tenant

import (
	"net/url"
	"strconv"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/document"
)

// defaultPostgresPort is where a URL without a port leads.
const defaultPostgresPort = 5432

// endpoint is where a tenant's servers connect to.
type endpoint struct {
	// Host is a name or an address.
	host string
	port int32
}

// databaseEndpoints says where the tenant's database is; none for one that is embedded, or not known yet. It
// reads what the servers are given, whoever made it.
func (s *scope) databaseEndpoints() []endpoint {
	raw := s.bundle[string(document.DatabaseURLKey)]
	parsed, err := url.Parse(string(raw))
	if len(raw) == 0 || err != nil || parsed.Hostname() == "" {
		return nil
	}
	port := int64(defaultPostgresPort)
	if text := parsed.Port(); text != "" {
		if port, err = strconv.ParseInt(text, 10, 32); err != nil {
			return nil
		}
	}
	return []endpoint{{host: parsed.Hostname(), port: int32(port)}}
}
