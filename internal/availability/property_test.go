package availability_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// scene is a random snapshot near a change of clocks, or far from any, with the
// window in question. All its instants are whole minutes.
type scene struct {
	*model
	from, to time.Time
}

// moments are local noons close to what makes time difficult.
var moments = []struct {
	zone, date string
}{
	{"UTC", "2027-02-01"},
	{"Europe/London", "2027-03-28"},
	{"Europe/London", "2027-10-31"},
	{"America/Havana", "2027-03-14"},
	{"America/Havana", "2027-11-07"},
	{"America/Santiago", "2025-09-07"},
	{"Africa/Cairo", "2025-04-25"},
	{"Africa/Cairo", "2025-10-31"},
	{"Asia/Beirut", "2025-03-30"},
	{"Australia/Lord_Howe", "2027-04-04"},
	{"Australia/Lord_Howe", "2027-10-03"},
	{"America/St_Johns", "2010-11-07"}, // back over midnight, at 00:01
	{"America/Sao_Paulo", "2018-02-18"},
	{"Pacific/Apia", "2011-12-30"},
	{"Europe/London", "2026-12-25"}, // a holiday where there are any
	{"Asia/Kathmandu", "2027-02-01"},
}

func drawSpan(t *rapid.T) availability.Span {
	from := rapid.IntRange(0, 24*12-1).Draw(t, "from") * 5
	length := rapid.SampledFrom([]int{5, 30, 60, 180, 240, 480, 720, 1440}).Draw(t, "length")
	return availability.Span{From: from, To: min(from+length, 2880)}
}

func drawSpans(t *rapid.T) []availability.Span {
	day, night := availability.Span{From: 9 * 60, To: 12*60 + 30}, availability.Span{From: 21 * 60, To: 27 * 60}
	switch rapid.IntRange(0, 7).Draw(t, "hours") {
	case 7:
		return nil
	case 6, 5:
		return rapid.SliceOfN(rapid.Custom(drawSpan), 1, 3).Draw(t, "spans")
	case 4:
		return []availability.Span{night}
	case 3:
		return []availability.Span{day, {From: 13*60 + 30, To: 18 * 60}, night}
	case 2:
		return []availability.Span{{From: 0, To: 1500}} // overlaps with the next day
	default:
		return []availability.Span{{From: 0, To: 1440}}
	}
}

