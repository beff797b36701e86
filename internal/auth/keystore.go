package auth

import (
	"context"
	"errors"
	"time"
)

// The errors by which a KeyStore reports an outcome.
var (
	// ErrKeyNotFound: the database has no key of this id.
	ErrKeyNotFound = errors.New("no such API key")
	// ErrKeyRevoked: the key was revoked, and a revoked key never comes back.
	ErrKeyRevoked = errors.New("the API key is revoked")
)

// StoredKey is an API key as a KeyStore keeps it: everything but the secret. Times are kept to the microsecond;
// a zero time means never.
type StoredKey struct {
	// ID is the public part of the key, which never changes.
	ID string
	// Hash is the bcrypt hash of the whole key.
	Hash string
	// PreviousHash is that of the secret before the last rotation, which is good until PreviousUntil.
	PreviousHash  string
	PreviousUntil time.Time
	// Name says for people what the key is for.
	Name   string
	Scopes []Scope
	// CreatedBy is the actor that made the key, such as "key:<id>".
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	// LastUsedAt is late by up to a minute.
	LastUsedAt time.Time
	RevokedAt  time.Time
}

// hashes returns the hashes that a presented key may have now: none once the key is revoked or expired.
func (k StoredKey) hashes(now time.Time) []string {
	if !k.RevokedAt.IsZero() || !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt) {
		return nil
	}
	if k.PreviousHash != "" && now.Before(k.PreviousUntil) {
		return []string{k.Hash, k.PreviousHash}
	}
	return []string{k.Hash}
}

// KeyState is what a KeyStore says to those who watch its keys.
type KeyState struct {
	// Hearing says whether changes are heard of from now on. While it is false, nothing may be remembered.
	Hearing bool
}

// KeyStore keeps the API keys that are made through the API. Every implementation passes storetest.RunKeys. Any
// method may fail because the database cannot be reached, or with the context's error.
type KeyStore interface {
	// CreateKey keeps a new key. CreatedAt is set by the database's clock.
	CreateKey(ctx context.Context, key StoredKey) (StoredKey, error)
	// Keys returns every key, revoked ones too, oldest first.
	Keys(ctx context.Context) ([]StoredKey, error)
	// Key returns one key. Errors: ErrKeyNotFound.
	Key(ctx context.Context, id string) (StoredKey, error)
	// RevokeKey ends a key for good, by the database's clock; again is no error and changes nothing.
	// Errors: ErrKeyNotFound.
	RevokeKey(ctx context.Context, id string) (StoredKey, error)
	// RotateKey gives a key another hash. The one it had stays good until previousUntil; a still older one ends.
	// Errors: ErrKeyNotFound, ErrKeyRevoked.
	RotateKey(ctx context.Context, id, hash string, previousUntil time.Time) (StoredKey, error)
	// KeysUsed records when keys were last used; an earlier time than the one kept, and an unknown id, is ignored.
	// It tells no watcher.
	KeysUsed(ctx context.Context, at map[string]time.Time) error
	// WatchKeys returns a channel that receives after each change of a key that was committed, by whatever process,
	// until ctx ends; then it is closed. Changes that come faster than they are received are told as one. The
	// first state comes when listening has begun, and one comes with each interruption and each new beginning.
	WatchKeys(ctx context.Context) <-chan KeyState
}
