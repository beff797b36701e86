package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Create implements lead.Store.
func (s *leadStore) Create(ctx context.Context, r lead.NewPerson) (p lead.Person, outcome lead.Outcome, replayed bool, err error) {
	if err := request.CheckDraft(r.Draft, r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, "", false, err
	}
	earlier, err := s.write(ctx, "create person", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		p, outcome, err = s.put(ctx, tx, r.Draft, r.Actor)
		return request.Earlier{Subject: p.ID, Answer: string(outcome)}, err
	})
	if earlier != nil {
		outcome = lead.Outcome(earlier.Answer)
	}
	p, replayed, err = s.personAnswer(ctx, p, earlier, err)
	return p, outcome, replayed, err
}

// put inserts who is not known, and brings who is known together with the draft.
func (s *leadStore) put(ctx context.Context, tx *sql.Tx, d lead.Draft, actor booking.Actor) (lead.Person, lead.Outcome, error) {
	p, err := byIdentity(ctx, tx, d.Phone)
	if errors.Is(err, booking.ErrNotFound) {
		p, err = s.insertPerson(ctx, tx, d, actor)
		return p, lead.Created, err
	}
	if err != nil {
		return lead.Person{}, "", err
	}
	after := lead.Absorb(p, d)
	if len(lead.Differences(p, after)) == 0 {
		return p, lead.Unchanged, nil
	}
	p, err = s.changeTo(ctx, tx, p, after, actor)
	return p, lead.Updated, err
}

// byIdentity returns the person with a number. Who has it as an alias comes second.
func byIdentity(ctx context.Context, tx *sql.Tx, identity string) (lead.Person, error) {
	p, err := scanPerson(tx.QueryRowContext(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.identity = ? AND `+isPresent, identity))
	if !errors.Is(err, booking.ErrNotFound) {
		return p, err
	}
	return scanPerson(tx.QueryRowContext(ctx, `
		SELECT `+leadColumns+` FROM customers c JOIN customer_aliases w ON w.customer_id = c.id WHERE w.identity = ? AND `+isPresent, identity))
}

// survivor is the id of the person that ?1 has become part of, or ?1. Merging keeps the chain one step long.
const survivor = `coalesce((SELECT m.merged_into FROM customers m WHERE m.id = ?1), ?1)`

// byID returns a person, or the one it was merged into.
func byID(ctx context.Context, db queryer, id string) (lead.Person, error) {
	return scanPerson(db.QueryRowContext(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.id = `+survivor+` AND `+isPresent, id))
}

func (s *leadStore) insertPerson(ctx context.Context, tx *sql.Tx, d lead.Draft, actor booking.Actor) (lead.Person, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return lead.Person{}, err
	}
	p := lead.Fresh(id.String(), d)
	optedOut, err := s.isOptedOut(ctx, tx, p.Phone)
	switch {
	case err != nil:
		return lead.Person{}, err
	case optedOut:
		p.Status = lead.StatusOptedOut
	case p.Status == lead.StatusOptedOut:
		if err := s.register(ctx, tx, p.Phone, "", actor); err != nil {
			return lead.Person{}, err
		}
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO customers (id, identity, name, phone, email, status, tags, source, notes, custom_fields, created_at, updated_at)
		SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, now, now FROM (SELECT `+clock+` AS now)`,
		p.ID, p.Identity(), p.Name, p.Phone, p.Email, string(p.Status), asJSON(p.Tags), p.Source, p.Notes, asJSON(p.Custom))
	if err != nil {
		return lead.Person{}, err
	}
	if err := addLeadEvents(ctx, tx, p.ID, actor, request.Created(p)); err != nil {
		return lead.Person{}, err
	}
	return byID(ctx, tx, p.ID)
}

// savePerson writes what may have changed of a person and the events of it, and returns the person as it is then.
func savePerson(ctx context.Context, tx *sql.Tx, p lead.Person, actor booking.Actor, events ...lead.Event) (lead.Person, error) {
	_, err := tx.ExecContext(ctx, `
		UPDATE customers SET identity = ?, name = ?, phone = ?, email = ?, status = ?, tags = ?, source = ?, notes = ?,
			custom_fields = ?, last_contacted_at = ?, created_at = ?, updated_at = `+clock+`
		WHERE id = ?`,
		p.Identity(), p.Name, p.Phone, p.Email, string(p.Status), asJSON(p.Tags), p.Source, p.Notes, asJSON(p.Custom),
		optionalTime(p.LastContactedAt), p.CreatedAt.UnixMicro(), p.ID)
	if isIdentityTaken(err) {
		err = lead.ErrNumberTaken
	}
	if err == nil {
		err = addLeadEvents(ctx, tx, p.ID, actor, events...)
	}
	if err != nil {
		return lead.Person{}, err
	}
	return byID(ctx, tx, p.ID)
}

// Change implements lead.Store.
func (s *leadStore) Change(ctx context.Context, r lead.Change) (p lead.Person, replayed bool, err error) {
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, false, err
	}
	earlier, err := s.write(ctx, "change person", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		before, err := byID(ctx, tx, r.ID)
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
func (s *leadStore) changeTo(ctx context.Context, tx *sql.Tx, before, after lead.Person, actor booking.Actor) (lead.Person, error) {
	if after.Identity() != before.Identity() {
		if err := freeIdentity(ctx, tx, after); err != nil {
			return lead.Person{}, err
		}
	}
	if after.Phone != before.Phone {
		optedOut, err := s.isOptedOut(ctx, tx, after.Phone)
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
func freeIdentity(ctx context.Context, tx *sql.Tx, p lead.Person) error {
	var taken bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM customer_aliases WHERE identity = ? AND customer_id <> ?)`, p.Identity(), p.ID).Scan(&taken)
	if err == nil && taken {
		err = lead.ErrNumberTaken
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM customer_aliases WHERE identity = ?`, p.Identity())
	return err
}

// Erase implements lead.Store.
func (s *leadStore) Erase(ctx context.Context, id string, actor booking.Actor) error {
	_, err := s.write(ctx, "erase person", nil, func(tx *sql.Tx) (request.Earlier, error) {
		p, err := byID(ctx, tx, id)
		if err != nil {
			return request.Earlier{}, err
		}
		for _, phone := range p.Numbers() {
			hash, err := s.hash(ctx, phone)
			if err == nil {
				_, err = tx.ExecContext(ctx, `UPDATE opt_outs SET phone = NULL, reason = '' WHERE number_hash = ?`, hash)
			}
			if err != nil {
				return request.Earlier{}, err
			}
		}
		for _, statement := range []string{
			`UPDATE customers SET identity = 'erased:' || id, erased_at = ` + clock + `, updated_at = ` + clock + `, name = '', phone = '', email = '',
				tags = '[]', source = '', notes = '', custom_fields = '{}', last_contacted_at = NULL WHERE id = ?`,
			`UPDATE bookings SET notes = '', cancellation_reason = '', booked_for = NULL, custom_fields = '{}' WHERE customer_id = ?`,
			`UPDATE waitlist SET notes = '', joined_for = NULL, offer_expires_at = NULL, status = iif(status = 'booked', status, 'left')
				WHERE customer_id = ?`,
			`DELETE FROM customer_aliases WHERE customer_id = ?`,
			`DELETE FROM lead_claims WHERE subject = ?`,
		} {
			if _, err := tx.ExecContext(ctx, statement, p.ID); err != nil {
				return request.Earlier{}, err
			}
		}
		return request.Earlier{}, addLeadEvents(ctx, tx, p.ID, actor, lead.Event{Type: lead.EventErased})
	})
	return err
}
