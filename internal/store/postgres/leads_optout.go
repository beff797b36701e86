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

// optOutColumns are what scanOptOut reads, from opt_outs o.
const optOutColumns = `o.id, coalesce(o.phone, ''), o.reason, o.channel, o.actor, o.created_at`

func scanOptOut(row pgx.Row, further ...any) (o lead.OptOut, err error) {
	err = row.Scan(append([]any{&o.ID, &o.Phone, &o.Reason, &o.Channel, &o.Actor, &o.CreatedAt}, further...)...)
	o.CreatedAt = o.CreatedAt.UTC()
	return o, err
}

// OptOut implements lead.Store.
func (s *leadStore) OptOut(ctx context.Context, r lead.NewOptOut) (o lead.OptOut, added bool, err error) {
	if err := request.CheckOptOut(r); err != nil {
		return lead.OptOut{}, false, err
	}
	hashes, err := s.hashes(ctx, []string{r.Phone})
	if err != nil {
		return lead.OptOut{}, false, wrap("opt out", err)
	}
	_, err = s.write(ctx, "opt out", nil, func(tx pgx.Tx) (request.Earlier, error) {
		known, err := isOptedOut(ctx, tx, hashes[0])
		if err != nil {
			return request.Earlier{}, err
		}
		added = !known
		if err := register(ctx, tx, hashes[0], r.Phone, r.Reason, r.Actor); err != nil {
			return request.Earlier{}, err
		}
		p, err := lockIdentity(ctx, tx, r.Phone)
		switch {
		case err == nil && p.Status != lead.StatusOptedOut:
			before := p
			p.Status = lead.StatusOptedOut
			events := append([]lead.Event{{Type: lead.EventOptedOut}}, lead.Differences(before, p)...)
			_, err = savePerson(ctx, tx, p, r.Actor, events...)
		case errors.Is(err, booking.ErrNotFound):
			err = nil
		}
		if err != nil {
			return request.Earlier{}, err
		}
		o, err = scanOptOut(tx.QueryRow(ctx, `SELECT `+optOutColumns+` FROM opt_outs o WHERE o.number_hash = $1`, hashes[0]))
		return request.Earlier{}, err
	})
	return o, added, err
}

// register adds a number to the registry. One that is there stays as it is, but for a number that had been forgotten.
func register(ctx context.Context, tx pgx.Tx, hash []byte, phone, reason string, actor booking.Actor) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO opt_outs AS o (number_hash, id, phone, reason, channel, actor) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (number_hash) DO UPDATE SET phone = excluded.phone WHERE o.phone IS NULL`,
		hash, id.String(), phone, reason, actor.Channel, actor.Principal)
	return err
}

func (s *leadStore) registerAll(ctx context.Context, tx pgx.Tx, phones []string, actor booking.Actor) error {
	hashes, err := s.hashes(ctx, phones)
	if err != nil {
		return err
	}
	for i, phone := range phones {
		if err := register(ctx, tx, hashes[i], phone, "", actor); err != nil {
			return err
		}
	}
	return nil
}

// isOptedOut says whether one of the hashes is in the registry.
func isOptedOut(ctx context.Context, tx pgx.Tx, hashes ...[]byte) (found bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM opt_outs WHERE number_hash = ANY ($1::bytea[]))`, hashes).Scan(&found)
	return found, err
}

// OptIn implements lead.Store.
func (s *leadStore) OptIn(ctx context.Context, phone string, actor booking.Actor) (removed bool, err error) {
	if err := request.CheckOptOut(lead.NewOptOut{Phone: phone, Actor: actor}); err != nil {
		return false, err
	}
	hashes, err := s.hashes(ctx, []string{phone})
	if err != nil {
		return false, wrap("opt in", err)
	}
	_, err = s.write(ctx, "opt in", nil, func(tx pgx.Tx) (request.Earlier, error) {
		tag, err := tx.Exec(ctx, `DELETE FROM opt_outs WHERE number_hash = $1`, hashes[0])
		if removed = tag.RowsAffected() > 0; err != nil || !removed {
			return request.Earlier{}, err
		}
		p, err := lockIdentity(ctx, tx, phone)
		if errors.Is(err, booking.ErrNotFound) || err == nil && p.Status != lead.StatusOptedOut {
			return request.Earlier{}, nil
		}
		if err != nil {
			return request.Earlier{}, err
		}
		// Another number of the same person may still be opted out.
		others, err := s.hashes(ctx, slices.DeleteFunc(p.Numbers(), func(n string) bool { return n == phone }))
		if err != nil {
			return request.Earlier{}, err
		}
		if still, err := isOptedOut(ctx, tx, others...); err != nil || still {
			return request.Earlier{}, err
		}
		before := p
		p.Status = lead.StatusContacted
		var booked bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM bookings b WHERE b.customer_id = $1 AND b.status IN ('pending', 'confirmed'))`,
			p.ID).Scan(&booked); err != nil {
			return request.Earlier{}, err
		}
		if booked {
			p.Status = lead.StatusBooked
		}
		_, err = savePerson(ctx, tx, p, actor, append([]lead.Event{{Type: lead.EventOptedIn}}, lead.Differences(before, p)...)...)
		return request.Earlier{}, err
	})
	return removed, err
}

// OptedOut implements lead.Store.
func (s *leadStore) OptedOut(ctx context.Context, phones []string) (map[string]lead.OptOut, error) {
	hashes, err := s.hashes(ctx, phones)
	if err != nil {
		return nil, wrap("read opt-outs", err)
	}
	rows, err := s.pool.Query(ctx, `
		SELECT `+optOutColumns+`, wanted.phone
		FROM unnest($1::bytea[], $2::text[]) AS wanted (hash, phone) JOIN opt_outs o ON o.number_hash = wanted.hash`, hashes, phones)
	if err != nil {
		return nil, wrap("read opt-outs", err)
	}
	found := map[string]lead.OptOut{}
	var phone string
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		o, err := scanOptOut(row, &phone)
		found[phone] = o
		return struct{}{}, err
	})
	if err != nil {
		return nil, wrap("read opt-outs", err)
	}
	return found, nil
}

// OptOuts implements lead.Store.
func (s *leadStore) OptOuts(ctx context.Context, after string, limit int) ([]lead.OptOut, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT `+optOutColumns+` FROM opt_outs o WHERE $1 = '' OR o.id < nullif($1, '')::uuid ORDER BY o.id DESC LIMIT $2`, after, limit)
	if err != nil {
		return nil, wrap("list opt-outs", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (lead.OptOut, error) { return scanOptOut(row) })
	return list, wrap("list opt-outs", err)
}

// CountOptOuts implements lead.Store.
func (s *leadStore) CountOptOuts(ctx context.Context) (count int, err error) {
	err = s.pool.QueryRow(ctx, `SELECT count(*) FROM opt_outs`).Scan(&count)
	return count, wrap("count opt-outs", err)
}
