package server

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/crypto/bcrypt"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	keyFile     = "api-key.json"
	sessionFile = "session.key"
)

// dataFolder is where a server keeps what is its own: an embedded database and, when no operator gives it any,
// an API key's hash and the secret of its sessions.
type dataFolder struct{ path string }

func openDataFolder(path string) (*dataFolder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("prepare data folder: %w", err)
	}
	return &dataFolder{path: path}, nil
}

// resolve returns a path as it is, or inside the folder when it is relative.
func (f *dataFolder) resolve(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(f.path, path)
}

// key returns the API key that this data folder was given on first start. The first time, it makes one, shows
// it, and keeps only its hash.
func (f *dataFolder) key(announce io.Writer, address net.Addr) (tenantconfig.APIKey, error) {
	path := filepath.Join(f.path, keyFile)
	var stored tenantconfig.APIKey
	data, err := os.ReadFile(path) //nolint:gosec // in the data folder that we were started with
	if err == nil {
		if err := json.Unmarshal(data, &stored); err != nil {
			return stored, fmt.Errorf("%s is damaged: remove it to get a new API key: %w", path, err)
		}
		return stored, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return stored, fmt.Errorf("read API key: %w", err)
	}
	generated, err := auth.GenerateKey()
	if err != nil {
		return stored, err
	}
	hash, err := generated.Hash(bcrypt.DefaultCost)
	if err != nil {
		return stored, err
	}
	stored = tenantconfig.APIKey{ID: generated.ID, Hash: hash, Name: "first start", Scopes: []string{string(auth.ScopeAdmin)}}
	if data, err = json.MarshalIndent(stored, "", "  "); err != nil {
		return stored, fmt.Errorf("keep API key: %w", err)
	}
	if err := writeFile(path, data); err != nil {
		return stored, fmt.Errorf("keep API key: %w", err)
	}
	_, err = fmt.Fprintf(announce, "\n  API key (shown only now):  %s\n  Dashboard:                 http://%s/dashboard\n  API description:           http://%s/docs\n"+
		"  Lost the key? Remove %s and start again.\n\n", generated.Reveal(), local(address), local(address), path)
	return stored, err
}

// local is the address as one types it on this machine.
func local(address net.Addr) string {
	host, port, err := net.SplitHostPort(address.String())
	if err != nil {
		return address.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// sessionSecret returns the bytes that sign sessions, making them the first time.
func (f *dataFolder) sessionSecret() ([]byte, error) {
	path := filepath.Join(f.path, sessionFile)
	secret, err := os.ReadFile(path) //nolint:gosec // in the data folder that we were started with
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return secret, err
	}
	secret = []byte(rand.Text() + rand.Text())
	if err := writeFile(path, secret); err != nil {
		return nil, fmt.Errorf("keep session secret: %w", err)
	}
	return secret, nil
}

// writeFile writes a file for this user only, whole or not at all.
func writeFile(path string, data []byte) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
