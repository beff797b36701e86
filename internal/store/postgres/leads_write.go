package postgres

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Create implements lead.Store.
func (s *leadStore) Create(ctx context.Context, r lead.NewPerson) (p lead.Person, outcome lead.Outcome, replayed bool, err error) {
	if err := request.CheckDraft(r.Draft, r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, "", false, err
	}
	hashes, err := s.hashes(ctx, []string{r.Draft.Phone})
	if err != nil {
		return lead.Person{}, "", false, wrap("create person", err)
	}
	earlier, err := s.write(ctx, "create person", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
		p, err = lockIdentity(ctx, tx, r.Draft.Phone)
		switch {
		case errors.Is(err, booking.ErrNotFound):
			outcome = lead.Created
			p, err = insertPerson(ctx, tx, r, hashes[0])
		case err == nil:
			outcome = lead.Unchanged
			after := lead.Absorb(p, r.Draft)
			if len(lead.Differences(p, after)) > 0 {
				outcome = lead.Updated
				p, err = s.changeTo(ctx, tx, p, after, r.Actor)
			}
		}
		return request.Earlier{Subject: p.ID, Answer: string(outcome)}, err
	})
	if earlier != nil {
		outcome = lead.Outcome(earlier.Answer)
	}
	p, replayed, err = s.personAnswer(ctx, p, earlier, err)
	return p, outcome, replayed, err
}

// lockIdentity returns the person with a number, and locks the row. Who has it as an alias comes second.
func lockIdentity(ctx context.Context, tx pgx.Tx, identity string) (lead.Person, error) {
	return scanPerson(tx.QueryRow(ctx, `
		SELECT `+leadColumns+` FROM customers c
		WHERE `+isPresent+` AND (c.identity = $1 OR c.id = (SELECT customer_id FROM customer_aliases WHERE identity = $1))
		ORDER BY (c.identity = $1) DESC LIMIT 1 FOR UPDATE OF c`, identity))
}

// lockPerson returns a person by id, or the one it was merged into, and locks the row.
func lockPerson(ctx context.Context, tx pgx.Tx, id string) (lead.Person, error) {
	return scanPerson(tx.QueryRow(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.id = `+survivor+` AND `+isPresent+` FOR UPDATE OF c`, id))
}

// survivor is the id of the person that $1 has become part of, or $1. Merging keeps the chain one step long.
const survivor = `coalesce((SELECT m.merged_into FROM customers m WHERE m.id = $1), $1)`

func insertPerson(ctx context.Context, tx pgx.Tx, r lead.NewPerson, hash []byte) (lead.Person, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return lead.Person{}, err
	}
	p := lead.Fresh(id.String(), r.Draft)
	optedOut, err := isOptedOut(ctx, tx, hash)
	if err != nil {
		return lead.Person{}, err
	}
	if optedOut {
		p.Status = lead.StatusOptedOut
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO customers (id, identity, name, phone, email, status, tags, source, notes, custom_fields)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb)`,
		p.ID, p.Identity(), p.Name, p.Phone, p.Email, string(p.Status), orEmpty(p.Tags), p.Source, p.Notes, asJSON(p.Custom))
	if err != nil {
		return lead.Person{}, err
	}
	if err := addLeadEvents(ctx, tx, p.ID, r.Actor, request.Created(p)); err != nil {
		return lead.Person{}, err
	}
	if !optedOut && p.Status == lead.StatusOptedOut {
		if err := register(ctx, tx, hash, p.Phone, "", r.Actor); err != nil {
			return lead.Person{}, err
		}
	}
	return lockPerson(ctx, tx, p.ID)
}

// savePerson writes what may have changed of a person and the events of it, and returns the person as it is then.
func savePerson(ctx context.Context, tx pgx.Tx, p lead.Person, actor booking.Actor, events ...lead.Event) (lead.Person, error) {
	_, err := tx.Exec(ctx, `
		UPDATE customers SET identity = $2, name = $3, phone = $4, email = $5, status = $6, tags = $7, source = $8, notes = $9,
			custom_fields = $10::jsonb, last_contacted_at = $11, created_at = $12, updated_at = clock_timestamp()
		WHERE id = $1`,
		p.ID, p.Identity(), p.Name, p.Phone, p.Email, string(p.Status), orEmpty(p.Tags), p.Source, p.Notes, asJSON(p.Custom),
		optionalTime(p.LastContactedAt), p.CreatedAt)
	if err == nil {
		err = addLeadEvents(ctx, tx, p.ID, actor, events...)
	}
	if err != nil {
		return lead.Person{}, err
	}
	return lockPerson(ctx, tx, p.ID)
}

// Change implements lead.Store.
func (s *leadStore) Change(ctx context.Context, r lead.Change) (p lead.Person, replayed bool, err error) {
	if !request.IsUUID(r.ID) {
		return lead.Person{}, false, booking.ErrNotFound
	}
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, false, err
	}
	if _, err := s.hashKey(ctx); err != nil {
		return lead.Person{}, false, wrap("change person", err)
	}
	earlier, err := s.write(ctx, "change person", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
		before, err := lockPerson(ctx, tx, r.ID)
		if err != nil {
			return request.Earlier{}, err
		}
		after, err := request.Changed(before, r)
		if err == nil {
			p, err = s.changeTo(ctx, tx, before, after, r.Actor)
		}
		return request.Earlier{Subject: before.ID}, err
	})
	return s.personAnswer(ctx, p, earlier, err)
}

