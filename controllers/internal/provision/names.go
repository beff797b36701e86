package provision

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// maxIdentifier is how many bytes of a name PostgreSQL keeps (NAMEDATALEN - 1); it cuts off the rest.
const maxIdentifier = 63

// hashLength, in characters of base32, is 80 bits.
const hashLength = 16

// DefaultPrefix starts the names on a server that does not say otherwise.
const DefaultPrefix = "fd"

// Identity says for which Tenant something is made. The UID tells it from others that had its name.
type Identity struct{ Namespace, Name, UID string }

// Names are what a tenant has on a server.
type Names struct {
	// Database and Owner are the same word: a database and a role may share one.
	Database, Owner string
}

// NamesOf derives the names: a prefix, as much of namespace and name as fits, for people, and a hash of
// both, which alone keeps tenants apart.
func NamesOf(prefix string, tenant Identity) Names {
	sum := sha256.Sum256([]byte(tenant.Namespace + "/" + tenant.Name)) // no name holds a slash
	hash := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:hashLength])
	readable := strings.ReplaceAll(tenant.Namespace+"_"+tenant.Name, "-", "_")
	readable = strings.ReplaceAll(readable, ".", "_")
	room := maxIdentifier - len(prefix) - len(hash) - len("__") - len(loginSuffix(1))
	name := prefix + "_" + readable[:min(len(readable), room)] + "_" + hash
	return Names{Database: name, Owner: name}
}

// lockDatabase is the operators' own database, and the role that owns it. No tenant's name is it: those end in a hash.
func lockDatabase(prefix string) Names {
	name := prefix + "_locks"
	return Names{Database: name, Owner: name}
}

// Login is the role that logs in with the password of a serial: they take turns.
func (n Names) Login(serial int) string { return n.Owner + loginSuffix(serial) }

// Logins are both of them.
func (n Names) Logins() []string { return []string{n.Login(1), n.Login(2)} }

func loginSuffix(serial int) string {
	if serial%2 == 0 {
		return "_b"
	}
	return "_a"
}

// lockKey is the advisory lock under which one operator at a time works on a tenant's database.
func (n Names) lockKey() int64 {
	sum := sha256.Sum256([]byte("frontdesk.dev/provision/" + n.Database))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
