package tenant

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

// Entries of the API key Secret.
const (
	apiKeyEntry  = "key"
	apiHashEntry = "hash"
)

const apiKeyIDLength = 12

// apiKeyPattern is fd_<id>_<secret>; the secret has no underscore, so that the parts are clear.
var apiKeyPattern = regexp.MustCompile(`^fd_([a-z0-9]{6,32})_([A-Za-z0-9-]{32,})$`)

// apiKey is the key that is made for every tenant, and its verifier.
type apiKey struct{ key, hash string }

func (k apiKey) id() string {
	if parts := apiKeyPattern.FindStringSubmatch(k.key); parts != nil {
		return parts[1]
	}
	return ""
}

func (k apiKey) data() map[string][]byte {
	return map[string][]byte{apiKeyEntry: []byte(k.key), apiHashEntry: []byte(k.hash)}
}

// newAPIKey makes a key of 260 random bits. It stays below the 72 bytes that bcrypt looks at. The least cost is
// enough: it slows down those who guess, and nobody guesses a random key, while the greater ones of passwords
// take a thousand new tenants a minute of processor time.
func newAPIKey() (apiKey, error) {
	key := fmt.Sprintf("fd_%s_%s%s", strings.ToLower(rand.Text()[:apiKeyIDLength]), rand.Text(), rand.Text())
	hash, err := bcrypt.GenerateFromPassword([]byte(key), bcrypt.MinCost)
	if err != nil {
		return apiKey{}, fmt.Errorf("make an API key: %w", err)
	}
	return apiKey{key: key, hash: string(hash)}, nil
}

// parseAPIKey reads a key that was made before. It reports false for what is damaged.
func parseAPIKey(data map[string][]byte) (apiKey, bool) {
	key := apiKey{key: string(data[apiKeyEntry]), hash: string(data[apiHashEntry])}
	_, err := bcrypt.Cost([]byte(key.hash))
	return key, err == nil && key.id() != ""
}

// apiKeySecret hands the key to the tenant's owner. It is made once: delete the Secret to have
// another key made.
func apiKeySecret(s *scope) any {
	return corev1ac.Secret(apiKeySecretName(s.tenant), s.tenant.Namespace).
		WithLabels(labels(s.tenant)).
		WithOwnerReferences(ownedBy(s.tenant)).
		WithData(s.apiKey.data())
}
