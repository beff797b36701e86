package tenantconfig

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DocumentKey is the bundle's key that holds the Document as YAML.
const DocumentKey = "tenant.yaml"

// Bundle is everything a server is configured with: tenant.yaml and the secret values it names.
type Bundle map[string][]byte

// maxFileSize bounds one file of a bundle. A Kubernetes Secret holds at most 1 MiB in all.
const maxFileSize = 1 << 20

// currentLink is where kubelet keeps the present content of a mounted Secret: every file is a symbolic
// link through it, and an update swaps this one link.
const currentLink = "..data"

// ReadBundle reads the regular files of a folder (not its subfolders). Names that start with a dot
// are passed over: in a mounted Secret they are kubelet's own bookkeeping. Of a mounted Secret it reads
// one revision, also while kubelet swaps it; when that removes files under its hands, the error is
// fs.ErrNotExist and the caller reads again.
func ReadBundle(folder string) (Bundle, error) {
	if current, err := filepath.EvalSymlinks(filepath.Join(folder, currentLink)); err == nil {
		folder = current
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read configuration folder: %w", err)
	}
	bundle := Bundle{}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path) // follows symbolic links
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		if !info.Mode().IsRegular() {
			continue
		}
		if info.Size() > maxFileSize {
			return nil, fmt.Errorf("read configuration: %s is larger than %d bytes", path, maxFileSize)
		}
		//nolint:gosec // the folder is the server's own configuration
		if bundle[entry.Name()], err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
	}
	if _, found := bundle[DocumentKey]; !found {
		return nil, fmt.Errorf("read configuration: %w", &fs.PathError{Op: "open", Path: filepath.Join(folder, DocumentKey), Err: fs.ErrNotExist})
	}
	return bundle, nil
}

// Revision is the digest that names this exact content: 32 hexadecimal digits of the SHA-256 over
// every key and value in key order, each preceded by its length as a big-endian uint64.
func (b Bundle) Revision() string {
	hash := sha256.New()
	write := func(data []byte) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(data)))
		hash.Write(length[:])
		hash.Write(data)
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		write([]byte(key))
		write(b[key])
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// Secret returns the value of a key that the document names, without surrounding white space.
func (b Bundle) Secret(key SecretKey) (string, error) {
	value, found := b[string(key)]
	if !found {
		return "", fmt.Errorf("the configuration has no key %q", key)
	}
	return strings.TrimSpace(string(value)), nil
}

// Document parses and validates tenant.yaml, and checks that every secret it names is there.
func (b Bundle) Document() (*Document, error) {
	doc, err := Parse(b[DocumentKey])
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(); err != nil {
		return nil, err
	}
	var missing []error
	for _, key := range doc.SecretKeys() {
		if _, err := b.Secret(key); err != nil {
			missing = append(missing, err)
		}
	}
	return doc, errors.Join(missing...)
}

// SecretKeys lists the keys that the document names, sorted, each once.
func (d *Document) SecretKeys() []SecretKey {
	var keys []SecretKey
	for _, key := range []SecretKey{d.Database.URLKey, d.Cache.RedisURLKey, d.Access.SessionKey, d.Access.StatusTokenKey} {
		if key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
