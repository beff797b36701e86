package postgres

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
)

var _ auth.KeyStore = (*Store)(nil)

// keysChannel is where the database tells of changed keys; see the migration that makes the table.
const keysChannel = "frontdesk_api_keys"

const keyColumns = `id, hash, coalesce(previous_hash, ''), previous_until, name, scopes, created_by, created_at, expires_at, last_used_at, revoked_at`

func scanKey(row pgx.Row) (auth.StoredKey, error) {
	var (
		k                                auth.StoredKey
		previous, expires, used, revoked *time.Time
	)
	err := row.Scan(&k.ID, &k.Hash, &k.PreviousHash, &previous, &k.Name, &k.Scopes, &k.CreatedBy, &k.CreatedAt, &expires, &used, &revoked)
	if err != nil {
		return auth.StoredKey{}, err
	}
	k.CreatedAt = k.CreatedAt.UTC()
	k.PreviousUntil, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = orZero(previous), orZero(expires), orZero(used), orZero(revoked)
	return k, nil
}

// orNull is for columns in which never is NULL.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CreateKey implements auth.KeyStore.
func (s *Store) CreateKey(ctx context.Context, key auth.StoredKey) (auth.StoredKey, error) {
	scopes := key.Scopes
	if scopes == nil {
		scopes = []auth.Scope{}
	}
	stored, err := scanKey(s.pool.QueryRow(ctx, `
		INSERT INTO api_keys (id, hash, name, scopes, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING `+keyColumns, key.ID, key.Hash, key.Name, scopes, key.CreatedBy, orNull(key.ExpiresAt)))
	return stored, wrap("create an API key", err)
}

// Keys implements auth.KeyStore.
func (s *Store) Keys(ctx context.Context) ([]auth.StoredKey, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+keyColumns+` FROM api_keys ORDER BY created_at, id COLLATE "C"`)
	if err != nil {
		return nil, wrap("list API keys", err)
	}
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.StoredKey, error) { return scanKey(row) })
	return keys, wrap("list API keys", err)
}

// Key implements auth.KeyStore.
func (s *Store) Key(ctx context.Context, id string) (auth.StoredKey, error) {
	key, err := scanKey(s.pool.QueryRow(ctx, `SELECT `+keyColumns+` FROM api_keys WHERE id = $1`, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.StoredKey{}, auth.ErrKeyNotFound
	}
	return key, wrap("read an API key", err)
}

// RevokeKey implements auth.KeyStore.
func (s *Store) RevokeKey(ctx context.Context, id string) (auth.StoredKey, error) {
	key, err := scanKey(s.pool.QueryRow(ctx, `
		UPDATE api_keys SET revoked_at = coalesce(revoked_at, clock_timestamp()) WHERE id = $1 RETURNING `+keyColumns, id))
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.StoredKey{}, auth.ErrKeyNotFound
	}
	return key, wrap("revoke an API key", err)
}

// RotateKey implements auth.KeyStore.
func (s *Store) RotateKey(ctx context.Context, id, hash string, previousUntil time.Time) (auth.StoredKey, error) {
	key, err := scanKey(s.pool.QueryRow(ctx, `
		UPDATE api_keys SET hash = $2, previous_hash = hash, previous_until = $3 WHERE id = $1 AND revoked_at IS NULL
		RETURNING `+keyColumns, id, hash, previousUntil))
	if errors.Is(err, pgx.ErrNoRows) {
		// A revoked key stays revoked, so a second statement tells the truth.
		if _, err := s.Key(ctx, id); err != nil {
			return auth.StoredKey{}, err
		}
		return auth.StoredKey{}, auth.ErrKeyRevoked
	}
	return key, wrap("rotate an API key", err)
}

// KeysUsed implements auth.KeyStore.
func (s *Store) KeysUsed(ctx context.Context, at map[string]time.Time) error {
	ids := slices.Sorted(maps.Keys(at))
	times := make([]time.Time, len(ids))
	for i, id := range ids {
		times[i] = at[id]
	}
	// Replicas write at the same time: rows are locked in the order of their ids.
	_, err := s.pool.Exec(ctx, `
		WITH locked AS (SELECT id FROM api_keys WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE)
		UPDATE api_keys k SET last_used_at = used.at
		FROM locked JOIN unnest($1::text[], $2::timestamptz[]) AS used (id, at) USING (id)
		WHERE k.id = locked.id AND (k.last_used_at IS NULL OR k.last_used_at < used.at)`, ids, times)
	return wrap("record the use of API keys", err)
}

// WatchKeys implements auth.KeyStore.
func (s *Store) WatchKeys(ctx context.Context) <-chan auth.KeyState {
	states := make(chan auth.KeyState, 1)
	l := &listener{config: s.pool.Config().ConnConfig, channel: keysChannel, log: s.log, hear: func(hearing bool) {
		// The newest state replaces one that was not received yet: either way everything is forgotten.
		select {
		case <-states:
		default:
		}
		states <- auth.KeyState{Hearing: hearing}
	}}
	go func() {
		defer close(states)
		l.run(ctx)
	}()
	return states
}
