// Package rootkey holds the one secret of the operator, from which the secrets of each tenant are
// derived: the token of its internal status endpoint, the key that signs its dashboard sessions, and the
// passwords of its database on a server of the platform.
//
// Derived secrets come out the same after a restart, and change with the tenant's UID, so that a tenant
// made anew under an old name shares nothing with the former one. Deleting the root Secret and restarting
// the operator replaces tokens and session keys at once. A database password is kept in a Secret besides,
// and stays in use: only the next one, or one whose Secret was lost, comes of the new key.
package rootkey

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// SecretName is the Secret in the operator's namespace.
	SecretName = "frontdesk-operator-root"
	entry      = "key"
	size       = 32
)

// Purpose keeps secrets that are derived for different ends apart.
type Purpose string

// The purposes.
const (
	StatusToken Purpose = "status-token"
	SessionKey  Purpose = "session-key"
)

// DatabasePassword is the purpose of the password with a serial number of a tenant's database.
func DatabasePassword(serial int) Purpose {
	return Purpose(fmt.Sprintf("database-password/%d", serial))
}

// Key is the root key.
type Key []byte

// Derive returns 256 bits for one purpose of one object, in unpadded URL-safe base64, by
// HKDF-SHA-256 (RFC 5869).
func (k Key) Derive(purpose Purpose, object metav1.Object) (string, error) {
	info := fmt.Sprintf("frontdesk.dev/v1/%s/%s/%s/%s", purpose, object.GetNamespace(), object.GetName(), object.GetUID())
	derived, err := hkdf.Key(sha256.New, k, nil, info, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive %s: %w", purpose, err)
	}
	return base64.RawURLEncoding.EncodeToString(derived), nil
}

// DamagedError says that the root Secret is there and holds no root key. Only a person can tell whether it
// can be restored or must be made anew, with the tokens and session keys that are derived from it.
type DamagedError struct {
	Namespace string
	// Size is how many bytes there are instead of a key.
	Size int
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("Secret %s/%s: entry %q has %d bytes instead of %d: restore it, or delete the Secret to have it made anew, "+
		"which ends all sessions in the dashboards and leaves database passwords as they are until they are rotated", e.Namespace, SecretName, entry, e.Size, size)
}

// Store reads the root key once and makes it when there is none. It is safe for concurrent use.
type Store struct {
	// Live reads past the cache.
	Live      client.Reader
	Writer    client.Writer
	Namespace string

	mu  sync.Mutex
	key Key
}

// Get returns the root key. The error is a *DamagedError when there is a Secret and no key in it.
func (s *Store) Get(ctx context.Context) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	key, err := s.read(ctx)
	if apierrors.IsNotFound(err) {
		if err := s.create(ctx); err != nil {
			return nil, err
		}
		key, err = s.read(ctx) // another replica may have been first: what is stored counts
	}
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	s.key = key
	return key, nil
}

func (s *Store) read(ctx context.Context) (Key, error) {
	var secret corev1.Secret
	if err := s.Live.Get(ctx, client.ObjectKey{Namespace: s.Namespace, Name: SecretName}, &secret); err != nil {
		return nil, err
	}
	if got := len(secret.Data[entry]); got != size {
		return nil, &DamagedError{Namespace: s.Namespace, Size: got}
	}
	return secret.Data[entry], nil
}

func (s *Store) create(ctx context.Context) error {
	key := make([]byte, size)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	err := s.Writer.Create(ctx, &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.Namespace, Name: SecretName,
			Labels: map[string]string{"app.kubernetes.io/part-of": "frontdesk", "app.kubernetes.io/component": "operator"},
		},
		Data: map[string][]byte{entry: key},
	})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create the root key in Secret %s/%s: %w", s.Namespace, SecretName, err)
	}
	return nil
}
