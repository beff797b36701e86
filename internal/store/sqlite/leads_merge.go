package sqlite

import (
	"context"
	"database/sql"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Merge implements lead.Store.
func (s *leadStore) Merge(ctx context.Context, r lead.Merging) (p lead.Person, replayed bool, err error) {
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return lead.Person{}, false, err
	}
	earlier, err := s.write(ctx, "merge people", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		var two [2]lead.Person
		for i, id := range []string{r.ID, r.OtherID} {
			two[i], err = scanPerson(tx.QueryRowContext(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.id = ? AND `+isPresent, id))
			if err != nil {
				return request.Earlier{}, err
			}
		}
		p, err = s.merge(ctx, tx, two[0], two[1], r.Actor)
		return request.Earlier{Subject: p.ID}, err
	})
	return s.personAnswer(ctx, p, earlier, err)
}

func (s *leadStore) merge(ctx context.Context, tx *sql.Tx, keep, other lead.Person, actor booking.Actor) (lead.Person, error) {
	united := lead.Unite(keep, other)
	optedOut, err := s.isOptedOut(ctx, tx, united.Numbers()...)
	if err != nil {
		return lead.Person{}, err
	}
	if optedOut || united.Status == lead.StatusOptedOut {
		united.Status = lead.StatusOptedOut
		if err := s.registerAll(ctx, tx, united.Numbers(), actor); err != nil {
			return lead.Person{}, err
		}
	}
	for _, statement := range []string{
		`UPDATE customers SET identity = 'merged:' || id, merged_into = ?2, name = '', phone = '', email = '', tags = '[]', source = '',
			notes = '', custom_fields = '{}', last_contacted_at = NULL, updated_at = ` + clock + ` WHERE id = ?1`,
		`UPDATE customers SET merged_into = ?2 WHERE merged_into = ?1`,
		`UPDATE customer_aliases SET customer_id = ?2 WHERE customer_id = ?1`,
		`UPDATE bookings SET customer_id = ?2 WHERE customer_id = ?1`,
		`UPDATE waitlist SET customer_id = ?2 WHERE customer_id = ?1`,
		`UPDATE lead_events SET customer_id = ?2 WHERE customer_id = ?1`,
	} {
		if _, err := tx.ExecContext(ctx, statement, other.ID, keep.ID); err != nil {
			return lead.Person{}, err
		}
	}
	for _, identity := range []string{keep.Identity(), other.Identity()} {
		if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO customer_aliases (identity, customer_id) VALUES (?, ?)`, identity, keep.ID); err != nil {
			return lead.Person{}, err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM customer_aliases WHERE identity = ?`, united.Identity()); err != nil {
		return lead.Person{}, err
	}
	return savePerson(ctx, tx, united, actor, request.Merged(keep, other, united)...)
}