func drawPolicy(t *rapid.T, m *model, loc *time.Location, around localtime.Date) *availability.Policy {
	in := availability.ScheduleInput{Zone: loc}
	for _, day := range everyDay {
		in.Weekly = append(in.Weekly, availability.WeeklyHours{Days: []time.Weekday{day}, Spans: drawSpans(t)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "exceptions") {
		from := around + localtime.Date(rapid.IntRange(-2, 2).Draw(t, "exception"))
		in.Exceptions = append(in.Exceptions, availability.Exception{From: from, To: from + 1, Spans: drawSpans(t), Reason: "exception"})
	}
	if rapid.Bool().Draw(t, "holidays") {
		in.Holidays, _ = availability.HolidayCalendarByCode("GB-ENG")
	}
	s, err := availability.NewSchedule(in)
	if err != nil {
		t.Fatal(err)
	}
	m.hours[s] = in
	minutes := func(label string, of ...int) time.Duration {
		return time.Duration(rapid.SampledFrom(of).Draw(t, label)) * time.Minute
	}
	p := &availability.Policy{Schedule: s, Rules: availability.Rules{
		Grid: availability.Grid{
			Interval: minutes("interval", 5, 15, 20, 45, 60, 240),
			Anchor:   rapid.SampledFrom([]availability.Anchor{availability.SpanStart, availability.DayStart, availability.Clock}).Draw(t, "anchor"),
		},
		MinimumNotice: minutes("notice", 0, 0, 0, 90, 2000),
		MaximumDays:   rapid.SampledFrom([]int{0, 0, 0, 2, 3, 4}).Draw(t, "days"),
		BufferBefore:  minutes("before", 0, 0, 10),
		BufferAfter:   minutes("after", 0, 0, 15),
	}}
	if rapid.IntRange(0, 3).Draw(t, "limited") == 0 {
		p.Rules.Limits = availability.Limits{
			PerDay: rapid.IntRange(0, 3).Draw(t, "perDay"), PerWeek: rapid.IntRange(0, 6).Draw(t, "perWeek"),
			OpenPerCustomer: rapid.IntRange(0, 3).Draw(t, "perCustomer"),
		}
	}
	return p
}

func drawInterval(t *rapid.T, noon int64) availability.Interval {
	start := noon + int64(rapid.IntRange(-60*12, 60*12).Draw(t, "start"))*5*60
	return availability.Interval{Start: start, End: start + int64(rapid.SampledFrom([]int{0, 5, 30, 45, 240}).Draw(t, "length"))*60}
}

func drawResource(t *rapid.T, id string, p *availability.Policy, noon int64, around localtime.Date) availability.Resource {
	r := availability.Resource{ID: id, Policy: p, Units: rapid.IntRange(0, 2).Draw(t, "units"), Load: rapid.IntRange(0, 2).Draw(t, "load")}
	for range rapid.IntRange(0, 12).Draw(t, "busy") {
		r.Busy = append(r.Busy, availability.Occupancy{Unit: rapid.IntRange(1, 3).Draw(t, "unit"), Interval: drawInterval(t, noon)})
	}
	for range rapid.IntRange(0, 2).Draw(t, "external") {
		r.External = append(r.External, drawInterval(t, noon))
	}
	for d := around - 8; d <= around+8; d++ {
		if n := rapid.IntRange(-3, 3).Draw(t, "booked"); n > 0 {
			r.Booked = append(r.Booked, availability.DayCount{Date: d, Count: n})
		}
	}
	return r
}

func drawScene(t *rapid.T) scene {
	moment := rapid.SampledFrom(moments).Draw(t, "moment")
	loc, err := localtime.LoadZone(moment.zone)
	if err != nil {
		t.Fatal(err)
	}
	around, err := localtime.ParseDate(moment.date)
	if err != nil {
		t.Fatal(err)
	}
	noon := localtime.ResolveUnix(loc, around, 12*3600)
	m := &model{hours: map[*availability.Schedule]availability.ScheduleInput{}}
	policies := []*availability.Policy{drawPolicy(t, m, loc, around), drawPolicy(t, m, loc, around)}
	m.snapshot = &availability.Snapshot{
		Now:          time.Unix(noon-int64(rapid.SampledFrom([]int{4321, 4321, 2880, 2160, 720, 7, -360}).Draw(t, "now"))*60, 0),
		Places:       0,
		CustomerOpen: rapid.IntRange(0, 2).Draw(t, "open"),
		Service:      availability.Service{Duration: time.Duration(rapid.SampledFrom([]int{5, 30, 50, 120, 1500}).Draw(t, "duration")) * time.Minute},
	}
	s := m.snapshot
	var ids []string
	for i := range rapid.SampledFrom([]int{1, 1, 2, 4}).Draw(t, "resources") {
		ids = append(ids, fmt.Sprintf("r%d", i))
		s.Resources = append(s.Resources, drawResource(t, ids[i], rapid.SampledFrom(policies).Draw(t, "policy"), noon, around))
	}
	for range rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "requirements") {
		s.Service.Requires = append(s.Service.Requires, availability.Requirement{
			AnyOf: rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, len(ids), rapid.ID).Draw(t, "anyOf"),
		})
	}
	drawSessions(t, s, ids, noon)
	from := time.Unix(noon-int64(rapid.SampledFrom([]int{2160, 1440, 720, 475, 0}).Draw(t, "from"))*60, 0)
	hours := rapid.SampledFrom([]int{60, 48, 24, 7, 0}).Draw(t, "length")
	return scene{model: m, from: from, to: from.Add(time.Duration(hours) * time.Hour)}
}

