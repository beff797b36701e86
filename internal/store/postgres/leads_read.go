package postgres

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Get implements lead.Store.
func (s *leadStore) Get(ctx context.Context, id string) (lead.Person, error) {
	if !request.IsUUID(id) {
		return lead.Person{}, booking.ErrNotFound
	}
	p, err := scanPerson(s.pool.QueryRow(ctx, `SELECT `+leadColumns+` FROM customers c WHERE c.id = `+survivor+` AND `+isPresent, id))
	return p, wrap("get person", err)
}

// conditions builds a WHERE clause; texts are fixed and values are parameters.
type conditions struct {
	texts  []string
	values []any
}

// add adds a condition in which every ? stands for the value.
func (c *conditions) add(text string, value any) {
	c.values = append(c.values, value)
	c.texts = append(c.texts, strings.ReplaceAll(text, "?", "$"+strconv.Itoa(len(c.values))))
}

// folded is a text without regard to case. The collation is named, because the database's own may know ASCII only.
const folded = ` COLLATE "und-x-icu"`

// List implements lead.Store.
func (s *leadStore) List(ctx context.Context, filter lead.Filter) ([]lead.Person, error) {
	if err := request.CheckLeadFilter(filter); err != nil {
		return nil, err
	}
	where := &conditions{texts: []string{isPresent}}
	if len(filter.Statuses) > 0 {
		where.add(`c.status = ANY (?::text[])`, texts(filter.Statuses))
	}
	if len(filter.Tags) > 0 {
		where.add(`c.tags @> ?::text[]`, filter.Tags)
	}
	if len(filter.Sources) > 0 {
		where.add(`c.source = ANY (?::text[])`, filter.Sources)
	}
	if filter.Text != "" {
		where.add(`position(lower(?::text`+folded+`) IN lower((c.name || chr(10) || c.email || chr(10) || c.phone)`+folded+`)) > 0`, filter.Text)
	}
	if filter.Phone != "" {
		where.add(`(c.identity = ? OR c.id = (SELECT a.customer_id FROM customer_aliases a WHERE a.identity = ?))`, filter.Phone)
	}
	if !filter.CreatedSince.IsZero() {
		where.add(`c.created_at >= ?`, filter.CreatedSince)
	}
	if filter.After != "" {
		where.add(`c.id < ?::uuid`, filter.After)
	}
	where.values = append(where.values, filter.Limit)
	rows, err := s.pool.Query(ctx, `SELECT `+leadColumns+` FROM customers c WHERE `+strings.Join(where.texts, " AND ")+
		` ORDER BY c.id DESC LIMIT $`+strconv.Itoa(len(where.values)), where.values...)
	if err != nil {
		return nil, wrap("list people", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (lead.Person, error) { return scanPerson(row) })
	return list, wrap("list people", err)
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, text := range list {
		out[i] = string(text)
	}
	return out
}

const timelineSQL = `
SELECT at, kind, sequence, type, details, booking_id, actor, channel FROM (
	SELECT e.at, 'l' AS kind, e.sequence, e.type, e.details, NULL::uuid AS booking_id, e.actor, e.channel
	FROM lead_events e WHERE e.customer_id = $1
	UNION ALL
	SELECT e.at, 'b', e.sequence, e.type, '{}'::jsonb, e.booking_id, e.actor, e.channel
	FROM bookings b JOIN booking_events e ON e.booking_id = b.id WHERE b.customer_id = $1
) AS entry
WHERE $2::timestamptz IS NULL OR (at, kind, sequence) < ($2, $3, $4)
ORDER BY at DESC, kind DESC, sequence DESC LIMIT $5`

// Timeline implements lead.Store.
func (s *leadStore) Timeline(ctx context.Context, id string, after lead.Position, limit int) ([]lead.Entry, error) {
	if !request.IsUUID(id) {
		return nil, booking.ErrNotFound
	}
	rows, err := s.pool.Query(ctx, timelineSQL, id, optionalTime(after.At), after.Kind, after.Sequence, limit)
	if err != nil {
		return nil, wrap("read timeline", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e lead.Entry, err error) {
		var (
			at        time.Time
			bookingID *string
		)
		err = row.Scan(&at, &e.Position.Kind, &e.Position.Sequence, &e.Type, &e.Details, &bookingID, &e.Actor, &e.Channel)
		e.Position.At = at.UTC()
		if bookingID != nil {
			e.BookingID = *bookingID
		}
		return e, err
	})
	return list, wrap("read timeline", err)
}
