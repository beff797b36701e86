package booking_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// TestTimeHasOneOwner lets events come in any order and holds the desk to a model of the waitlist: each time belongs to
// one live booking, to one live offer, or to nobody; time that is freed while somebody waits for it goes to the
// first in line and is shown to nobody else until that offer has ended.
func TestTimeHasOneOwner(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newWaitlistModel(t)
		defer m.close()
		for range rapid.IntRange(4, 14).Draw(t, "steps") {
			rapid.SampledFrom([]func(){m.book, m.join, m.join, m.cancel, m.cancel, m.move, m.leave, m.accept, m.decline, m.lapse}).Draw(t, "step")()
			m.check()
		}
	})
}

var modelStarts = []string{"2030-06-04 14:00", "2030-06-04 14:30", "2030-06-04 15:00"}

// waitlistModel is what should be, beside a desk that does it.
type waitlistModel struct {
	*desk
	t *rapid.T
	// owner has the booking of each start, offers included; empty for nobody.
	owner map[string]string
	line  []*modelEntry
	file  string
	close func()
	n     int
}

type modelEntry struct {
	id      string
	wants   map[string]bool
	offered map[string]bool
	status  booking.WaitStatus
	start   string // that it is offered
}

func newWaitlistModel(t *rapid.T) *waitlistModel {
	folder, err := os.MkdirTemp("", "waitlist-*") // rapid's T has no folder of its own
	if err != nil {
		t.Fatal(err)
	}
	m := &waitlistModel{t: t, owner: map[string]string{}, file: filepath.Join(folder, "frontdesk.db")}
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: m.file})
	if err != nil {
		t.Fatal(err)
	}
	m.close = func() {
		if err := errors.Join(store.Close(), os.RemoveAll(folder)); err != nil {
			t.Error(err)
		}
	}
	doc := business()
	withWaitlist(doc)
	catalog, err := booking.NewCatalog(doc)
	if err != nil {
		t.Fatal(err)
	}
	m.desk = &desk{store: &countingStore{Store: store}, Service: booking.NewService(store, catalog, func() time.Time { return at("2030-06-03 08:00") })}
	return m
}

func (m *waitlistModel) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

// somebody is a new person.
func (m *waitlistModel) somebody() booking.Customer {
	m.n++
	return booking.Customer{Name: "Somebody", Phone: fmt.Sprintf("+4420794601%02d", m.n)}
}

func (m *waitlistModel) anyStart(label string) string {
	return rapid.SampledFrom(modelStarts).Draw(m.t, label)
}

// freed gives a start to the first in line.
func (m *waitlistModel) freed(start string) {
	m.owner[start] = ""
	for _, e := range m.line {
		if e.status == booking.WaitWaiting && e.wants[start] && !e.offered[start] {
			e.status, e.start = booking.WaitOffered, start
			e.offered[start] = true
			entry, err := m.WaitlistEntry(m.t.Context(), e.id)
			m.must(err)
			m.owner[start] = entry.OfferID
			return
		}
	}
}

func (m *waitlistModel) offerAt(start string) *modelEntry {
	i := slices.IndexFunc(m.line, func(e *modelEntry) bool { return e.status == booking.WaitOffered && e.start == start })
	if i < 0 {
		return nil
	}
	return m.line[i]
}

func (m *waitlistModel) book() {
	start := m.anyStart("book")
	made, _, err := m.Book(m.t.Context(), wish("xray", start, func(r *booking.Request) { r.Customer = m.somebody() }))
	switch {
	case m.owner[start] == "":
		m.must(err)
		m.owner[start] = made.ID
	case booking.CodeOf(err) != booking.CodeSlotTaken:
		m.t.Fatalf("booking %s, which has an owner: %v", start, err)
	}
}

func (m *waitlistModel) join() {
	wants := rapid.SliceOfNDistinct(rapid.SampledFrom(modelStarts), 1, len(modelStarts), rapid.ID[string]).Draw(m.t, "wants")
	request := joining("xray", wants[0], "2030-06-04 18:00", func(r *booking.JoinRequest) { r.Windows, r.Customer = nil, m.somebody() })
	e := &modelEntry{wants: map[string]bool{}, offered: map[string]bool{}, status: booking.WaitWaiting}
	for _, start := range wants {
		e.wants[start] = true
		request.Windows = append(request.Windows, booking.Interval{Start: at(start), End: at(start).Add(time.Minute)})
	}
	entry, _, err := m.Join(m.t.Context(), request)
	m.must(err)
	e.id = entry.ID
	m.line = append(m.line, e)
}

func (m *waitlistModel) cancel() {
	start := m.anyStart("cancel")
	if m.owner[start] == "" {
		return
	}
	_, _, err := m.Cancel(m.t.Context(), booking.CancelRequest{ID: m.owner[start], Actor: booking.Actor{Override: true}})
	m.must(err)
	if e := m.offerAt(start); e != nil {
		e.status = booking.WaitWaiting // calling an offer off is declining it
	}
	m.freed(start)
}

