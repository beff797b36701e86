package auth

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

const (
	keyPrefix = "fd_"
	// idLength and secretLength are the sizes of generated keys, in characters. 40 characters of
	// base 62 carry 238 bits.
	idLength     = 12
	secretLength = 40
	// maxKeyLength is the longest input that bcrypt tells apart.
	maxKeyLength = 72
)

const (
	idAlphabet     = "abcdefghijklmnopqrstuvwxyz0123456789"
	secretAlphabet = idAlphabet + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// isID and isSecret say what the parts of a key look like. Every request has one, so no regular expression is asked.
func isID(text string) bool { return consistsOf(text, idAlphabet, 6, 32) }

func isSecret(text string) bool { return consistsOf(text, secretAlphabet+"_-", 16, 64) }

func consistsOf(text, alphabet string, shortest, longest int) bool {
	return len(text) >= shortest && len(text) <= longest && strings.Trim(text, alphabet) == ""
}

// ErrMalformedKey says that a text does not have the form of an API key.
var ErrMalformedKey = errors.New("not an API key: a key looks like fd_<id>_<secret>")

// Key is an API key. Formatting it never shows the secret; Reveal does.
type Key struct{ ID, secret string }

// GenerateKey makes a new random key.
func GenerateKey() (Key, error) {
	id, err := randomText(idAlphabet, idLength)
	if err != nil {
		return Key{}, err
	}
	secret, err := randomText(secretAlphabet, secretLength)
	if err != nil {
		return Key{}, err
	}
	return Key{ID: id, secret: secret}, nil
}

func randomText(alphabet string, length int) (string, error) {
	size := big.NewInt(int64(len(alphabet)))
	out := make([]byte, length)
	for i := range out {
		n, err := rand.Int(rand.Reader, size)
		if err != nil {
			return "", fmt.Errorf("generate key: %w", err)
		}
		out[i] = alphabet[n.Int64()]
	}
	return string(out), nil
}

// ParseKey reads fd_<id>_<secret>. The error is ErrMalformedKey.
func ParseKey(text string) (Key, error) {
	rest, found := strings.CutPrefix(text, keyPrefix)
	if !found || len(text) > maxKeyLength {
		return Key{}, ErrMalformedKey
	}
	id, secret, found := strings.Cut(rest, "_")
	if !found || !isID(id) || !isSecret(secret) {
		return Key{}, ErrMalformedKey
	}
	return Key{ID: id, secret: secret}, nil
}

// Reveal returns the whole key, to be shown once to the person it is for.
func (k Key) Reveal() string { return keyPrefix + k.ID + "_" + k.secret }

// String names the key without its secret.
func (k Key) String() string { return keyPrefix + k.ID + "_…" }

// GoString keeps %#v from showing the secret.
func (k Key) GoString() string { return k.String() }

// LogValue keeps structured logs from showing the secret.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Hash returns the bcrypt hash of the whole key. A cost beyond bcrypt.DefaultCost buys nothing for a
// secret of 238 random bits.
func (k Key) Hash(cost int) (string, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(k.Reveal()), cost)
	if err != nil {
		return "", fmt.Errorf("hash key: %w", err)
	}
	return string(hash), nil
}
