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

// Import implements lead.Store.
func (s *leadStore) Import(ctx context.Context, r lead.Import) (counts lead.Counts, answer string, err error) {
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return counts, "", err
	}
	earlier, err := s.write(ctx, "import people", r.Idempotency, func(tx *sql.Tx) (request.Earlier, error) {
		run, err := s.prepareImport(ctx, tx, r)
		if err != nil {
			return request.Earlier{}, err
		}
		for batch, err := range r.Batches {
			if err != nil {
				return request.Earlier{}, err
			}
			for _, draft := range batch {
				if err := run.put(ctx, draft); err != nil {
					return request.Earlier{}, err
				}
			}
		}
		counts = run.counts
		if r.Answer == nil {
			return request.Earlier{}, nil
		}
		return request.Earlier{Answer: r.Answer(counts)}, nil
	})
	if earlier != nil {
		return lead.Counts{}, earlier.Answer, err
	}
	return counts, "", err
}

// importRun is one import within its transaction, with the statements that it runs for every row.
type importRun struct {
	store                             *leadStore
	tx                                *sql.Tx
	request                           lead.Import
	counts                            lead.Counts
	optedOut, find, alias, add, event *sql.Stmt
}

func (s *leadStore) prepareImport(ctx context.Context, tx *sql.Tx, r lead.Import) (*importRun, error) {
	run := &importRun{store: s, tx: tx, request: r}
	for _, statement := range []struct {
		into **sql.Stmt
		text string
	}{
		{&run.optedOut, `SELECT EXISTS (SELECT 1 FROM opt_outs WHERE number_hash = ?)`},
		{&run.find, `SELECT ` + leadColumns + ` FROM customers c WHERE c.identity = ? AND ` + isPresent},
		{&run.alias, `SELECT ` + leadColumns + ` FROM customers c JOIN customer_aliases w ON w.customer_id = c.id WHERE w.identity = ? AND ` + isPresent},
		{&run.add, `
			INSERT INTO customers (id, identity, name, phone, email, status, tags, source, notes, custom_fields, created_at, updated_at)
			SELECT ?1, ?2, ?3, ?2, ?4, ?5, ?6, ?7, ?8, ?9, now, now FROM (SELECT ` + clock + ` AS now)`},
		{&run.event, `INSERT INTO lead_events (customer_id, type, at, actor, channel, details) VALUES (?, ?, ` + clock + `, ?, ?, ?)`},
	} {
		prepared, err := tx.PrepareContext(ctx, statement.text) // the transaction's end releases it
		if err != nil {
			return nil, err
		}
		*statement.into = prepared
	}
	return run, nil
}

// put does for one draft of an import what Create does.
func (r *importRun) put(ctx context.Context, d lead.Draft) error {
	hash, err := r.store.hash(ctx, d.Phone)
	if err != nil {
		return err
	}
	var refused bool
	if err := r.optedOut.QueryRowContext(ctx, hash).Scan(&refused); err != nil {
		return err
	}
	if refused {
		r.counts.OptedOut++
		return nil
	}
	p, err := scanPerson(r.find.QueryRowContext(ctx, d.Phone))
	if errors.Is(err, booking.ErrNotFound) {
		p, err = scanPerson(r.alias.QueryRowContext(ctx, d.Phone))
	}
	if errors.Is(err, booking.ErrNotFound) {
		r.counts.Created++
		return r.insert(ctx, d)
	}
	if err != nil {
		return err
	}
	after := lead.Absorb(p, d)
	if len(lead.Differences(p, after)) == 0 {
		r.counts.Unchanged++
		return nil
	}
	r.counts.Updated++
	if r.request.DryRun {
		return nil
	}
	_, err = r.store.changeTo(ctx, r.tx, p, after, r.request.Actor)
	return err
}

func (r *importRun) insert(ctx context.Context, d lead.Draft) error {
	if err := request.CheckDraft(d, r.request.Actor, nil); err != nil || r.request.DryRun {
		return err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	p := lead.Fresh(id.String(), d)
	if p.Status == lead.StatusOptedOut {
		if err := r.store.register(ctx, r.tx, p.Phone, "", r.request.Actor); err != nil {
			return err
		}
	}
	_, err = r.add.ExecContext(ctx, p.ID, p.Phone, p.Name, p.Email, string(p.Status), asJSON(p.Tags), p.Source, p.Notes, asJSON(p.Custom))
	if err != nil {
		return err
	}
	_, err = r.event.ExecContext(ctx, p.ID, string(lead.EventCreated), r.request.Actor.Principal, r.request.Actor.Channel,
		asJSON(map[string]string{"source": p.Source}))
	return err
}
