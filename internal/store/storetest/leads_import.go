package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// batches yields drafts three at a time.
func batches(drafts ...lead.Draft) iter.Seq2[[]lead.Draft, error] { return batchesOf(3, drafts) }

func batchesOf(size int, drafts []lead.Draft) iter.Seq2[[]lead.Draft, error] {
	return func(yield func([]lead.Draft, error) bool) {
		for batch := range slices.Chunk(drafts, size) {
			if !yield(batch, nil) {
				return
			}
		}
	}
}

func (f *leadFixture) mustImport(want lead.Counts, drafts ...lead.Draft) {
	f.Helper()
	got, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batches(drafts...), Actor: owner})
	if err != nil || got != want {
		f.Fatalf("Import = %+v, %v; want %+v", got, err, want)
	}
}

func testImport(f *leadFixture) {
	known := f.create(lead.Draft{Phone: newNumber(), Name: "Known", Notes: "kept"})
	merged := f.create(draft())
	if _, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: known.ID, OtherID: merged.ID, Actor: owner}); err != nil {
		f.Fatal(err)
	}
	optedOut := newNumber()
	f.optOut(optedOut)
	var drafts []lead.Draft
	for i := range 8 {
		drafts = append(drafts, lead.Draft{Phone: newNumber(), Name: fmt.Sprint("Person ", i), Tags: []string{"import"}, Source: "csv", Custom: map[string]string{"n": fmt.Sprint(i)}})
	}
	drafts = append(drafts,
		lead.Draft{Phone: known.Phone, Name: "Known by File", Notes: "ignored", Tags: []string{"import"}},
		lead.Draft{Phone: merged.Phone, Custom: map[string]string{"alias": "yes"}}, // the same person by the other number, in one file
		lead.Draft{Phone: optedOut, Name: "Left alone"})
	f.mustImport(lead.Counts{Created: 8, Updated: 2, OptedOut: 1}, drafts...)
	f.mustImport(lead.Counts{Unchanged: 10, OptedOut: 1}, drafts...)
	drafts[0].Name = "Renamed"
	f.mustImport(lead.Counts{Updated: 1, Unchanged: 9, OptedOut: 1}, drafts...)

	p := f.person(known.ID)
	if p.Name != "Known by File" || p.Custom["alias"] != "yes" || !slices.Contains(p.Tags, "import") || p.Notes != "kept\nPrefers mornings" {
		f.Errorf("unexpected: %+v", p)
	}
	if people := f.list(lead.Filter{Tags: []string{"import"}}); len(people) != 9 {
		f.Errorf("%d people are tagged", len(people))
	}
	if people := f.list(lead.Filter{Phone: optedOut}); len(people) != 0 {
		f.Errorf("who opted out was imported: %+v", people)
	}
	renamed := f.list(lead.Filter{Phone: drafts[0].Phone})[0]
	f.wantTypes(renamed.ID, "lead.created", "lead.updated")
	if renamed.Version != 2 || renamed.Status != lead.StatusNew || renamed.Source != "csv" || renamed.Custom["n"] != "0" {
		f.Errorf("unexpected: %+v", renamed)
	}
}

func testImportDryRun(f *leadFixture) {
	known := f.create(draft())
	drafts := []lead.Draft{draft(), draft(), {Phone: known.Phone, Name: "New Name"}, {Phone: known.Phone[:len(known.Phone)-1] + "x"}}
	drafts = drafts[:3]
	before := f.list(lead.Filter{})
	got, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batches(drafts...), DryRun: true, Actor: owner})
	if want := (lead.Counts{Created: 2, Updated: 1}); err != nil || got != want {
		f.Fatalf("Import = %+v, %v; want %+v", got, err, want)
	}
	after := f.list(lead.Filter{})
	if len(after) != len(before) {
		f.Fatalf("%d people became %d", len(before), len(after))
	}
	samePerson(f, after[0], before[0])
	f.mustImport(lead.Counts{Created: 2, Updated: 1}, drafts...)
}

func testImportFailsAsAWhole(f *leadFixture) {
	broken := errors.New("the file ends here")
	_, _, err := f.leads.Import(f.Context(), lead.Import{Actor: owner, Idempotency: claim("i", 1), Batches: func(yield func([]lead.Draft, error) bool) {
		_ = yield([]lead.Draft{draft(), draft()}, nil) && yield(nil, broken)
	}})
	if !errors.Is(err, broken) {
		f.Errorf("got %v", err)
	}
	if people := f.list(lead.Filter{}); len(people) != 0 {
		f.Errorf("%d people are left of an import that failed", len(people))
	}
	if _, _, err := f.leads.Import(f.Context(), lead.Import{Actor: owner, Idempotency: claim("i", 2), Batches: batches(draft())}); err != nil {
		f.Errorf("its key is taken: %v", err)
	}
}

