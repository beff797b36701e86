package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func testCreateRace(f *leadFixture) {
	d := draft()
	var (
		mu       sync.Mutex
		outcomes = map[lead.Outcome]int{}
		ids      = map[string]int{}
	)
	race(32, func(i int) {
		mine := d
		mine.Tags = []string{fmt.Sprintf("t%02d", i)}
		p, outcome, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: mine, Actor: owner})
		if err != nil {
			f.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		outcomes[outcome]++
		ids[p.ID]++
	})
	if len(ids) != 1 || outcomes[lead.Created] != 1 || outcomes[lead.Updated] != 31 {
		f.Errorf("%d people, outcomes %v", len(ids), outcomes)
	}
	if people := f.list(lead.Filter{}); len(people) != 1 || len(people[0].Tags) != 32 || people[0].Version != 32 {
		f.Errorf("unexpected: %+v", people)
	}
}

func testCreateIdempotency(f *leadFixture) {
	r := lead.NewPerson{Draft: draft(), Actor: owner, Idempotency: claim("k", 1)}
	var (
		mu       sync.Mutex
		replays  int
		outcomes = map[lead.Outcome]int{}
	)
	race(16, func(int) {
		_, outcome, replayed, err := f.leads.Create(f.Context(), r)
		if err != nil {
			f.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		outcomes[outcome]++
		if replayed {
			replays++
		}
	})
	if replays != 15 || outcomes[lead.Created] != 16 {
		f.Errorf("%d replays, outcomes %v", replays, outcomes)
	}
	r.Idempotency = claim("k", 2)
	if _, _, _, err := f.leads.Create(f.Context(), r); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("another request with the key: %v", err)
	}
	// A request that fails leaves its key free.
	failing := lead.Change{ID: newID(), Actor: owner, Idempotency: claim("c", 1), Apply: func(p lead.Person) (lead.Person, error) { return p, nil }}
	if _, _, err := f.leads.Change(f.Context(), failing); !errors.Is(err, booking.ErrNotFound) {
		f.Fatal(err)
	}
	failing.ID, failing.Idempotency = f.list(lead.Filter{})[0].ID, claim("c", 2)
	failing.Apply = func(p lead.Person) (lead.Person, error) { p.Notes += "!"; return p, nil }
	for i, want := range []bool{false, true} {
		p, replayed, err := f.leads.Change(f.Context(), failing)
		if err != nil || replayed != want || p.Notes != "Prefers mornings!" {
			f.Errorf("change %d: %q, %v, %v", i, p.Notes, replayed, err)
		}
	}
}

func testChangeRace(f *leadFixture) {
	p := f.create(draft())
	var won sync.Map
	race(24, func(i int) {
		_, _, err := f.leads.Change(f.Context(), lead.Change{ID: p.ID, Version: p.Version, Actor: owner, Apply: func(p lead.Person) (lead.Person, error) {
			p.Notes = fmt.Sprint(i)
			return p, nil
		}})
		switch {
		case err == nil:
			won.Store(i, true)
		case !errors.Is(err, lead.ErrVersion):
			f.Error(err)
		}
	})
	winners := 0
	won.Range(func(any, any) bool { winners++; return true })
	if winners != 1 {
		f.Errorf("%d changes of one version won", winners)
	}
	race(24, func(int) { // without a version every change takes effect
		if _, err := f.change(p.ID, func(p *lead.Person) { p.Notes += "x" }); err != nil {
			f.Error(err)
		}
	})
	if after := f.person(p.ID); len(after.Notes) < 25 || after.Version != 26 {
		f.Errorf("notes %q, version %d", after.Notes, after.Version)
	}
}

func testChangeRefused(f *leadFixture) {
	p := f.create(draft())
	refusal := errors.New("no")
	_, _, err := f.leads.Change(f.Context(), lead.Change{ID: p.ID, Actor: owner, Apply: func(lead.Person) (lead.Person, error) { return lead.Person{}, refusal }})
	if !errors.Is(err, refusal) {
		f.Errorf("got %v", err)
	}
	same, err := f.change(p.ID, func(*lead.Person) {})
	if err != nil || same.Version != 1 {
		f.Errorf("a change of nothing: version %d, %v", same.Version, err)
	}
	f.wantTypes(p.ID, "lead.created")
}

func testChangeNumber(f *leadFixture) {
	p, other := f.create(draft()), f.create(draft())
	if _, err := f.change(p.ID, func(p *lead.Person) { p.Phone = other.Phone }); !errors.Is(err, lead.ErrNumberTaken) {
		f.Fatalf("another person's number: %v", err)
	}
	fresh := newNumber()
	changed, err := f.change(p.ID, func(p *lead.Person) { p.Phone = fresh })
	if err != nil || changed.Phone != fresh || changed.Version != 2 {
		f.Fatalf("%+v, %v", changed, err)
	}
	if back := f.create(lead.Draft{Phone: p.Phone}); back.ID == p.ID {
		f.Error("the old number still means the person")
	}
	if again := f.create(lead.Draft{Phone: fresh}); again.ID != p.ID {
		f.Error("the new number means somebody else")
	}
}

func testLeadsOfClosedStore(f *leadFixture) {
	f.makeWay()
	store, err := f.engine.Open(context.Background(), f.location)
	if err != nil {
		f.Fatal(err)
	}
	leads := Leads(f, store)
	if err := store.Close(); err != nil {
		f.Fatal(err)
	}
	if _, err := leads.OptedOut(f.Context(), []string{newNumber()}); !errors.Is(err, booking.ErrUnavailable) {
		f.Errorf("OptedOut: %v; who sends must learn that nobody knows", err)
	}
	if _, err := leads.Get(f.Context(), newID()); !errors.Is(err, booking.ErrUnavailable) {
		f.Errorf("Get: %v", err)
	}
	if _, _, _, err := leads.Create(f.Context(), lead.NewPerson{Draft: draft(), Actor: owner}); !errors.Is(err, booking.ErrUnavailable) {
		f.Errorf("Create: %v", err)
	}
}
