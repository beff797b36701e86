package postgres

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// leadStore is the lead.Store of the same database.
type leadStore struct {
	pool   *pgxpool.Pool
	writer *writer
	mu     sync.Mutex
	key    []byte // of the registry's hashes; it never changes
}

// Leads returns the store of people. It is closed with the Store.
func (s *Store) Leads() lead.Store { return s.people() }

func (s *Store) people() *leadStore { return &leadStore{pool: s.pool, writer: s.writer} }

// hashKey returns the key of the registry's hashes, and makes it when this is the first server ever to need it.
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
	// Two statements: the loser's snapshot would not see the winner's row.
	if _, err := s.pool.Exec(ctx, `INSERT INTO tenant_secrets (name, value) VALUES ('opt_outs', $1) ON CONFLICT DO NOTHING`, fresh); err != nil {
		return nil, err
	}
	var key []byte
	if err := s.pool.QueryRow(ctx, `SELECT value FROM tenant_secrets WHERE name = 'opt_outs'`).Scan(&key); err != nil {
		return nil, err
	}
	s.key = key
	return key, nil
}

func (s *leadStore) hashes(ctx context.Context, phones []string) ([][]byte, error) {
	key, err := s.hashKey(ctx)
	if err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(phones))
	for i, phone := range phones {
		hash := lead.HashNumber(key, phone)
		hashes[i] = hash[:]
	}
	return hashes, nil
}

// leadColumns are what scanPerson reads, from customers c.
const leadColumns = `
	c.id, c.name, c.phone, c.email, c.status, c.tags, c.source, c.notes, c.custom_fields,
	c.last_contacted_at, c.created_at, c.updated_at, c.version,
	ARRAY(SELECT a.identity FROM customer_aliases a WHERE a.customer_id = c.id AND a.identity LIKE '+%' ORDER BY a.identity)`

// isPresent says that a customer c was neither erased nor merged away.
const isPresent = `c.erased_at IS NULL AND c.merged_into IS NULL`

// scanPerson reads leadColumns, and whatever further columns follow them.
func scanPerson(row pgx.Row, further ...any) (lead.Person, error) {
	var (
		p         lead.Person
		contacted *time.Time
	)
	err := row.Scan(append([]any{
		&p.ID, &p.Name, &p.Phone, &p.Email, &p.Status, &p.Tags, &p.Source, &p.Notes, &p.Custom,
		&contacted, &p.CreatedAt, &p.UpdatedAt, &p.Version, &p.OtherPhones,
	}, further...)...)
	if errors.Is(err, pgx.ErrNoRows) {
		err = booking.ErrNotFound
	}
	if err != nil {
		return lead.Person{}, err
	}
	p.CreatedAt, p.UpdatedAt, p.LastContactedAt = p.CreatedAt.UTC(), p.UpdatedAt.UTC(), orZero(contacted)
	return p, nil
}

// write runs fn in a transaction that holds the idempotency key, or returns what the key stands for. fn returns the
// person it was about, if any, and what else to answer a repetition with. Who comes second with a key waits for the first.
func (s *leadStore) write(
	ctx context.Context, doing string, claim *booking.IdempotencyClaim, fn func(tx pgx.Tx) (request.Earlier, error),
) (earlier *request.Earlier, err error) {
	for n := range maxAttempts {
		err = s.writer.inTx(ctx, func(tx pgx.Tx) error {
			earlier, err = claimKey(ctx, tx, claim)
			if err != nil || earlier != nil {
				return err
			}
			result, err := fn(tx)
			if err != nil || claim == nil {
				return err
			}
			_, err = tx.Exec(ctx, `
				UPDATE lead_claims SET subject = nullif($4, '')::uuid, answer = $5 WHERE principal = $1 AND route = $2 AND key = $3`,
				claim.Principal, claim.Route, claim.Key, result.Subject, result.Answer)
			return err
		})
		if !isContention(err) && !isIdentityTaken(err) {
			break
		}
		if waitErr := backOff(ctx, n); waitErr != nil {
			return nil, wrap(doing, waitErr)
		}
	}
	if isIdentityTaken(err) {
		err = lead.ErrNumberTaken
	}
	return earlier, wrap(doing, err)
}

// claimKey takes the key for this transaction, or returns what it stands for.
func claimKey(ctx context.Context, tx pgx.Tx, claim *booking.IdempotencyClaim) (*request.Earlier, error) {
	if claim == nil {
		return nil, nil
	}
	// A key that is past its time is claimed anew.
	tag, err := tx.Exec(ctx, `
		INSERT INTO lead_claims AS k (principal, route, key, body_hash, answer) VALUES ($1, $2, $3, $4, '')
		ON CONFLICT (principal, route, key) DO UPDATE SET body_hash = excluded.body_hash, created_at = excluded.created_at
		WHERE k.created_at <= clock_timestamp() - `+keyLifetime, claim.Principal, claim.Route, claim.Key, claim.BodyHash[:])
	if err != nil || tag.RowsAffected() > 0 {
		return nil, err
	}
	var (
		earlier request.Earlier
		subject *string
		hash    []byte
	)
	err = tx.QueryRow(ctx, `SELECT subject, answer, body_hash FROM lead_claims WHERE principal = $1 AND route = $2 AND key = $3`,
		claim.Principal, claim.Route, claim.Key).Scan(&subject, &earlier.Answer, &hash)
	if err != nil {
		return nil, err
	}
	if [32]byte(hash) != claim.BodyHash {
		return nil, booking.ErrIdempotencyMismatch
	}
	if subject != nil {
		earlier.Subject = *subject
	}
	return &earlier, nil
}

// personAnswer is what a request about a person comes to, or came to the first time.
func (s *leadStore) personAnswer(ctx context.Context, p lead.Person, earlier *request.Earlier, err error) (lead.Person, bool, error) {
	return request.Answer(p, earlier, err, func(e request.Earlier) (lead.Person, error) { return s.Get(ctx, e.Subject) })
}

// isIdentityTaken says that somebody else inserted, or has, the identity that was to be written.
func isIdentityTaken(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && pg.Code == stateUniqueViolation && pg.ConstraintName == "customers_identity_key"
}

// addLeadEvents writes entries of a person's history.
func addLeadEvents(ctx context.Context, tx pgx.Tx, id string, actor booking.Actor, events ...lead.Event) error {
	batch := &pgx.Batch{}
	for _, event := range events {
		batch.Queue(`INSERT INTO lead_events (customer_id, type, actor, channel, details) VALUES ($1, $2, $3, $4, $5::jsonb)`,
			id, string(event.Type), actor.Principal, actor.Channel, asJSON(event.Details))
	}
	return tx.SendBatch(ctx, batch).Close()
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
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM lead_claims WHERE ctid = ANY (ARRAY(
			SELECT ctid FROM lead_claims WHERE created_at <= clock_timestamp() - `+keyLifetime+` LIMIT $1))`, limit)
	return int(tag.RowsAffected()), wrap("remove expired idempotency keys", err)
}