func testImportIdempotency(f *leadFixture) {
	r := lead.Import{
		Batches: batches(draft(), draft()), Actor: owner, Idempotency: claim("i", 1),
		Answer: func(c lead.Counts) string { return fmt.Sprintf("created %d", c.Created) },
	}
	var (
		mu      sync.Mutex
		answers = map[string]int{}
		created int
	)
	race(8, func(int) {
		counts, answer, err := f.leads.Import(f.Context(), r)
		if err != nil {
			f.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		answers[answer]++
		created += counts.Created
	})
	if answers[""] != 1 || answers["created 2"] != 7 || created != 2 {
		f.Errorf("answers %v, %d created", answers, created)
	}
	r.Idempotency = claim("i", 2)
	if _, _, err := f.leads.Import(f.Context(), r); !errors.Is(err, booking.ErrIdempotencyMismatch) {
		f.Errorf("another file with the key: %v", err)
	}
}

// testImportRace imports the same people in different orders at once, while they are created and changed one by one.
func testImportRace(f *leadFixture) {
	var drafts []lead.Draft
	for range 60 {
		drafts = append(drafts, draft())
	}
	var (
		mu    sync.Mutex
		total lead.Counts
	)
	made := 0
	race(8, func(i int) {
		if i >= 5 {
			for _, d := range drafts[i:] {
				_, outcome, _, err := f.leads.Create(f.Context(), lead.NewPerson{Draft: d, Actor: owner})
				if err != nil {
					f.Error(err)
					return
				}
				if outcome == lead.Created {
					mu.Lock()
					made++
					mu.Unlock()
				}
			}
			return
		}
		mine := slices.Clone(drafts)
		if i%2 == 1 {
			slices.Reverse(mine)
		}
		counts, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batchesOf(7, mine), Actor: owner})
		if err != nil {
			f.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		total.Created, total.Unchanged, total.Updated = total.Created+counts.Created, total.Unchanged+counts.Unchanged, total.Updated+counts.Updated
	})
	if total.Created+made != 60 || total.Created+total.Unchanged != 300 || total.Updated != 0 {
		f.Errorf("imports %+v, %d created beside", total, made)
	}
	if people := f.list(lead.Filter{}); len(people) != 60 {
		f.Errorf("%d people", len(people))
	}
}

// testImportWhileBooking books for the very people that are being imported.
func testImportWhileBooking(f *leadFixture) {
	var drafts []lead.Draft
	for range 200 {
		drafts = append(drafts, lead.Draft{Phone: newNumber(), Name: "Imported", Tags: []string{"t"}})
	}
	race(9, func(i int) {
		if i == 0 {
			if _, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batchesOf(20, drafts), Actor: owner}); err != nil {
				f.Error(err)
			}
			return
		}
		for n := range 10 {
			r := appointment(fmt.Sprintf("room-%d", i), at(n, 0))
			r.Booking.Customer = booking.Customer{Name: "Booked", Phone: drafts[(i*25+n*3)%200].Phone}
			if _, _, err := f.Book(f.Context(), r); err != nil {
				f.Error(err)
			}
		}
	})
	people := f.list(lead.Filter{})
	if len(people) != 200 {
		f.Fatalf("%d people", len(people))
	}
	booked := 0
	for _, p := range people {
		if !slices.Contains(p.Tags, "t") {
			f.Errorf("%+v was not imported", p)
		}
		if p.Status == lead.StatusBooked {
			booked++
		}
	}
	if booked == 0 {
		f.Error("nobody is booked")
	}
}

// testImportThousands is the promise of seconds, with a bound that even a slow machine keeps.
func testImportThousands(f *leadFixture) {
	drafts := make([]lead.Draft, 20_000)
	for i := range drafts {
		drafts[i] = lead.Draft{
			Phone: fmt.Sprintf("+4477%08d", i), Name: fmt.Sprint("Person ", i), Email: fmt.Sprintf("p%d@example.com", i), Source: "csv",
			Tags: []string{"bulk"}, Custom: map[string]string{"n": fmt.Sprint(i)},
		}
	}
	for i, want := range []lead.Counts{{Created: 20_000}, {Unchanged: 20_000}} {
		start := time.Now()
		got, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batchesOf(1000, drafts), Actor: owner})
		if err != nil || got != want {
			f.Fatalf("run %d: %+v, %v", i, got, err)
		}
		took := time.Since(start)
		f.Logf("run %d: 20000 people in %v", i, took)
		if took > time.Minute {
			f.Errorf("run %d took %v", i, took)
		}
	}
}
