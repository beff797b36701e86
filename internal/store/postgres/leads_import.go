package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// lockImports makes imports, and merges with them, take turns. Each touches many people in an order of its own, and two
// such transactions would wait for each other crosswise. Their statements take arrays of a thousand people, for which a plan
// made for a few would be quadratic: they are planned each time. Whoever has the turn may wait for the locks of people for longer
// than others: it is one at a time, and it would have much to begin anew.
func lockImports(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
		pg_advisory_xact_lock(hashtextextended('frontdesk/leads', 0)), set_config('lock_timeout', '10s', true)`)
	return err
}

// Import implements lead.Store.
func (s *leadStore) Import(ctx context.Context, r lead.Import) (counts lead.Counts, answer string, err error) {
	if err := request.CheckActor(r.Actor, r.Idempotency); err != nil {
		return counts, "", err
	}
	if _, err := s.hashKey(ctx); err != nil {
		return counts, "", wrap("import people", err)
	}
	earlier, err := s.write(ctx, "import people", r.Idempotency, func(tx pgx.Tx) (request.Earlier, error) {
		counts = lead.Counts{}
		if err := lockImports(ctx, tx); err != nil {
			return request.Earlier{}, err
		}
		for batch, err := range r.Batches {
			if err != nil {
				return request.Earlier{}, err
			}
			if err := s.importBatch(ctx, tx, r, batch, &counts); err != nil {
				return request.Earlier{}, err
			}
		}
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

// importBatch decides about each draft as Create does, and writes the whole batch with a few statements. Rows are not
// locked to be looked at: what others changed in between is looked at again.
func (s *leadStore) importBatch(ctx context.Context, tx pgx.Tx, r lead.Import, drafts []lead.Draft, counts *lead.Counts) error {
	drafts, err := s.withoutOptedOut(ctx, tx, drafts, counts)
	for range maxAttempts {
		if err != nil || len(drafts) == 0 {
			return err
		}
		known, err := peopleOf(ctx, tx, drafts)
		if err != nil {
			return err
		}
		plan := planImport(drafts, known)
		counts.Unchanged += plan.unchanged
		if r.DryRun {
			counts.Created += len(plan.fresh)
			counts.Updated += len(drafts) - len(plan.fresh) - len(plan.settled)
			return nil
		}
		inserted, err := insertPeople(ctx, tx, plan.fresh, r.Actor)
		if err != nil {
			return err
		}
		updated, err := updatePeople(ctx, tx, plan.changed, r.Actor)
		if err != nil {
			return err
		}
		if err := s.registerAll(ctx, tx, optingOut(drafts, inserted, updated), r.Actor); err != nil {
			return err
		}
		counts.Created, counts.Updated = counts.Created+len(inserted), counts.Updated+len(updated)
		drafts = slices.DeleteFunc(slices.Clone(drafts), func(d lead.Draft) bool {
			return plan.settled[d.Phone] || inserted[d.Phone] || updated[d.Phone]
		})
	}
	if len(drafts) > 0 {
		return booking.ErrUnavailable
	}
	return err
}

func (s *leadStore) withoutOptedOut(ctx context.Context, tx pgx.Tx, drafts []lead.Draft, counts *lead.Counts) ([]lead.Draft, error) {
	phones := make([]string, len(drafts))
	for i, draft := range drafts {
		phones[i] = draft.Phone
	}
	hashes, err := s.hashes(ctx, phones)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `SELECT number_hash FROM opt_outs WHERE number_hash = ANY ($1::bytea[])`, hashes)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil {
		return nil, err
	}
	refused := make(map[string]bool, len(found))
	for _, hash := range found {
		refused[string(hash)] = true
	}
	kept := make([]lead.Draft, 0, len(drafts))
	for i, draft := range drafts {
		if refused[string(hashes[i])] {
			counts.OptedOut++
			continue
		}
		kept = append(kept, draft)
	}
	return kept, nil
}

// peopleOf returns who is known of the drafts, by the number asked for.
func peopleOf(ctx context.Context, tx pgx.Tx, drafts []lead.Draft) (map[string]lead.Person, error) {
	phones := make([]string, len(drafts))
	for i, draft := range drafts {
		phones[i] = draft.Phone
	}
	// Aliases first, so that who has the number itself replaces who has it as an alias.
	rows, err := tx.Query(ctx, `
		SELECT `+leadColumns+`, w.identity, 1 AS rank FROM customers c
			JOIN customer_aliases w ON w.customer_id = c.id WHERE w.identity = ANY ($1::text[]) AND `+isPresent+`
		UNION ALL
		SELECT `+leadColumns+`, c.identity, 2 FROM customers c WHERE c.identity = ANY ($1::text[]) AND `+isPresent+`
		ORDER BY rank`, phones)
	if err != nil {
		return nil, err
	}
	known := make(map[string]lead.Person)
	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var (
			phone string
			rank  int
		)
		p, err := scanPerson(row, &phone, &rank)
		known[phone] = p
		return struct{}{}, err
	})
	return known, err
}

// importPlan is what is to be done about a batch.
type importPlan struct {
	fresh     []lead.Draft
	changed   []plannedChange
	unchanged int
	settled   map[string]bool // by number: nothing is to be done
}

type plannedChange struct {
	phone         string
	before, after lead.Person
}

func planImport(drafts []lead.Draft, known map[string]lead.Person) importPlan {
	plan := importPlan{settled: map[string]bool{}}
	// Two numbers of a file may be one person, by an alias: each builds on what the one before made of it.
	latest := map[string]int{}
	for _, draft := range drafts {
		p, found := known[draft.Phone]
		if !found {
			plan.fresh = append(plan.fresh, draft)
			continue
		}
		if i, again := latest[p.ID]; again {
			after := lead.Absorb(plan.changed[i].after, draft)
			if len(lead.Differences(plan.changed[i].after, after)) == 0 {
				plan.unchanged++
				plan.settled[draft.Phone] = true
			}
			// Otherwise it is left for the next round, when the first change is written.
			continue
		}
		after := lead.Absorb(p, draft)
		if len(lead.Differences(p, after)) == 0 {
			plan.unchanged++
			plan.settled[draft.Phone] = true
			continue
		}
		latest[p.ID] = len(plan.changed)
		plan.changed = append(plan.changed, plannedChange{draft.Phone, p, after})
	}
	return plan
}

// insertPeople inserts those whose numbers nobody has, and says which.
func insertPeople(ctx context.Context, tx pgx.Tx, drafts []lead.Draft, actor booking.Actor) (map[string]bool, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	cols := newPersonColumns(len(drafts))
	for _, draft := range drafts {
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		if err := request.CheckDraft(draft, actor, nil); err != nil {
			return nil, err
		}
		cols.add(lead.Fresh(id.String(), draft))
	}
	rows, err := tx.Query(ctx, `WITH added AS (
			INSERT INTO customers (id, identity, name, phone, email, status, tags, source, notes, custom_fields)
			SELECT r.id, r.phone, r.name, r.phone, r.email, r.status, ARRAY(SELECT jsonb_array_elements_text(r.tags::jsonb)), r.source, r.notes, r.custom::jsonb
			FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
				AS r (id, phone, name, email, status, tags, source, notes, custom)
			ON CONFLICT (identity) DO NOTHING
			RETURNING id, identity, source
		), event AS (
			INSERT INTO lead_events (customer_id, type, actor, channel, details)
			SELECT id, $10::text, $11::text, $12::text, jsonb_build_object('source', source) FROM added
		)
		SELECT identity FROM added`,
		cols.ids, cols.phones, cols.names, cols.emails, cols.statuses, cols.tags, cols.sources, cols.notes, cols.custom,
		string(lead.EventCreated), actor.Principal, actor.Channel)
	if err != nil {
		return nil, err
	}
	return setOf(pgx.CollectRows(rows, pgx.RowTo[string]))
}

// updatePeople writes those who are still as they were looked at, and says which numbers these are.
func updatePeople(ctx context.Context, tx pgx.Tx, changes []plannedChange, actor booking.Actor) (map[string]bool, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	cols, versions, wanted := newPersonColumns(len(changes)), []int{}, []string{}
	for _, change := range changes {
		cols.add(change.after)
		versions, wanted = append(versions, change.before.Version), append(wanted, change.phone)
	}
	rows, err := tx.Query(ctx, `
		UPDATE customers c SET name = r.name, email = r.email, status = r.status, tags = ARRAY(SELECT jsonb_array_elements_text(r.tags::jsonb)),
			source = r.source, notes = r.notes, custom_fields = r.custom::jsonb, updated_at = clock_timestamp()
		FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::integer[], $10::text[])
			AS r (id, name, email, status, tags, source, notes, custom, version, phone)
		WHERE c.id = r.id AND c.version = r.version AND `+isPresent+`
		RETURNING r.phone`,
		cols.ids, cols.names, cols.emails, cols.statuses, cols.tags, cols.sources, cols.notes, cols.custom, versions, wanted)
	if err != nil {
		return nil, err
	}
	written, err := setOf(pgx.CollectRows(rows, pgx.RowTo[string]))
	if err != nil {
		return nil, err
	}
	var ids, types, details []string
	for _, change := range changes {
		if !written[change.phone] {
			continue
		}
		for _, event := range lead.Differences(change.before, change.after) {
			ids, types, details = append(ids, change.after.ID), append(types, string(event.Type)), append(details, asJSON(event.Details))
		}
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO lead_events (customer_id, type, actor, channel, details)
		SELECT r.id, r.type, $4::text, $5::text, r.details::jsonb FROM unnest($1::uuid[], $2::text[], $3::text[]) AS r (id, type, details)`,
		ids, types, details, actor.Principal, actor.Channel)
	return written, err
}

