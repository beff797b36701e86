package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// leadTests are the contract of lead.Store, one name for each promise.
var leadTests = map[string]func(*leadFixture){
	"KeepsEveryField":        testPersonKeepsEveryField,
	"SameNumberIsOnePerson":  testSameNumberIsOnePerson,
	"HostileText":            testPersonHostileText,
	"RefusesWhatItCannot":    testPersonRefused,
	"CreateRace":             testCreateRace,
	"CreateIdempotency":      testCreateIdempotency,
	"ChangeRace":             testChangeRace,
	"ChangeRefused":          testChangeRefused,
	"ChangeNumber":           testChangeNumber,
	"ListFilters":            testPeopleFilters,
	"ListPages":              testPeoplePages,
	"BookingMakesBooked":     testBookingMakesBooked,
	"BookingBringsName":      testBookingBringsName,
	"Merge":                  testMerge,
	"MergeRace":              testMergeRace,
	"MergedAddress":          testMergedAddress,
	"MergedNumber":           testMergedNumber,
	"MergedNumberRace":       testMergedNumberRace,
	"MergedNumberLimit":      testMergedNumberLimit,
	"OptOut":                 testOptOut,
	"OptOutOfUnknownNumber":  testOptOutOfUnknownNumber,
	"OptOutSurvivesErasure":  testOptOutSurvivesErasure,
	"OptOutByStatus":         testOptOutByStatus,
	"OptOutIsMerged":         testOptOutIsMerged,
	"Erase":                  testErase,
	"WaitlistOfPerson":       testWaitlistOfPerson,
	"Timeline":               testTimeline,
	"Import":                 testImport,
	"ImportDryRun":           testImportDryRun,
	"ImportFailsAsAWhole":    testImportFailsAsAWhole,
	"ImportIdempotency":      testImportIdempotency,
	"ImportRace":             testImportRace,
	"ImportWhileBooking":     testImportWhileBooking,
	"ImportThousands":        testImportThousands,
	"ClosedStoreUnavailable": testLeadsOfClosedStore,
}

// RunLeads holds an engine to the contract of lead.Store.
func RunLeads(t *testing.T, engine Engine) {
	for name, test := range leadTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := engine.New(t)
			store := open(t, engine, location)
			test(&leadFixture{fixture: &fixture{T: t, engine: engine, location: location, Store: store}, leads: Leads(t, store)})
		})
	}
}

// Leads returns the people of a store.
func Leads(t testing.TB, store booking.Store) lead.Store {
	t.Helper()
	keeper, ok := store.(interface{ Leads() lead.Store })
	if !ok {
		t.Fatalf("%T keeps no people", store)
	}
	return keeper.Leads()
}

type leadFixture struct {
	*fixture
	leads lead.Store
}

var owner = booking.Actor{Principal: "key:test", Channel: "api"}

func newNumber() string { return somebody().Phone }

func draft() lead.Draft {
	return lead.Draft{
		Name: "Ann Miller", Phone: newNumber(), Email: "ann@example.com", Tags: []string{"recall", "vip"}, Source: "website",
		Notes: "Prefers mornings", Custom: map[string]string{"car": "Mini"},
	}
}

func (f *leadFixture) create(d lead.Draft) lead.Person {
	f.Helper()
	p, _, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: d, Actor: owner})
	if err != nil {
		f.Fatalf("Create: %v", err)
	}
	return p
}

func (f *leadFixture) person(id string) lead.Person {
	f.Helper()
	p, err := f.leads.Get(f.Context(), id)
	if err != nil {
		f.Fatalf("Get: %v", err)
	}
	return p
}

func (f *leadFixture) list(filter lead.Filter) []lead.Person {
	f.Helper()
	if filter.Limit == 0 {
		filter.Limit = 1000
	}
	people, err := f.leads.List(f.Context(), filter)
	if err != nil {
		f.Fatalf("List: %v", err)
	}
	return people
}

func (f *leadFixture) change(id string, apply func(*lead.Person)) (lead.Person, error) {
	p, _, err := f.leads.Change(f.Context(), lead.Change{ID: id, Actor: owner, Apply: func(p lead.Person) (lead.Person, error) {
		apply(&p)
		return p, nil
	}})
	return p, err
}

func (f *leadFixture) optedOut(phone string) bool {
	f.Helper()
	found, err := f.leads.OptedOut(f.Context(), []string{phone, newNumber()})
	if err != nil || len(found) > 1 {
		f.Fatalf("OptedOut = %v, %v", found, err)
	}
	return len(found) == 1
}

// types are the events of a person, the oldest first.
func (f *leadFixture) types(id string) (types []string) {
	f.Helper()
	entries, err := f.leads.Timeline(f.Context(), id, lead.Position{}, 1000)
	if err != nil {
		f.Fatalf("Timeline: %v", err)
	}
	for _, entry := range entries {
		types = append([]string{string(entry.Type)}, types...)
	}
	return types
}

func (f *leadFixture) wantTypes(id string, want ...string) {
	f.Helper()
	if diff := cmp.Diff(want, f.types(id)); diff != "" {
		f.Errorf("timeline differs (-want +got):\n%s", diff)
	}
}

func samePerson(t testing.TB, got, want lead.Person) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Millisecond)); diff != "" {
		t.Errorf("person differs (-want +got):\n%s", diff)
	}
}

