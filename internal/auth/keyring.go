package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

const (
	// useInterval is how often the last uses of keys are written.
	useInterval = time.Minute
	// useTimeout bounds writing them.
	useTimeout = 5 * time.Second
	// rememberFor bounds how long a key is remembered without asking the database, should the database
	// pretend to tell of changes and not do it, as some connection poolers make it.
	rememberFor = 30 * time.Second
	// maxRemembered bounds the keys remembered. There are as many as the business has made.
	maxRemembered = 10_000
)

// MaxOverlap bounds how long a rotated key's old secret stays good.
const MaxOverlap = 30 * 24 * time.Hour

// KeyRing is the keys of a KeyStore as one process uses them. A key is read from the database once and then
// remembered until any key changes, in any process; while changes cannot be heard of, it is read for every
// request. Keys that do not exist are never remembered. It is safe for concurrent use.
type KeyRing struct {
	store KeyStore
	clock func() time.Time
	log   *slog.Logger
	every time.Duration

	mu         sync.Mutex
	hearing    bool
	generation uint64 // grows when everything is forgotten
	known      map[string]memory
	used       map[string]time.Time // since the last writing
	ending     map[string]ending

	stop context.CancelFunc
	done sync.WaitGroup
}

type memory struct {
	key   StoredKey
	until time.Time
}

// NewKeyRing starts to follow a store's keys. Stop must be called before the store is closed.
func NewKeyRing(ctx context.Context, store KeyStore, clock func() time.Time, log *slog.Logger) *KeyRing {
	return newKeyRing(ctx, store, clock, log, useInterval)
}

func newKeyRing(ctx context.Context, store KeyStore, clock func() time.Time, log *slog.Logger, every time.Duration) *KeyRing {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &KeyRing{
		store: store, clock: clock, log: log, every: every,
		known: map[string]memory{}, used: map[string]time.Time{}, ending: map[string]ending{}, stop: stop,
	}
	states := store.WatchKeys(ctx)
	r.done.Go(func() {
		for state := range states {
			r.forget(state)
		}
	})
	r.done.Go(func() { r.recordUses(ctx) })
	return r
}

// Stop writes the last uses and ends following.
func (r *KeyRing) Stop() {
	r.stop()
	r.done.Wait()
}

func (r *KeyRing) forget(state KeyState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hearing = state.Hearing
	r.generation++
	clear(r.known)
}

// changed forgets at once what this process has changed itself.
func (r *KeyRing) changed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.generation++
	clear(r.known)
}

// remembered returns a key without asking the database.
func (r *KeyRing) remembered(id string) (StoredKey, bool) {
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	entry, found := r.known[id]
	return entry.key, found && now.Before(entry.until)
}

// find reads a key from the database. Errors: ErrKeyNotFound, and those of the database.
func (r *KeyRing) find(ctx context.Context, id string) (StoredKey, error) {
	r.mu.Lock()
	generation := r.generation
	r.mu.Unlock()
	key, err := r.store.Key(ctx, id)
	if err != nil {
		return StoredKey{}, err
	}
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	// What was read before a change that has been heard of since is for this request only.
	if r.hearing && r.generation == generation && len(r.known) < maxRemembered {
		r.known[id] = memory{key: key, until: now.Add(rememberFor)}
	}
	return key, nil
}

func (r *KeyRing) recordUses(ctx context.Context) {
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.writeUses(ctx)
		case <-ctx.Done():
			r.writeUses(context.WithoutCancel(ctx))
			return
		}
	}
}

// writeUses writes what was used since the last time. What cannot be written is kept for the next.
func (r *KeyRing) writeUses(ctx context.Context) {
	r.mu.Lock()
	used := r.used
	r.used = map[string]time.Time{}
	r.mu.Unlock()
	if len(used) == 0 {
		return
	}
	limited, cancel := context.WithTimeout(ctx, useTimeout)
	defer cancel()
	err := r.store.KeysUsed(limited, used)
	if err == nil {
		return
	}
	r.log.WarnContext(ctx, "when API keys were last used could not be written; it is tried again", "error", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.Copy(used, r.used) // later uses win
	r.used = used
}

// NewStoredKey is a wish for a key.
type NewStoredKey struct {
	Name   string
	Scopes []Scope
	// ExpiresAt is when the key ends; zero for never.
	ExpiresAt time.Time
	// By is the actor that asks.
	By string
}

// List returns every key, revoked ones too, oldest first.
func (r *KeyRing) List(ctx context.Context) ([]StoredKey, error) { return r.store.Keys(ctx) }

// Get returns one key as the database has it now. Errors: ErrKeyNotFound.
func (r *KeyRing) Get(ctx context.Context, id string) (StoredKey, error) {
	if !isID(id) {
		return StoredKey{}, ErrKeyNotFound
	}
	return r.store.Key(ctx, id)
}

// Create makes a key. The first result is the only one that ever holds the secret.
func (r *KeyRing) Create(ctx context.Context, wanted NewStoredKey) (Key, StoredKey, error) {
	key, err := GenerateKey()
	if err != nil {
		return Key{}, StoredKey{}, err
	}
	hash, err := key.Hash(bcrypt.DefaultCost)
	if err != nil {
		return Key{}, StoredKey{}, err
	}
	stored, err := r.store.CreateKey(ctx, StoredKey{
		ID: key.ID, Hash: hash, Name: wanted.Name, Scopes: wanted.Scopes, CreatedBy: wanted.By, ExpiresAt: wanted.ExpiresAt,
	})
	if err != nil {
		return Key{}, StoredKey{}, fmt.Errorf("keep the new API key: %w", err)
	}
	r.changed()
	return key, stored, nil
}

// Revoke ends a key for good. Errors: ErrKeyNotFound.
func (r *KeyRing) Revoke(ctx context.Context, id string) (StoredKey, error) {
	if !isID(id) {
		return StoredKey{}, ErrKeyNotFound
	}
	defer r.changed() // also when the outcome is unknown
	return r.store.RevokeKey(ctx, id)
}

// Rotate gives a key a new secret. The old one stays good for the overlap, 0 to MaxOverlap, by this process's clock.
// Errors: ErrKeyNotFound, ErrKeyRevoked.
func (r *KeyRing) Rotate(ctx context.Context, id string, overlap time.Duration) (Key, StoredKey, error) {
	if !isID(id) {
		return Key{}, StoredKey{}, ErrKeyNotFound
	}
	if overlap < 0 || overlap > MaxOverlap {
		return Key{}, StoredKey{}, errors.New("the overlap of a rotated key is out of bounds")
	}
	fresh, err := GenerateKey()
	if err != nil {
		return Key{}, StoredKey{}, err
	}
	fresh.ID = id
	hash, err := fresh.Hash(bcrypt.DefaultCost)
	if err != nil {
		return Key{}, StoredKey{}, err
	}
	defer r.changed() // also when the outcome is unknown
	stored, err := r.store.RotateKey(ctx, id, hash, r.clock().Add(overlap))
	if err != nil {
		return Key{}, StoredKey{}, err
	}
	return fresh, stored, nil
}
