package provision

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// Modes of TLS, as in libpq.
const (
	SSLDisable    = "disable"
	SSLRequire    = "require"
	SSLVerifyFull = "verify-full"
)

const (
	defaultPort        = 5432
	defaultMaintenance = "postgres"
	// anyNamespace in AllowedNamespaces opens a server to all.
	anyNamespace = "*"
	// minRotation keeps a slip of the pen, such as 720s, from rotating all day.
	minRotation = time.Hour
)

// Server is a PostgreSQL server on which the operator may make databases.
type Server struct {
	// Name is what Tenants say.
	Name string `json:"name"`
	// Host and Port are where the operator connects. It needs sessions: no pooler in transaction mode.
	Host string `json:"host"`
	Port int    `json:"port,omitempty"`
	// Database is the one that the operator connects to first, to make the one that it works from. Default: postgres.
	Database string `json:"database,omitempty"`
	// SSLMode is disable, require or verify-full, the default.
	SSLMode string `json:"sslMode,omitempty"`
	// CACertificate is PEM that verify-full trusts instead of the system's authorities.
	CACertificate string `json:"caCertificate,omitempty"`
	// AdminSecret is a Secret in the operator's namespace.
	AdminSecret AdminSecret `json:"adminSecret"`
	// AllowedNamespaces are those whose Tenants may name the server; "*" means all.
	AllowedNamespaces []string `json:"allowedNamespaces"`
	// TenantHost and TenantPort are where the tenants' servers connect. Default: Host and Port.
	TenantHost string `json:"tenantHost,omitempty"`
	TenantPort int    `json:"tenantPort,omitempty"`
	// PasswordRotation is how long a password is in use, in Go's notation; 0s means until it is asked for. Default: 720h.
	PasswordRotation string `json:"passwordRotation,omitempty"`
	// Prefix starts the names of what is made. Clusters that share a server need different ones. Default: fd.
	Prefix string `json:"prefix,omitempty"`

	rotation time.Duration
}

// AdminSecret holds a role that may create databases and roles.
type AdminSecret struct {
	Name string `json:"name"`
	// UsernameKey and PasswordKey are its entries. Default: username and password.
	UsernameKey string `json:"usernameKey,omitempty"`
	PasswordKey string `json:"passwordKey,omitempty"`
}

// Rotation is how long a password is in use; 0 means until a rotation is asked for.
func (s Server) Rotation() time.Duration { return s.rotation }

// Servers are all that the platform defined.
type Servers []Server

// ReadServers reads a file with a list of servers in YAML, fills in the defaults and reports everything that is
// wrong with it. An empty path means that there are none.
func ReadServers(path string) (Servers, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // named on the operator's own command line
	if err != nil {
		return nil, fmt.Errorf("read the database servers: %w", err)
	}
	servers, err := ParseServers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return servers, nil
}

// ParseServers is ReadServers for content.
func ParseServers(data []byte) (Servers, error) {
	var servers Servers
	if err := yaml.UnmarshalStrict(data, &servers); err != nil {
		return nil, fmt.Errorf("databaseServers: %w", err)
	}
	var faults []error
	seen := map[string]bool{}
	for i := range servers {
		s := &servers[i]
		refuse := func(field, format string, args ...any) {
			faults = append(faults, fmt.Errorf("databaseServers[%d] %q: %s %s", i, s.Name, field, fmt.Sprintf(format, args...)))
		}
		s.setDefaults()
		s.validate(refuse)
		if seen[s.Name] {
			refuse("name", "is taken by a server before it: names are unique")
		}
		seen[s.Name] = true
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return servers, nil
}

func (s *Server) setDefaults() {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	if s.Port == 0 {
		s.Port = defaultPort
	}
	if s.TenantPort == 0 {
		s.TenantPort = s.Port
	}
	fill(&s.TenantHost, s.Host)
	fill(&s.Database, defaultMaintenance)
	fill(&s.SSLMode, SSLVerifyFull)
	fill(&s.AdminSecret.UsernameKey, "username")
	fill(&s.AdminSecret.PasswordKey, "password")
	fill(&s.PasswordRotation, "720h")
	fill(&s.Prefix, DefaultPrefix)
}

var (
	// namePattern is that of spec.database.postgres.server.
	namePattern   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	prefixPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,15}$`)
	hostPattern   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$`)
)

