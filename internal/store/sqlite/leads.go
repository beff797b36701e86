package sqlite

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// SQLite's own lower() knows ASCII only. The driver takes functions for all connections of the process.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("frontdesk_fold", 1,
		func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			text, _ := args[0].(string)
			return strings.ToLower(text), nil
		})
}

// leadStore is the lead.Store of the same file.
type leadStore struct {
	*Store
	mu  sync.Mutex
	key []byte // of the registry's hashes; it never changes
}

// Leads returns the store of people. It is closed with the Store.
func (s *Store) Leads() lead.Store { return &leadStore{Store: s} }

// hashKey returns the key of the registry's hashes, and makes it when it is needed for the first time. It must not be
// called for the first time within a transaction: it writes on the only connection that does.
func (s *leadStore) hashKey(ctx context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	fresh := make([]byte, lead.HashKeySize)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	var key []byte
	err := s.change(ctx, "make the registry's key", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO tenant_secrets (name, value) VALUES ('opt_outs', ?) ON CONFLICT DO NOTHING`, fresh)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT value FROM tenant_secrets WHERE name = 'opt_outs'`).Scan(&key)
	})
	if err != nil {
		return nil, err
	}
	s.key = key
	return key, nil
}

// hash is a number as the registry knows it, under a key that hashKey has returned before.
func (s *leadStore) hash(ctx context.Context, phone string) ([]byte, error) {
	key, err := s.hashKey(ctx)
	if err != nil {
		return nil, err
	}
	hash := lead.HashNumber(key, phone)
	return hash[:], nil
}

// leadColumns are what scanPerson reads, from customers c.
const leadColumns = `
	c.id, c.name, c.phone, c.email, c.status, c.tags, c.source, c.notes, c.custom_fields,
	c.last_contacted_at, c.created_at, c.updated_at, c.version,
	(SELECT json_group_array(identity) FROM (
		SELECT a.identity FROM customer_aliases a WHERE a.customer_id = c.id AND a.identity LIKE '+%' ORDER BY a.identity))`

// isPresent says that a customer c was neither erased nor merged away.
const isPresent = `c.erased_at IS NULL AND c.merged_into IS NULL`

// scanPerson reads leadColumns.
func scanPerson(row scanner) (lead.Person, error) {
	var (
		p                    lead.Person
		tags, custom, others string
		contacted            sql.NullInt64
		created, updated     int64
	)
	err := row.Scan(&p.ID, &p.Name, &p.Phone, &p.Email, &p.Status, &tags, &p.Source, &p.Notes, &custom,
		&contacted, &created, &updated, &p.Version, &others)
	if errors.Is(err, sql.ErrNoRows) {
		err = booking.ErrNotFound
	}
	if err != nil {
		return lead.Person{}, err
	}
	for _, column := range []struct {
		text string
		into any
	}{{tags, &p.Tags}, {custom, &p.Custom}, {others, &p.OtherPhones}} {
		if err := json.Unmarshal([]byte(column.text), column.into); err != nil {
			return lead.Person{}, fmt.Errorf("read person: %w", err)
		}
	}
	p.CreatedAt, p.UpdatedAt, p.LastContactedAt = fromMicros(created), fromMicros(updated), orZero(contacted)
	return p, nil
}

// write runs fn as a change, unless the claim was made before: then it returns what that came to. fn returns the person
// it was about, if any, and what else to answer a repetition with.
func (s *leadStore) write(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx *sql.Tx) (request.Earlier, error),
) (earlier *request.Earlier, err error) {
	if _, err := s.hashKey(ctx); err != nil {
		return nil, err
	}
	err = s.change(ctx, doing, func(tx *sql.Tx) error {
		if claim != nil {
			found, err := lookUpClaim(ctx, tx, *claim)
			if err == nil {
				earlier = &found
			}
			if !errors.Is(err, booking.ErrNotFound) {
				return err
			}
		}
		result, err := fn(tx)
		if err != nil || claim == nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			INSERT OR REPLACE INTO lead_claims (principal, route, key, body_hash, subject, answer, created_at)
			VALUES (?, ?, ?, ?, nullif(?, ''), ?, `+clock+`)`,
			claim.Principal, claim.Route, claim.Key, claim.BodyHash[:], result.Subject, result.Answer)
		return err
	})
	return earlier, err
}

func lookUpClaim(ctx context.Context, db queryer, claim booking.IdempotencyClaim) (earlier request.Earlier, err error) {
	var hash []byte
	err = db.QueryRowContext(ctx, `
		SELECT coalesce(subject, ''), answer, body_hash FROM lead_claims
		WHERE principal = ? AND route = ? AND key = ? AND created_at > `+clock+` - ?`,
		claim.Principal, claim.Route, claim.Key, keyLifetime.Microseconds()).Scan(&earlier.Subject, &earlier.Answer, &hash)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return earlier, booking.ErrNotFound
	case err == nil && [32]byte(hash) != claim.BodyHash:
		return earlier, booking.ErrIdempotencyMismatch
	}
	return earlier, err
}

// personAnswer is what a request about a person comes to, or came to the first time.
func (s *leadStore) personAnswer(ctx context.Context, p lead.Person, earlier *request.Earlier, err error) (lead.Person, bool, error) {
	return request.Answer(p, earlier, err, func(e request.Earlier) (lead.Person, error) { return s.Get(ctx, e.Subject) })
}

// isIdentityTaken says that another row has the identity that was to be written.
func isIdentityTaken(err error) bool {
	failure, ok := errors.AsType[*sqlite.Error](err)
	return ok && failure.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE && strings.Contains(failure.Error(), "customers.identity")
}

// addLeadEvents writes entries of a person's history.
func addLeadEvents(ctx context.Context, tx *sql.Tx, id string, actor booking.Actor, events ...lead.Event) error {
	for _, event := range events {
		_, err := tx.ExecContext(ctx, `INSERT INTO lead_events (customer_id, type, at, actor, channel, details) VALUES (?, ?, `+clock+`, ?, ?, ?)`,
			id, string(event.Type), actor.Principal, actor.Channel, asJSON(event.Details))
		if err != nil {
			return err
		}
	}
	return nil
}

// asJSON is a list or an object of texts as JSON, which cannot fail; nil becomes the empty one.
func asJSON[T []string | map[string]string](value T) string {
	text, _ := json.Marshal(value)
	if string(text) == "null" {
		if _, list := any(value).([]string); list {
			return "[]"
		}
		return "{}"
	}
	return string(text)
}

// removeExpiredClaims deletes up to limit idempotency keys of people that are past their day.
func (s *Store) removeExpiredClaims(ctx context.Context, limit int) (int, error) {
	return s.remove(ctx, `
		DELETE FROM lead_claims WHERE (principal, route, key) IN (
			SELECT principal, route, key FROM lead_claims WHERE created_at <= `+clock+` - ? LIMIT ?)`,
		keyLifetime.Microseconds(), limit)
}