// optingOut are the numbers of drafts that say so themselves, as far as they were written.
func optingOut(drafts []lead.Draft, written ...map[string]bool) (phones []string) {
	for _, draft := range drafts {
		if draft.Status == lead.StatusOptedOut && (written[0][draft.Phone] || written[1][draft.Phone]) {
			phones = append(phones, draft.Phone)
		}
	}
	return phones
}

// personColumns are people turned on their side, for unnest. Lists and objects are JSON: unnest would flatten them.
type personColumns struct {
	ids, phones, names, emails, statuses, tags, sources, notes, custom []string
}

func newPersonColumns(size int) *personColumns {
	return &personColumns{ids: make([]string, 0, size)}
}

func (c *personColumns) add(p lead.Person) {
	c.ids, c.phones, c.names = append(c.ids, p.ID), append(c.phones, p.Phone), append(c.names, p.Name)
	c.emails, c.statuses, c.tags = append(c.emails, p.Email), append(c.statuses, string(p.Status)), append(c.tags, asJSON(p.Tags))
	c.sources, c.notes, c.custom = append(c.sources, p.Source), append(c.notes, p.Notes), append(c.custom, asJSON(p.Custom))
}

func setOf(list []string, err error) (map[string]bool, error) {
	set := make(map[string]bool, len(list))
	for _, text := range list {
		set[text] = true
	}
	return set, err
}
