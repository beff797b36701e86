package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
)

var _ auth.KeyStore = (*Store)(nil)

const keyColumns = `id, hash, coalesce(previous_hash, ''), previous_until, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at`

func scanKey(row scanner) (auth.StoredKey, error) {
	var (
		k                                auth.StoredKey
		scopes                           string
		created                          int64
		previous, expires, used, revoked sql.NullInt64
	)
	err := row.Scan(&k.ID, &k.Hash, &k.PreviousHash, &previous, &k.Name, &scopes, &k.CreatedBy, &created, &expires, &used, &revoked)
	if err != nil {
		return auth.StoredKey{}, err
	}
	if err := json.Unmarshal([]byte(scopes), &k.Scopes); err != nil {
		return auth.StoredKey{}, fmt.Errorf("read the scopes of key %s: %w", k.ID, err)
	}
	k.CreatedAt = fromMicros(created)
	k.PreviousUntil, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = orZero(previous), orZero(expires), orZero(used), orZero(revoked)
	return k, nil
}

// orNull is for columns in which never is NULL.
func orNull(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMicro(), Valid: !t.IsZero()}
}

// CreateKey implements auth.KeyStore.
func (s *Store) CreateKey(ctx context.Context, key auth.StoredKey) (auth.StoredKey, error) {
	scopes, err := json.Marshal(append([]auth.Scope{}, key.Scopes...))
	if err != nil {
		return auth.StoredKey{}, fmt.Errorf("create an API key: %w", err)
	}
	return s.changeKey(ctx, "create an API key", `
		INSERT INTO api_keys (id, hash, name, scopes, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, `+clock+`, ?)
		RETURNING `+keyColumns, key.ID, key.Hash, key.Name, string(scopes), key.CreatedBy, orNull(key.ExpiresAt))
}

// changeKey runs a statement that changes one key and returns it. A statement that finds none is auth.ErrKeyNotFound.
func (s *Store) changeKey(ctx context.Context, doing, statement string, args ...any) (key auth.StoredKey, err error) {
	err = s.change(ctx, doing, func(tx *sql.Tx) error {
		key, err = scanKey(tx.QueryRowContext(ctx, statement, args...))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return auth.StoredKey{}, auth.ErrKeyNotFound
	}
	if err != nil {
		return auth.StoredKey{}, err
	}
	s.keys.tell()
	return key, nil
}

// Keys implements auth.KeyStore.
func (s *Store) Keys(ctx context.Context) ([]auth.StoredKey, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+keyColumns+` FROM api_keys ORDER BY created_at, id`)
	keys, err := collect(rows, err, func(rows *sql.Rows) (auth.StoredKey, error) { return scanKey(rows) })
	return keys, wrap("list API keys", err)
}

// Key implements auth.KeyStore.
func (s *Store) Key(ctx context.Context, id string) (auth.StoredKey, error) {
	key, err := scanKey(s.read.QueryRowContext(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE id = ?`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return auth.StoredKey{}, auth.ErrKeyNotFound
	}
	return key, wrap("read an API key", err)
}

// RevokeKey implements auth.KeyStore.
func (s *Store) RevokeKey(ctx context.Context, id string) (auth.StoredKey, error) {
	return s.changeKey(ctx, "revoke an API key",
		`UPDATE api_keys SET revoked_at = coalesce(revoked_at, `+clock+`) WHERE id = ? RETURNING `+keyColumns, id)
}

// RotateKey implements auth.KeyStore.
func (s *Store) RotateKey(ctx context.Context, id, hash string, previousUntil time.Time) (auth.StoredKey, error) {
	key, err := s.changeKey(ctx, "rotate an API key", `
		UPDATE api_keys SET hash = ?, previous_hash = hash, previous_until = ? WHERE id = ? AND revoked_at IS NULL
		RETURNING `+keyColumns, hash, previousUntil.UnixMicro(), id)
	if errors.Is(err, auth.ErrKeyNotFound) {
		// A revoked key stays revoked, so a second statement tells the truth.
		if _, err := s.Key(ctx, id); err == nil {
			return auth.StoredKey{}, auth.ErrKeyRevoked
		}
	}
	return key, err
}

// KeysUsed implements auth.KeyStore.
func (s *Store) KeysUsed(ctx context.Context, at map[string]time.Time) error {
	return s.change(ctx, "record the use of API keys", func(tx *sql.Tx) error {
		for id, used := range at {
			_, err := tx.ExecContext(ctx, `UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)`,
				used.UnixMicro(), id)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// WatchKeys implements auth.KeyStore. The file belongs to one process, so its own changes are all there are.
func (s *Store) WatchKeys(ctx context.Context) <-chan auth.KeyState { return s.keys.add(ctx) }

// watchers are those who want to hear of changed keys.
type watchers struct {
	mu       sync.Mutex
	channels map[chan auth.KeyState]struct{}
}

func (w *watchers) add(ctx context.Context) <-chan auth.KeyState {
	channel := make(chan auth.KeyState, 1)
	channel <- auth.KeyState{Hearing: true}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels = map[chan auth.KeyState]struct{}{}
	}
	w.channels[channel] = struct{}{}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.channels, channel)
		close(channel)
	})
	return channel
}

// tell tells every watcher once; one that has not received the last word yet needs no second.
func (w *watchers) tell() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for channel := range w.channels {
		select {
		case channel <- auth.KeyState{Hearing: true}:
		default:
		}
	}
}
