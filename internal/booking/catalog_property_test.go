package booking

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// What the operator accepted, the server must be able to serve: whatever Validate lets through compiles,
// and the engine answers questions about it at any time.
func TestValidDocumentsCompile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		doc := drawDocument(t)
		if doc.Validate() != nil {
			if _, err := NewCatalog(doc); err == nil {
				t.Fatal("NewCatalog accepts what Validate refuses")
			}
			return
		}
		catalog, err := NewCatalog(doc)
		if err != nil {
			t.Fatalf("Validate accepts the document, NewCatalog does not: %v", err)
		}
		now := time.Unix(rapid.Int64Range(time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2198, 1, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, "now"), 0)
		for _, service := range doc.Services {
			askEverything(t, catalog, service, now)
		}
	})
}

// TestDrawnDocumentsAreOftenValid: if too few are, the test above says too little.
func TestDrawnDocumentsAreOftenValid(t *testing.T) {
	t.Parallel()
	documents, valid := rapid.Custom(drawDocument), 0
	for seed := range 100 { // always the same ones
		if documents.Example(seed).Validate() == nil {
			valid++
		}
	}
	if valid < 20 {
		t.Errorf("only %d of 100 documents are valid", valid)
	}
}

func askEverything(t *rapid.T, catalog *Catalog, service tenantconfig.Service, now time.Time) {
	for id, plan := range catalog.services[service.ID].plans {
		engine, err := newEngine(facts{}.snapshot(catalog, plan, now))
		if err != nil {
			t.Fatalf("service %s with %q: %v", service.ID, id, err)
		}
		slots, err := engine.Slots(now, now.AddDate(0, 0, 9))
		if err != nil {
			t.Fatalf("Slots of %s with %q: %v", service.ID, id, err)
		}
		for _, slot := range slots[:min(len(slots), 3)] {
			found, reason := engine.Check(slot.StartTime())
			if !reason.OK() {
				t.Fatalf("%s is offered at %s, but Check says %v", service.ID, slot.StartTime(), reason)
			}
			checkAssignments(t, assignments(engine, found, plan.group, MaxCandidates), plan)
		}
		if _, err := engine.Nearest(now, reaches[len(reaches)-1], MaxAlternatives); err != nil {
			t.Fatalf("Nearest of %s with %q: %v", service.ID, id, err)
		}
	}
}

// checkAssignments: there is one, there are not too many, each has one unit for each requirement, from
// the right resources, none twice; and no assignment comes twice.
func checkAssignments(t *rapid.T, found []Assignment, p *plan) {
	if len(found) == 0 || len(found) > MaxCandidates {
		t.Fatalf("%d assignments", len(found))
	}
	capacity := map[string]int{}
	for _, resource := range p.resources {
		capacity[resource.ID] = resource.Units
	}
	seen := map[string]bool{}
	for _, assignment := range found {
		if len(assignment) != len(p.service.Requires) {
			t.Fatalf("%v does not fit %v", assignment, p.service.Requires)
		}
		used, key := map[Unit]bool{}, ""
		for i, unit := range assignment {
			if !contains(p.service.Requires[i], unit.ResourceID) || unit.Number < 1 || unit.Number > capacity[unit.ResourceID] {
				t.Fatalf("%v does not meet requirement %d, %v", assignment, i, p.service.Requires[i])
			}
			if used[unit] {
				t.Fatalf("%v uses a unit twice", assignment)
			}
			used[unit] = true
			key += unit.ResourceID + "/" + string(rune(unit.Number)) + " "
		}
		if seen[key] {
			t.Fatalf("%v comes twice", assignment)
		}
		seen[key] = true
	}
}

func contains(r availability.Requirement, id string) bool {
	for _, other := range r.AnyOf {
		if other == id {
			return true
		}
	}
	return false
}

var (
	someZones = []string{"UTC", "Europe/London", "Africa/Cairo", "America/Havana", "Pacific/Apia", "Australia/Lord_Howe",
		"Asia/Kathmandu", "Antarctica/Troll", "America/Sao_Paulo", "Etc/GMT-14", "EST5EDT", "Local", "localtime", "posix/UTC", ""}
	someDates   = []tenantconfig.Date{"0001-01-01", "1970-01-01", "2011-12-30", "2026-12-24", "2026-12-25", "2028-02-29", "9999-12-31", "2026-02-30", "0000-01-01", ""}
	someLengths = []time.Duration{0, time.Millisecond, time.Second, 59 * time.Second, time.Minute, 7 * time.Minute, 15 * time.Minute, 20 * time.Minute,
		61 * time.Second, time.Hour, 13 * time.Hour, 24 * time.Hour, 24*time.Hour + time.Second, 90 * 24 * time.Hour, 730 * 24 * time.Hour, 20000 * time.Hour, -time.Minute}
	someDays      = []tenantconfig.Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}
	someCalendars = []string{"", "GB-ENG", "DE-BY", "US", "GB", "XX"}
	someCounts    = []int{0, 1, 2, 7, 1000, 100_000, 1 << 40, -1}
)