func (m *waitlistModel) move() {
	from, to := m.anyStart("from"), m.anyStart("to")
	if m.owner[from] == "" || m.owner[to] != "" || m.offerAt(from) != nil {
		return
	}
	moved, _, err := m.Reschedule(m.t.Context(), booking.RescheduleRequest{ID: m.owner[from], Start: at(to), Actor: booking.Actor{Override: true}})
	m.must(err)
	m.owner[to] = moved.ID
	m.freed(from)
}

// anyEntry is nil when nobody has ever joined.
func (m *waitlistModel) anyEntry() *modelEntry {
	if len(m.line) == 0 {
		return nil
	}
	return rapid.SampledFrom(m.line).Draw(m.t, "entry")
}

func (m *waitlistModel) leave() {
	e := m.anyEntry()
	if e == nil || e.status != booking.WaitWaiting && e.status != booking.WaitOffered {
		return
	}
	_, _, err := m.Leave(m.t.Context(), booking.ChangeRequest{ID: e.id})
	m.must(err)
	offered := e.status == booking.WaitOffered
	e.status = booking.WaitLeft
	if offered {
		m.freed(e.start)
	}
}

func (m *waitlistModel) accept() {
	e := m.anyEntry()
	if e == nil || e.status != booking.WaitOffered {
		return
	}
	_, _, err := m.AcceptOffer(m.t.Context(), booking.OfferRequest{EntryID: e.id})
	m.must(err)
	e.status = booking.WaitBooked
}

func (m *waitlistModel) decline() {
	e := m.anyEntry()
	if e == nil || e.status != booking.WaitOffered {
		return
	}
	_, _, err := m.DeclineOffer(m.t.Context(), booking.OfferRequest{EntryID: e.id})
	m.must(err)
	e.status = booking.WaitWaiting
	m.freed(e.start)
}

// lapse lets an offer run out. Then somebody books its time, or reads and so hands it on.
func (m *waitlistModel) lapse() {
	e := m.anyEntry()
	if e == nil || e.status != booking.WaitOffered {
		return
	}
	m.expire(m.owner[e.start])
	e.status = booking.WaitWaiting
	if rapid.Bool().Draw(m.t, "booked by somebody") {
		m.owner[e.start] = ""
		made, _, err := m.Book(m.t.Context(), wish("xray", e.start, func(r *booking.Request) { r.Customer = m.somebody() }))
		m.must(err)
		m.owner[e.start] = made.ID
		return
	}
	m.freeStarts()
	m.freed(e.start)
}

// expire makes a hold's time run out in the database, whose clock no test can move: now, after everybody in line joined.
func (m *waitlistModel) expire(id string) {
	db, err := sql.Open("sqlite", "file:"+m.file+"?_busy_timeout=5000")
	m.must(err)
	defer func() { m.must(db.Close()) }()
	var end int64
	m.must(db.QueryRowContext(m.t.Context(), `SELECT max(joined_at) + 1 FROM waitlist`).Scan(&end))
	for _, statement := range []string{
		`UPDATE bookings SET hold_expires_at = ? WHERE id = ?`, `UPDATE occupancy SET expires_at = ? WHERE booking_id = ?`,
		`UPDATE waitlist SET offer_expires_at = ? WHERE offer_id = ?`,
	} {
		_, err := db.ExecContext(m.t.Context(), statement, end, id)
		m.must(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		now, err := m.store.Now(m.t.Context())
		m.must(err)
		if now.UnixMicro() >= end {
			return
		}
		if time.Now().After(deadline) {
			m.t.Fatalf("the clock of the database stays before %d", end)
		}
	}
}

// freeStarts are the starts that anybody is shown.
func (m *waitlistModel) freeStarts() []time.Time {
	slots, err := m.Slots(m.t.Context(), booking.SlotQuery{ServiceID: "xray", From: at(modelStarts[0]), To: at("2030-06-04 15:01")})
	m.must(err)
	var starts []time.Time
	for _, slot := range slots {
		starts = append(starts, slot.Start)
	}
	return starts
}

// check compares the desk with the model.
func (m *waitlistModel) check() {
	shown := m.freeStarts()
	live := map[string][]string{}
	bookings, _, _, err := m.List(m.t.Context(), booking.Filter{Limit: booking.MaxPageSize})
	m.must(err)
	for _, b := range bookings {
		if b.Status.Live() {
			start := b.Start.In(m.Catalog().Location()).Format("2006-01-02 15:04")
			live[start] = append(live[start], b.ID)
		}
	}
	for _, start := range modelStarts {
		var want []string
		if m.owner[start] != "" {
			want = []string{m.owner[start]}
		}
		if !slices.Equal(want, live[start]) {
			m.t.Fatalf("%s belongs to %v; want %v", start, live[start], want)
		}
		if got := slices.ContainsFunc(shown, at(start).Equal); got != (m.owner[start] == "") {
			m.t.Fatalf("%s is shown as free: %t, and belongs to %q", start, got, m.owner[start])
		}
	}
	for i, e := range m.line {
		if entry, err := m.WaitlistEntry(m.t.Context(), e.id); err != nil || entry.Status != e.status {
			m.t.Fatalf("number %d in line is %s, %v; want %s", i+1, entry.Status, err, e.status)
		}
	}
}