func drawSessions(t *rapid.T, s *availability.Snapshot, ids []string, noon int64) {
	if rapid.Bool().Draw(t, "single") {
		return
	}
	s.Service.GroupSize = rapid.IntRange(2, 4).Draw(t, "size")
	s.Places = rapid.IntRange(0, 2).Draw(t, "places")
	for range rapid.IntRange(0, 6).Draw(t, "sessions") {
		session := availability.Session{Interval: drawInterval(t, noon), Taken: rapid.IntRange(0, 4).Draw(t, "taken")}
		for range rapid.SampledFrom([]int{1, 1, 1, 2, 0}).Draw(t, "units") {
			session.Units = append(session.Units, availability.Unit{
				Resource: rapid.SampledFrom(append(ids, ids...)).Draw(t, "on"), Number: 1,
			})
		}
		if rapid.IntRange(0, 9).Draw(t, "gone") == 9 {
			session.Units = append(session.Units, availability.Unit{Resource: "gone", Number: 1})
		}
		s.Sessions = append(s.Sessions, session)
	}
}

func slotsOf(t *rapid.T, e *availability.Engine, from, to time.Time) []availability.Slot {
	slots, err := e.Slots(from, to)
	if err != nil {
		t.Fatal(err)
	}
	return slots
}

func newEngine(t *rapid.T, s *availability.Snapshot) *availability.Engine {
	e, err := availability.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Slots lists what the model offers and nothing else; so what it lists is free,
// within hours and on the grid. Explain says OK for just those.
func TestSlotsAreWhatTheModelOffers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		e, listed := newEngine(t, sc.snapshot), map[int64]availability.Slot{}
		last := sc.from.Unix() - 1
		for _, slot := range slotsOf(t, e, sc.from, sc.to) {
			if slot.Start <= last || slot.Start%60 != 0 {
				t.Fatalf("slot at %d after one at %d", slot.Start, last)
			}
			last = slot.Start
			listed[slot.Start] = slot
		}
		// Starts may be on any minute; the window is sampled on a 5-minute raster
		// and at the minutes that are listed.
		for at := sc.from; at.Before(sc.to); at = at.Add(time.Minute) {
			want, isListed := listed[at.Unix()]
			if !isListed && at.Unix()%300 != 0 {
				continue
			}
			if offered := sc.offered(at.Unix()); offered != isListed {
				t.Fatalf("%s: listed %t, by the model %t (%+v)", at, isListed, offered, e.Explain(at))
			}
			got, reason := e.Check(at)
			if reason.OK() != isListed || !cmp.Equal(got, want) {
				t.Fatalf("%s: listed %t as %+v, Check says %+v, %+v", at, isListed, want, got, reason)
			}
			if reason != e.Explain(at) {
				t.Fatalf("%s: Check says %+v, Explain %+v", at, reason, e.Explain(at))
			}
		}
	})
}

// A proposal can be booked as it is: each unit can serve its requirement and no
// two are the same; so can each candidate alone.
func TestProposalsCanBeBooked(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		e := newEngine(t, sc.snapshot)
		for _, slot := range slotsOf(t, e, sc.from, sc.to) {
			if slot.Session >= 0 {
				session := sc.snapshot.Sessions[slot.Session]
				if !sc.joinable(session) || slot.Interval != session.Interval || !cmp.Equal(slot.Units, session.Units) ||
					slot.PlacesLeft != sc.snapshot.Service.GroupSize-session.Taken {
					t.Fatalf("%+v is not the session %+v", slot, session)
				}
				continue
			}
			if len(slot.Units) != len(sc.snapshot.Service.Requires) {
				t.Fatalf("%+v does not serve every requirement", slot)
			}
			candidates := e.AppendCandidates(nil, slot.StartTime())
			for i, u := range slot.Units {
				if !sc.canServe(i, u, slot.Start) || slices.Contains(slot.Units[:i], u) {
					t.Fatalf("%+v: unit %d cannot serve", slot, i)
				}
				if !slices.Contains(candidates, availability.Candidate{Requirement: i, Unit: u}) {
					t.Fatalf("%+v is not among the candidates %+v", slot, candidates)
				}
			}
			for _, c := range candidates {
				if !sc.canServe(c.Requirement, c.Unit, slot.Start) {
					t.Fatalf("%+v cannot serve at %d", c, slot.Start)
				}
			}
		}
	})
}