// changeTo writes a changed person and keeps the registry of opt-outs and the status in step.
func (s *leadStore) changeTo(ctx context.Context, tx pgx.Tx, before, after lead.Person, actor booking.Actor) (lead.Person, error) {
	if after.Identity() != before.Identity() {
		if err := freeIdentity(ctx, tx, after); err != nil {
			return lead.Person{}, err
		}
	}
	if after.Phone != before.Phone {
		hashes, err := s.hashes(ctx, []string{after.Phone})
		if err != nil {
			return lead.Person{}, err
		}
		optedOut, err := isOptedOut(ctx, tx, hashes[0])
		if err != nil {
			return lead.Person{}, err
		}
		if optedOut {
			after.Status = lead.StatusOptedOut
		}
	}
	events := lead.Differences(before, after)
	if len(events) == 0 {
		return before, nil
	}
	if after.Status == lead.StatusOptedOut {
		if err := s.registerAll(ctx, tx, after.Numbers(), actor); err != nil {
			return lead.Person{}, err
		}
	}
	return savePerson(ctx, tx, after, actor, events...)
}

// freeIdentity prepares for a person to be kept under another identity: one that was an alias of this person is none any
// more, and one that is somebody else's is refused.
func freeIdentity(ctx context.Context, tx pgx.Tx, p lead.Person) error {
	var taken bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM customer_aliases WHERE identity = $1 AND customer_id <> $2)`, p.Identity(), p.ID).Scan(&taken)
	if err == nil && taken {
		err = lead.ErrNumberTaken
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM customer_aliases WHERE identity = $1`, p.Identity())
	return err
}

// Merge implements lead.Store.
func (s *leadStore) Merge(ctx context.Context, r lead.Merging) (p lead.Person, replayed bool, err error) {
	if !request.IsUUID(r.ID) || !request.IsUUID(r.OtherID) {
		return lead.Person{}, false, booking.ErrNotFound
	}
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, false, err
	}
	if _, err := s.hashKey(ctx); err != nil {
		return lead.Person{}, false, wrap("merge people", err)
	}
	earlier, err := s.write(ctx, "merge people", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
		keep, other, err := lockBoth(ctx, tx, r.ID, r.OtherID)
		if err == nil {
			p, err = s.merge(ctx, tx, keep, other, r.Actor)
		}
		return request.Earlier{Subject: p.ID}, err
	})
	return s.personAnswer(ctx, p, earlier, err)
}

