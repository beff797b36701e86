// Package audit reads from a store's database whether what was promised is there: straight from the tables, past the
// store's own code and past the constraint that it relies on.
package audit

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver pgx
	_ "modernc.org/sqlite"             // driver sqlite
)

// Engine is how a database is reached and asked.
type Engine struct {
	driver string
	// bookings lists, for each unit of each booking: id, status, notes, resource, unit, and the blocked range in
	// microseconds since 1970.
	bookings string
	// events counts events by booking and type.
	events string
}

const events = `SELECT booking_id, type, count(*) FROM booking_events GROUP BY booking_id, type`

// The engines.
var (
	Postgres = Engine{driver: "pgx", events: events, bookings: `
		SELECT b.id, b.status, b.notes, u.resource_id, u.unit,
			(extract(epoch FROM lower(b.blocked)) * 1000000)::bigint, (extract(epoch FROM upper(b.blocked)) * 1000000)::bigint
		FROM bookings b, unnest(b.resource_ids, b.unit_numbers) AS u (resource_id, unit)`}
	SQLite = Engine{driver: "sqlite", events: events, bookings: `
		SELECT b.id, b.status, b.notes, json_extract(u.value, '$[0]'), json_extract(u.value, '$[1]'), b.blocked_from, b.blocked_to
		FROM bookings b, json_each(b.units) AS u`}
)

// Booking is one unit that one booking has or had.
type Booking struct {
	ID, Status, Notes string
	Resource          string
	Unit              int
	From, To          time.Time
}

// Live says whether the booking holds its unit. There are no holds in our loads.
func (b Booking) Live() bool { return b.Status == "confirmed" || b.Status == "pending" }

// Bookings reads every booking there is, ordered by resource, unit and time.
func Bookings(ctx context.Context, engine Engine, url string) (list []Booking, err error) {
	err = query(ctx, engine, url, engine.bookings, func(rows *sql.Rows) error {
		var (
			b        Booking
			from, to int64
		)
		err := rows.Scan(&b.ID, &b.Status, &b.Notes, &b.Resource, &b.Unit, &from, &to)
		b.From, b.To = time.UnixMicro(from).UTC(), time.UnixMicro(to).UTC()
		list = append(list, b)
		return err
	})
	slices.SortFunc(list, func(a, b Booking) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), a.Unit-b.Unit, a.From.Compare(b.From), a.To.Compare(b.To))
	})
	return list, err
}

// Overlap is two live bookings on one unit at one time.
type Overlap struct{ One, Other Booking }

// Overlaps reads the live bookings and returns those that overlap.
func Overlaps(ctx context.Context, engine Engine, url string) ([]Overlap, error) {
	list, err := Bookings(ctx, engine, url)
	return FindOverlaps(list), err
}

// FindOverlaps returns the pairs of live bookings in a list, ordered as by Bookings, that overlap.
func FindOverlaps(list []Booking) (found []Overlap) {
	var before []Booking // live ones of the same unit that may reach into the next
	for _, b := range list {
		if !b.Live() {
			continue
		}
		before = slices.DeleteFunc(before, func(a Booking) bool {
			return a.Resource != b.Resource || a.Unit != b.Unit || !a.To.After(b.From)
		})
		for _, a := range before {
			found = append(found, Overlap{a, b})
		}
		before = append(before, b)
	}
	return found
}

// RepeatedEvents counts events beyond the first of each type that a booking has more than once; moving a booking may
// happen more than once.
func RepeatedEvents(ctx context.Context, engine Engine, url string) (repeated int, err error) {
	err = query(ctx, engine, url, engine.events, func(rows *sql.Rows) error {
		var (
			id, kind string
			count    int
		)
		err := rows.Scan(&id, &kind, &count)
		if kind != "booking.rescheduled" {
			repeated += count - 1
		}
		return err
	})
	return repeated, err
}

func query(ctx context.Context, engine Engine, url, text string, each func(*sql.Rows) error) (err error) {
	db, err := sql.Open(engine.driver, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, text)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	return rows.Err()
}
