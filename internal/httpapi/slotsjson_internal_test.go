package httpapi

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// TestSlotsAreEncodedAsTheTypeSays holds the short way to encode slots against encoding/json, byte by byte.
func TestSlotsAreEncodedAsTheTypeSays(t *testing.T) {
	t.Parallel()
	var zones []*time.Location
	for _, name := range []string{"UTC", "Europe/London", "America/St_Johns", "Asia/Kathmandu", "Africa/Monrovia", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	rapid.Check(t, func(t *rapid.T) {
		answer := freeSlots{
			service: ServiceRef{ID: rapid.String().Draw(t, "id"), Name: rapid.String().Draw(t, "name")},
			zone:    rapid.SampledFrom(zones).Draw(t, "zone"), more: rapid.Bool().Draw(t, "more"),
			slots: rapid.SliceOfN(rapid.Custom(anySlot), 0, 20).Draw(t, "slots"),
		}
		want, err := encode(Success[FreeSlots]{OK: true, Data: FreeSlots{
			Service: answer.service, TimeZone: answer.zone.String(), Slots: slotViews(answer.slots, answer.zone), More: answer.more,
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.appendJSON(nil); string(got) != string(want) {
			t.Fatalf("%s\nwant %s", got, want)
		}
	})
}

// anySlot may share its list of candidates with others, as slots do that the same people could serve.
func anySlot(t *rapid.T) booking.Slot {
	start := time.Unix(rapid.Int64Range(0, 7_000_000_000).Draw(t, "start"), 0)
	return booking.Slot{
		Start: start, End: start.Add(time.Duration(rapid.IntRange(1, 1e6).Draw(t, "seconds")) * time.Second),
		Candidates: rapid.SampledFrom(candidateLists).Draw(t, "candidates"), PlacesLeft: rapid.IntRange(0, 100).Draw(t, "places"),
	}
}

// candidateLists are more than are remembered.
var candidateLists = func() (lists [][]booking.Assignment) {
	lists = append(lists, nil, []booking.Assignment{})
	for _, id := range []string{"a", "b", `"c"`, "d<>&", "e\u2028", "مريم", "\xff", "h", "i", "j"} {
		lists = append(lists, []booking.Assignment{{{ResourceID: id, Number: 1}}, {{ResourceID: "z", Number: 1}, {ResourceID: id, Number: 2}}})
	}
	return lists
}()

func BenchmarkEncodeSlots(b *testing.B) {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		b.Fatal(err)
	}
	answer := freeSlots{service: ServiceRef{ID: "checkup", Name: "Check-up"}, zone: zone}
	both := []booking.Assignment{{{ResourceID: "dr-khan", Number: 1}}, {{ResourceID: "dr-lee", Number: 1}}}
	for i := range 130 {
		start := time.Date(2030, 6, 3, 9, 15*i, 0, 0, time.UTC)
		answer.slots = append(answer.slots, booking.Slot{Start: start, End: start.Add(30 * time.Minute), Candidates: both, PlacesLeft: 1})
	}
	b.ReportAllocs()
	for b.Loop() {
		answer.appendJSON(nil)
	}
}
