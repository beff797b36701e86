package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/store/request"
)

// Get implements lead.Store.
func (s *leadStore) Get(ctx context.Context, id string) (lead.Person, error) {
	p, err := byID(ctx, s.read, id)
	return p, wrap("get person", err)
}

// List implements lead.Store.
func (s *leadStore) List(ctx context.Context, filter lead.Filter) ([]lead.Person, error) {
	if err := request.CheckLeadFilter(filter); err != nil {
		return nil, err
	}
	where, values := []string{isPresent}, []any{}
	add := func(condition string, value ...any) {
		where, values = append(where, condition), append(values, value...)
	}
	if len(filter.Statuses) > 0 {
		statuses := make([]string, len(filter.Statuses))
		for i, status := range filter.Statuses {
			statuses[i] = string(status)
		}
		add(`c.status IN (SELECT value FROM json_each(?))`, asJSON(statuses))
	}
	for _, tag := range filter.Tags {
		add(`EXISTS (SELECT 1 FROM json_each(c.tags) t WHERE t.value = ?)`, tag)
	}
	if len(filter.Sources) > 0 {
		add(`c.source IN (SELECT value FROM json_each(?))`, asJSON(filter.Sources))
	}
	if filter.Text != "" {
		add(`instr(frontdesk_fold(c.name || char(10) || c.email || char(10) || c.phone), ?) > 0`, strings.ToLower(filter.Text))
	}
	if filter.Phone != "" {
		add(`(c.identity = ? OR c.id = (SELECT a.customer_id FROM customer_aliases a WHERE a.identity = ?))`, filter.Phone, filter.Phone)
	}
	if !filter.CreatedSince.IsZero() {
		add(`c.created_at >= ?`, filter.CreatedSince.UnixMicro())
	}
	if filter.After != "" {
		add(`c.id < ?`, filter.After)
	}
	//nolint:gosec // the conditions are the fixed texts above
	rows, err := s.read.QueryContext(ctx, `SELECT `+leadColumns+` FROM customers c WHERE `+strings.Join(where, " AND ")+
		` ORDER BY c.id DESC LIMIT ?`, append(values, filter.Limit)...)
	list, err := collect(rows, err, func(rows *sql.Rows) (lead.Person, error) { return scanPerson(rows) })
	return list, wrap("list people", err)
}

const timelineSQL = `
SELECT at, kind, sequence, type, details, booking_id, actor, channel FROM (
	SELECT e.at, 'l' AS kind, e.sequence, e.type, e.details, '' AS booking_id, e.actor, e.channel
	FROM lead_events e WHERE e.customer_id = ?1
	UNION ALL
	SELECT e.at, 'b', e.sequence, e.type, '{}', e.booking_id, e.actor, e.channel
	FROM bookings b JOIN booking_events e ON e.booking_id = b.id WHERE b.customer_id = ?1
)
WHERE ?3 = '' OR (at, kind, sequence) < (?2, ?3, ?4)
ORDER BY at DESC, kind DESC, sequence DESC LIMIT ?5`

// Timeline implements lead.Store.
func (s *leadStore) Timeline(ctx context.Context, id string, after lead.Position, limit int) ([]lead.Entry, error) {
	rows, err := s.read.QueryContext(ctx, timelineSQL, id, after.At.UnixMicro(), after.Kind, after.Sequence, limit)
	list, err := collect(rows, err, func(rows *sql.Rows) (e lead.Entry, err error) {
		var (
			at      int64
			details string
		)
		if err := rows.Scan(&at, &e.Position.Kind, &e.Position.Sequence, &e.Type, &details, &e.BookingID, &e.Actor, &e.Channel); err != nil {
			return e, err
		}
		e.Position.At = fromMicros(at)
		if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
			return e, fmt.Errorf("read timeline: %w", err)
		}
		return e, nil
	})
	return list, wrap("read timeline", err)
}