func testPersonKeepsEveryField(f *leadFixture) {
	d := draft()
	before := f.now()
	p, outcome, replayed, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: d, Actor: owner})
	if err != nil || outcome != lead.Created || replayed {
		f.Fatalf("Create = %v, %v, %v", outcome, replayed, err)
	}
	samePerson(f, p, lead.Person{
		ID: p.ID, Name: d.Name, Phone: d.Phone, Email: d.Email, Status: lead.StatusNew, Tags: d.Tags, Source: d.Source,
		Notes: d.Notes, Custom: d.Custom, Version: 1, CreatedAt: p.CreatedAt, UpdatedAt: p.CreatedAt,
	})
	if p.CreatedAt.Before(before.Add(-time.Second)) || !isUTC(p.CreatedAt) {
		f.Errorf("created at %v, after %v", p.CreatedAt, before)
	}
	samePerson(f, f.person(p.ID), p)
	contacted := f.now()
	changed, err := f.change(p.ID, func(p *lead.Person) {
		p.Name, p.Email, p.Status, p.Tags, p.Source = "Ann Lee", "", lead.StatusEngaged, nil, "referral"
		p.Notes, p.Custom, p.LastContactedAt = "", map[string]string{"boat": "no"}, contacted
	})
	if err != nil {
		f.Fatal(err)
	}
	samePerson(f, changed, lead.Person{
		ID: p.ID, Name: "Ann Lee", Phone: d.Phone, Status: lead.StatusEngaged, Source: "referral", Custom: map[string]string{"boat": "no"},
		LastContactedAt: contacted, CreatedAt: p.CreatedAt, UpdatedAt: changed.UpdatedAt, Version: 2,
	})
	samePerson(f, f.person(p.ID), changed)
}

func testSameNumberIsOnePerson(f *leadFixture) {
	d := draft()
	first := f.create(d)
	again, outcome, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: d, Actor: owner})
	if err != nil || outcome != lead.Unchanged {
		f.Fatalf("the same again: %v, %v", outcome, err)
	}
	samePerson(f, again, first)
	more := lead.Draft{Phone: d.Phone, Name: "Ann Lee", Tags: []string{"new"}, Source: "csv", Notes: "x", Custom: map[string]string{"boat": "yes"}, Status: lead.StatusEngaged}
	p, outcome, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: more, Actor: owner})
	if err != nil || outcome != lead.Updated {
		f.Fatalf("more about her: %v, %v", outcome, err)
	}
	samePerson(f, p, lead.Person{
		ID: first.ID, Name: "Ann Lee", Phone: d.Phone, Email: d.Email, Status: lead.StatusNew, Tags: []string{"new", "recall", "vip"}, Source: "website",
		Notes: d.Notes, Custom: map[string]string{"car": "Mini", "boat": "yes"}, Version: 2, CreatedAt: first.CreatedAt, UpdatedAt: p.UpdatedAt,
	})
	// The last ten digits are the same; the people are not.
	other := f.create(lead.Draft{Phone: "+1" + d.Phone[3:]})
	if other.ID == first.ID {
		f.Error("two numbers that end alike were taken for one")
	}
	f.wantTypes(first.ID, "lead.created", "lead.updated")
}

func testPersonHostileText(f *leadFixture) {
	hostile := `'; DROP TABLE customers; -- "\` + "\u202eمرحبا\u0301 \\N $1 {x} %s <script>"
	d := lead.Draft{
		Name: hostile, Phone: newNumber(), Email: "a@b.c", Tags: []string{hostile}, Source: hostile, Notes: hostile,
		Custom: map[string]string{hostile: hostile},
	}
	p := f.create(d)
	samePerson(f, f.person(p.ID), lead.Person{
		ID: p.ID, Name: hostile, Phone: d.Phone, Email: d.Email, Status: lead.StatusNew, Tags: d.Tags, Source: hostile, Notes: hostile,
		Custom: d.Custom, Version: 1, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	})
	for _, filter := range []lead.Filter{{Text: hostile}, {Tags: []string{hostile}}, {Sources: []string{hostile}}} {
		if found := f.list(filter); len(found) != 1 {
			f.Errorf("%+v finds %d", filter, len(found))
		}
	}
	d.Phone, d.Notes = newNumber(), "" // in an import too
	if _, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batches(d), Actor: owner}); err != nil {
		f.Fatal(err)
	}
	if found := f.list(lead.Filter{Phone: d.Phone}); len(found) != 1 || found[0].Name != hostile || found[0].Custom[hostile] != hostile {
		f.Errorf("imported: %+v", found)
	}
}

func testPersonRefused(f *leadFixture) {
	for name, d := range map[string]lead.Draft{
		"no number": {Name: "x"},
		"NUL":       {Phone: newNumber(), Name: "a\x00b"},
		"no UTF-8":  {Phone: newNumber(), Custom: map[string]string{"a": "\xff"}},
		"status":    {Phone: newNumber(), Status: "dreaming"},
	} {
		_, _, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: d, Actor: owner})
		if !errors.Is(err, booking.ErrInvalidRequest) {
			f.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{newID(), "x", ""} {
		if _, err := f.leads.Get(f.Context(), id); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Get(%q): %v", id, err)
		}
		if _, err := f.change(id, func(*lead.Person) {}); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Change(%q): %v", id, err)
		}
		if err := f.leads.Erase(f.Context(), id, owner); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Erase(%q): %v", id, err)
		}
		if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: f.create(draft()).ID, OtherID: id, Actor: owner}); !errors.Is(err, booking.ErrNotFound) {
			f.Errorf("Merge(%q): %v", id, err)
		}
	}
}