// lockBoth locks two people's rows in the order of their ids. Imports stay out meanwhile: they touch rows in the order of
// a file.
func lockBoth(ctx context.Context, tx pgx.Tx, id, otherID string) (keep, other lead.Person, err error) {
	if err := lockImports(ctx, tx); err != nil {
		return keep, other, err
	}
	found := map[string]lead.Person{}
	for _, one := range slices.Sorted(slices.Values([]string{id, otherID})) {
		p, err := scanPerson(tx.QueryRow(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.id = $1 AND `+isPresent+` FOR UPDATE OF c`, one))
		if err != nil {
			return keep, other, err
		}
		found[one] = p
	}
	return found[id], found[otherID], nil
}

func (s *leadStore) merge(ctx context.Context, tx pgx.Tx, keep, other lead.Person, actor booking.Actor) (lead.Person, error) {
	united := lead.Unite(keep, other)
	hashes, err := s.hashes(ctx, united.Numbers())
	if err != nil {
		return lead.Person{}, err
	}
	optedOut, err := isOptedOut(ctx, tx, hashes...)
	if err != nil {
		return lead.Person{}, err
	}
	if optedOut || united.Status == lead.StatusOptedOut {
		united.Status = lead.StatusOptedOut
		if err := s.registerAll(ctx, tx, united.Numbers(), actor); err != nil {
			return lead.Person{}, err
		}
	}
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE customers SET identity = 'merged:' || id, merged_into = $2, name = '', phone = '', email = '', tags = '{}', source = '',
		notes = '', custom_fields = '{}', last_contacted_at = NULL, updated_at = clock_timestamp() WHERE id = $1`, other.ID, keep.ID)
	batch.Queue(`UPDATE customers SET merged_into = $2 WHERE merged_into = $1`, other.ID, keep.ID)
	batch.Queue(`UPDATE customer_aliases SET customer_id = $2 WHERE customer_id = $1`, other.ID, keep.ID)
	batch.Queue(`UPDATE bookings SET customer_id = $2 WHERE customer_id = $1`, other.ID, keep.ID)
	batch.Queue(`UPDATE lead_events SET customer_id = $2 WHERE customer_id = $1`, other.ID, keep.ID)
	for _, identity := range []string{keep.Identity(), other.Identity()} {
		if identity != united.Identity() {
			batch.Queue(`INSERT INTO customer_aliases (identity, customer_id) VALUES ($1, $2)
				ON CONFLICT (identity) DO UPDATE SET customer_id = excluded.customer_id`, identity, keep.ID)
		}
	}
	batch.Queue(`DELETE FROM customer_aliases WHERE identity = $1`, united.Identity())
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return lead.Person{}, err
	}
	return savePerson(ctx, tx, united, actor, request.Merged(keep, other, united)...)
}

// Erase implements lead.Store.
func (s *leadStore) Erase(ctx context.Context, id string, actor booking.Actor) error {
	if !request.IsUUID(id) {
		return booking.ErrNotFound
	}
	if _, err := s.hashKey(ctx); err != nil {
		return wrap("erase person", err)
	}
	_, err := s.write(ctx, "erase person", nil, func(tx pgx.Tx) (request.Earlier, error) {
		p, err := lockPerson(ctx, tx, id)
		if err != nil {
			return request.Earlier{}, err
		}
		hashes, err := s.hashes(ctx, p.Numbers())
		if err != nil {
			return request.Earlier{}, err
		}
		batch := &pgx.Batch{}
		batch.Queue(`UPDATE customers SET identity = 'erased:' || id, erased_at = clock_timestamp(), updated_at = clock_timestamp(), name = '', phone = '',
			email = '', tags = '{}', source = '', notes = '', custom_fields = '{}', last_contacted_at = NULL WHERE id = $1`, p.ID)
		batch.Queue(`UPDATE bookings SET notes = '', cancellation_reason = '', booked_for = NULL, custom_fields = '{}' WHERE customer_id = $1`, p.ID)
		batch.Queue(`DELETE FROM customer_aliases WHERE customer_id = $1`, p.ID)
		batch.Queue(`UPDATE opt_outs SET phone = NULL, reason = '' WHERE number_hash = ANY ($1::bytea[])`, hashes)
		batch.Queue(`DELETE FROM lead_claims WHERE subject = $1`, p.ID)
		if err := tx.SendBatch(ctx, batch).Close(); err != nil {
			return request.Earlier{}, err
		}
		return request.Earlier{}, addLeadEvents(ctx, tx, p.ID, actor, lead.Event{Type: lead.EventErased})
	})
	return err
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