// validate is called with a function that takes the field and what is wrong with it.
func (s *Server) validate(refuse func(field, format string, args ...any)) {
	if !namePattern.MatchString(s.Name) {
		refuse("name", "is %q: use lower-case letters, digits and dashes, at most 63", s.Name)
	}
	s.validateAddresses(refuse)
	s.validateTLS(refuse)
	if s.AdminSecret.Name == "" {
		refuse("adminSecret.name", "is missing: name the Secret in the operator's namespace that holds the administrator's role")
	}
	if len(s.AllowedNamespaces) == 0 {
		refuse("allowedNamespaces", `is empty, so that nobody could use the server: list namespaces, or "*" for all`)
	}
	if !prefixPattern.MatchString(s.Prefix) {
		refuse("prefix", "is %q: use at most 16 lower-case letters, digits and underscores, with a letter first", s.Prefix)
	}
	var err error
	if s.rotation, err = time.ParseDuration(s.PasswordRotation); err != nil || (s.rotation != 0 && s.rotation < minRotation) {
		refuse("passwordRotation", "is %q: give a duration of an hour or more such as 720h, or 0s for none", s.PasswordRotation)
	}
}

func (s *Server) validateAddresses(refuse func(field, format string, args ...any)) {
	for _, host := range []struct{ field, value string }{{"host", s.Host}, {"tenantHost", s.TenantHost}} {
		if !hostPattern.MatchString(host.value) && net.ParseIP(host.value) == nil {
			refuse(host.field, "is %q: give one host name or address, without a port", host.value)
		}
	}
	for _, port := range []struct {
		field string
		value int
	}{{"port", s.Port}, {"tenantPort", s.TenantPort}} {
		if port.value < 1 || port.value > 65535 {
			refuse(port.field, "is %d: a port is from 1 to 65535", port.value)
		}
	}
}

func (s *Server) validateTLS(refuse func(field, format string, args ...any)) {
	if !slices.Contains([]string{SSLDisable, SSLRequire, SSLVerifyFull}, s.SSLMode) {
		refuse("sslMode", "is %q: use %s, %s or %s", s.SSLMode, SSLDisable, SSLRequire, SSLVerifyFull)
	}
	if s.CACertificate != "" && s.SSLMode != SSLVerifyFull {
		refuse("caCertificate", "has no effect with sslMode %s: use %s", s.SSLMode, SSLVerifyFull)
	}
	if s.CACertificate != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CACertificate)) {
		refuse("caCertificate", "holds no certificate in PEM")
	}
}

// For returns the server of a name for a Tenant of a namespace.
func (servers Servers) For(name, namespace string) (Server, *Problem) {
	server, problem := servers.Find(name)
	switch {
	case problem != nil:
		problem.Message += fmt.Sprintf("; open to namespace %s: %s", namespace, servers.openTo(namespace))
		return Server{}, problem
	case !server.Allows(namespace):
		return Server{}, &Problem{Code: ServerNotAllowed, Message: fmt.Sprintf(
			"database server %q is not open to namespace %s: ask the platform team to add it to the server's allowedNamespaces", name, namespace)}
	}
	return server, nil
}

// Find returns the server of a name, whoever may use it: what was made on it once can be ended by every tenant.
func (servers Servers) Find(name string) (Server, *Problem) {
	i := slices.IndexFunc(servers, func(s Server) bool { return s.Name == name })
	if i < 0 {
		return Server{}, &Problem{Code: ServerUnknown, Message: fmt.Sprintf(
			"the platform defines no database server %q: ask the platform team to add it to databaseServers", name)}
	}
	return servers[i], nil
}

// Allows says whether Tenants of a namespace may use the server.
func (s Server) Allows(namespace string) bool {
	return slices.Contains(s.AllowedNamespaces, anyNamespace) || slices.Contains(s.AllowedNamespaces, namespace)
}

// openTo lists the servers that a namespace may use, and no others: their names are none of its business.
func (servers Servers) openTo(namespace string) string {
	var names []string
	for _, s := range servers {
		if s.Allows(namespace) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