// drawDocument draws a document that is often valid, and otherwise wrong in one place or two.
func drawDocument(t *rapid.T) *tenantconfig.Document {
	doc := &tenantconfig.Document{
		Version:       "1.0",
		Tenant:        tenantconfig.Tenant{Name: "a", DisplayName: "A", TimeZone: odd(t, "zone", someZones, 11), Region: "GB"},
		DefaultPolicy: "p0",
		Database:      tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: "data.db"},
	}
	for range rapid.IntRange(1, 2).Draw(t, "policies") {
		doc.Policies = append(doc.Policies, drawPolicy(t, "p"+string(rune('0'+len(doc.Policies)))))
	}
	ids := []string{"r0", "r1", "r2", "r3"}
	for _, id := range ids {
		doc.Resources = append(doc.Resources, tenantconfig.Resource{
			ID: id, Name: id, Kind: tenantconfig.ResourceRoom, Capacity: odd(t, "capacity", []int{1, 2, 40, 1000, 0}, 4),
			Policy: rapid.SampledFrom([]string{"", "p0", doc.Policies[len(doc.Policies)-1].Name}).Draw(t, "policy"),
		})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "services") {
		service := tenantconfig.Service{ID: string(rune('a' + i)), Name: "s", Duration: drawLength(t, "duration", 4, 12),
			GroupSize: odd(t, "groupSize", []int{1, 1, 12, 1000, 0}, 4)}
		for range rapid.IntRange(1, 4).Draw(t, "requires") {
			service.Requires = append(service.Requires, tenantconfig.Requirement{
				AnyOf: rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, 4, rapid.ID).Draw(t, "anyOf")})
		}
		doc.Services = append(doc.Services, service)
	}
	return doc
}

func drawPolicy(t *rapid.T, name string) tenantconfig.Policy {
	p := tenantconfig.Policy{
		Name:            name,
		Exceptions:      rapid.SliceOfN(rapid.Custom(drawException), 0, 3).Draw(t, "exceptions"),
		HolidayCalendar: odd(t, "holidays", someCalendars, 4),
		Slots: tenantconfig.SlotGrid{
			Interval: drawLength(t, "interval", 4, 12),
			Anchor:   rapid.SampledFrom([]tenantconfig.Anchor{"SpanStart", "DayStart", "Clock"}).Draw(t, "anchor"),
		},
		Notice:       tenantconfig.Notice{Minimum: drawLength(t, "notice", 0, 15), MaximumDays: odd(t, "days", []int{1, 60, 730, 731, 0}, 3)},
		Buffers:      tenantconfig.Buffers{Before: drawLength(t, "before", 2, 12), After: drawLength(t, "after", 2, 12)},
		Holds:        tenantconfig.Holds{TTL: drawLength(t, "ttl", 3, 12)},
		Limits:       tenantconfig.Limits{PerDay: odd(t, "perDay", someCounts, 6), PerWeek: odd(t, "perWeek", someCounts, 6)},
		Confirmation: rapid.SampledFrom([]tenantconfig.Confirmation{"Automatic", "Manual"}).Draw(t, "confirmation"),
	}
	days := rapid.Permutation(someDays).Draw(t, "days")
	for range rapid.IntRange(0, 3).Draw(t, "hours") {
		p.Hours = append(p.Hours, tenantconfig.Hours{Days: days[:2], Spans: drawSpans(t)})
		days = days[2:]
	}
	return p
}

func drawException(t *rapid.T) tenantconfig.Exception {
	e := tenantconfig.Exception{From: odd(t, "from", someDates, 7), Reason: "why"}
	if rapid.Bool().Draw(t, "one day") {
		return e
	}
	e.To = odd(t, "to", append([]tenantconfig.Date{"9999-12-31", e.From}, someDates...), 2)
	e.Spans = drawSpans(t)
	return e
}

// drawSpans draws spans in order, which rarely overlap or run too long.
func drawSpans(t *rapid.T) []tenantconfig.Span {
	var spans []tenantconfig.Span
	at := rapid.IntRange(0, 700).Draw(t, "first")
	for range rapid.IntRange(1, 3).Draw(t, "spans") {
		length := rapid.IntRange(1, 330).Draw(t, "length")
		spans = append(spans, tenantconfig.Span{From: tenantconfig.ClockTime(at), To: tenantconfig.ClockTime(at + length)})
		at += length + rapid.IntRange(0, 100).Draw(t, "gap")
	}
	return spans
}

// drawLength draws one of someLengths, mostly one in [from, to).
func drawLength(t *rapid.T, label string, from, to int) tenantconfig.Duration {
	if rapid.IntRange(0, oddness).Draw(t, label+" is odd") == 0 {
		from, to = 0, len(someLengths)
	}
	return tenantconfig.Duration(rapid.SampledFrom(someLengths[from:to]).Draw(t, label))
}

// oddness is how rarely a single value is drawn from all, good and bad.
const oddness = 120

// odd draws one of the values, mostly one of the first few.
func odd[T any](t *rapid.T, label string, values []T, usual int) T {
	if rapid.IntRange(0, oddness).Draw(t, label+" is odd") == 0 {
		usual = len(values)
	}
	return rapid.SampledFrom(values[:usual]).Draw(t, label)
}