// Once booked, the proposed units are taken: the slot is gone, or proposed with
// other units.
func TestBookedUnitsAreNotOfferedAgain(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		slots := slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to)
		if len(slots) == 0 {
			return
		}
		slot := rapid.SampledFrom(slots).Draw(t, "slot")
		if slot.Session >= 0 {
			return
		}
		for _, u := range slot.Units {
			r := sc.resource(u.Resource)
			r.Busy = append(r.Busy, availability.Occupancy{Unit: u.Number, Interval: widened(r, slot.Interval)})
		}
		for _, after := range slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to) {
			for _, u := range after.Units {
				if after.Session < 0 && slices.Contains(slot.Units, u) && overlap(after.Interval, slot.Interval) {
					t.Fatalf("%+v is offered after %+v was booked", after, slot)
				}
			}
		}
	})
}

// Listing two windows that touch is listing them together, with the same units.
func TestSlotsDoNotDependOnTheWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		e := newEngine(t, sc.snapshot)
		cut := sc.from.Add(time.Duration(rapid.Int64Range(0, int64(sc.to.Sub(sc.from))).Draw(t, "cut")))
		whole := slotsOf(t, e, sc.from, sc.to)
		parts := append(slotsOf(t, e, sc.from, cut), slotsOf(t, e, cut, sc.to)...)
		if diff := cmp.Diff(whole, parts); diff != "" && len(whole)+len(parts) > 0 {
			t.Fatalf("the parts differ from the whole:\n%s", diff)
		}
	})
}

// Whatever else becomes busy, no time is offered that was not offered before.
func TestBusyTimeNeverAddsSlots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		before := map[int64]bool{}
		for _, slot := range slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to) {
			before[slot.Start] = true
		}
		r := &sc.snapshot.Resources[rapid.IntRange(0, len(sc.snapshot.Resources)-1).Draw(t, "resource")]
		busy := drawInterval(t, sc.from.Unix()+24*3600)
		if rapid.Bool().Draw(t, "external") {
			r.External = append(r.External, busy)
		} else {
			r.Busy = append(r.Busy, availability.Occupancy{Unit: rapid.IntRange(1, 2).Draw(t, "unit"), Interval: busy})
		}
		for _, slot := range slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to) {
			if !before[slot.Start] {
				t.Fatalf("%+v is new", slot)
			}
		}
	})
}

// The order in which facts are given does not matter.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		want := slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to)
		for i := range sc.snapshot.Resources {
			slices.Reverse(sc.snapshot.Resources[i].Busy)
			slices.Reverse(sc.snapshot.Resources[i].External)
		}
		slices.Reverse(sc.snapshot.Resources)
		for _, r := range sc.snapshot.Service.Requires {
			slices.Reverse(r.AnyOf)
		}
		if diff := cmp.Diff(want, slotsOf(t, newEngine(t, sc.snapshot), sc.from, sc.to)); diff != "" {
			t.Fatalf("the order matters:\n%s", diff)
		}
	})
}

// Nearest gives what one finds by sorting all slots by distance.
func TestNearestAreTheClosest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sc := drawScene(t)
		e := newEngine(t, sc.snapshot)
		within := time.Duration(rapid.IntRange(1, 36*60).Draw(t, "within")) * time.Minute
		n := rapid.IntRange(0, 5).Draw(t, "n")
		got, err := e.Nearest(sc.from, within, n)
		if err != nil {
			t.Fatal(err)
		}
		centre := sc.from.Unix()
		distance := func(s availability.Slot) int64 { return max(s.Start-centre, centre-s.Start) }
		want := slotsOf(t, e, sc.from.Add(-within).Add(time.Second), sc.from.Add(within))
		slices.SortStableFunc(want, func(a, b availability.Slot) int { return int(distance(a) - distance(b)) })
		want = want[:min(n, len(want))]
		slices.SortFunc(want, func(a, b availability.Slot) int { return int(a.Start - b.Start) })
		if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
			t.Fatalf("other slots are closer:\n%s", diff)
		}
	})
}
