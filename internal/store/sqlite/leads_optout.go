package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// optOutColumns are what scanOptOut reads, from opt_outs o.
const optOutColumns = `o.id, coalesce(o.phone, ''), o.reason, o.channel, o.actor, o.created_at`

func scanOptOut(row scanner) (o lead.OptOut, err error) {
	var created int64
	err = row.Scan(&o.ID, &o.Phone, &o.Reason, &o.Channel, &o.Actor, &created)
	o.CreatedAt = fromMicros(created)
	return o, err
}

// OptOut implements lead.Store.
func (s *leadStore) OptOut(ctx context.Context, r lead.NewOptOut) (o lead.OptOut, added bool, err error) {
	if err := request.CheckOptOut(r); err != nil {
		return lead.OptOut{}, false, err
	}
	_, err = s.write(ctx, "opt out", nil, func(tx *sql.Tx) (request.Earlier, error) {
		known, err := s.isOptedOut(ctx, tx, r.Phone)
		if err != nil {
			return request.Earlier{}, err
		}
		added = !known
		if err := s.register(ctx, tx, r.Phone, r.Reason, r.Actor); err != nil {
			return request.Earlier{}, err
		}
		p, err := byIdentity(ctx, tx, r.Phone)
		switch {
		case err == nil && p.Status != lead.StatusOptedOut:
			before := p
			p.Status = lead.StatusOptedOut
			_, err = savePerson(ctx, tx, p, r.Actor, append([]lead.Event{{Type: lead.EventOptedOut}}, lead.Differences(before, p)...)...)
		case errors.Is(err, booking.ErrNotFound):
			err = nil
		}
		if err != nil {
			return request.Earlier{}, err
		}
		hash, err := s.hash(ctx, r.Phone)
		if err == nil {
			o, err = scanOptOut(tx.QueryRowContext(ctx, `SELECT `+optOutColumns+` FROM opt_outs o WHERE o.number_hash = ?`, hash))
		}
		return request.Earlier{}, err
	})
	return o, added, err
}

// register adds a number to the registry. One that is there stays as it is, but for a number that had been forgotten.
func (s *leadStore) register(ctx context.Context, tx *sql.Tx, phone, reason string, actor booking.Actor) error {
	hash, err := s.hash(ctx, phone)
	if err != nil {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO opt_outs AS o (number_hash, id, phone, reason, channel, actor, created_at) VALUES (?, ?, ?, ?, ?, ?, `+clock+`)
		ON CONFLICT (number_hash) DO UPDATE SET phone = excluded.phone WHERE o.phone IS NULL`,
		hash, id.String(), phone, reason, actor.Channel, actor.Principal)
	return err
}

func (s *leadStore) registerAll(ctx context.Context, tx *sql.Tx, phones []string, actor booking.Actor) error {
	for _, phone := range phones {
		if err := s.register(ctx, tx, phone, "", actor); err != nil {
			return err
		}
	}
	return nil
}

// isOptedOut says whether one of the numbers is in the registry.
func (s *leadStore) isOptedOut(ctx context.Context, db queryer, phones ...string) (found bool, err error) {
	for _, phone := range phones {
		hash, err := s.hash(ctx, phone)
		if err == nil {
			err = db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM opt_outs WHERE number_hash = ?)`, hash).Scan(&found)
		}
		if err != nil || found {
			return found, err
		}
	}
	return false, nil
}

// OptIn implements lead.Store.
func (s *leadStore) OptIn(ctx context.Context, phone string, actor booking.Actor) (removed bool, err error) {
	if err := request.CheckOptOut(lead.NewOptOut{Phone: phone, Actor: actor}); err != nil {
		return false, err
	}
	_, err = s.write(ctx, "opt in", nil, func(tx *sql.Tx) (request.Earlier, error) {
		hash, err := s.hash(ctx, phone)
		if err != nil {
			return request.Earlier{}, err
		}
		result, err := tx.ExecContext(ctx, `DELETE FROM opt_outs WHERE number_hash = ?`, hash)
		if err != nil {
			return request.Earlier{}, err
		}
		rows, err := result.RowsAffected()
		if removed = rows > 0; err != nil || !removed {
			return request.Earlier{}, err
		}
		return request.Earlier{}, s.welcomeBack(ctx, tx, phone, actor)
	})
	return removed, err
}

// welcomeBack gives who has the number a status again, unless another number of the same person is still opted out.
func (s *leadStore) welcomeBack(ctx context.Context, tx *sql.Tx, phone string, actor booking.Actor) error {
	p, err := byIdentity(ctx, tx, phone)
	if errors.Is(err, booking.ErrNotFound) || err == nil && p.Status != lead.StatusOptedOut {
		return nil
	}
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(p.Numbers(), func(n string) bool { return n == phone })
	if still, err := s.isOptedOut(ctx, tx, others...); err != nil || still {
		return err
	}
	var booked bool
	err = tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM bookings b WHERE b.customer_id = ? AND b.status IN ('pending', 'confirmed'))`, p.ID).Scan(&booked)
	if err != nil {
		return err
	}
	before := p
	p.Status = lead.StatusContacted
	if booked {
		p.Status = lead.StatusBooked
	}
	_, err = savePerson(ctx, tx, p, actor, append([]lead.Event{{Type: lead.EventOptedIn}}, lead.Differences(before, p)...)...)
	return err
}

// OptedOut implements lead.Store.
func (s *leadStore) OptedOut(ctx context.Context, phones []string) (map[string]lead.OptOut, error) {
	found := map[string]lead.OptOut{}
	for _, phone := range phones {
		hash, err := s.hash(ctx, phone)
		if err != nil {
			return nil, err
		}
		o, err := scanOptOut(s.read.QueryRowContext(ctx, `SELECT `+optOutColumns+` FROM opt_outs o WHERE o.number_hash = ?`, hash))
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return nil, wrap("read opt-outs", err)
		}
		found[phone] = o
	}
	return found, nil
}

// OptOuts implements lead.Store.
func (s *leadStore) OptOuts(ctx context.Context, after string, limit int) ([]lead.OptOut, error) {
	rows, err := s.read.QueryContext(ctx, `
		SELECT `+optOutColumns+` FROM opt_outs o WHERE ?1 = '' OR o.id < ?1 ORDER BY o.id DESC LIMIT ?2`, after, limit)
	list, err := collect(rows, err, func(rows *sql.Rows) (lead.OptOut, error) { return scanOptOut(rows) })
	return list, wrap("list opt-outs", err)
}

// CountOptOuts implements lead.Store.
func (s *leadStore) CountOptOuts(ctx context.Context) (count int, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT count(*) FROM opt_outs`).Scan(&count)
	return count, wrap("count opt-outs", err)
}
