package main

import (
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/frontdesk-dev/frontdesk/test/internal/audit"
)

var (
	nine   = time.Date(2030, 1, 7, 9, 0, 0, 0, time.UTC)
	atNine = slotName("chair-0", nine)
)

func row(key, status string, start time.Time) audit.Booking {
	return audit.Booking{ID: "id-" + key, Status: status, Notes: key, Resource: "chair-0", Unit: 1, From: start, To: start.Add(slotLength)}
}

// happened is a history of requests that followed each other.
func happened(steps ...any) *history {
	h := newHistory()
	for i := 0; i < len(steps); i += 2 {
		h.add(0, h.now(), steps[i].(asked), steps[i+1].(told))
	}
	return h
}

func TestJudgeAcceptsWhatIsRight(t *testing.T) {
	t.Parallel()
	h := happened(
		asked{book, atNine, "a"}, told{Outcome: done},
		asked{book, atNine, "b"}, told{Outcome: refused},
		asked{look, atNine, ""}, told{seen, "a"},
		asked{cancel, atNine, "a"}, told{Outcome: unknown}, // it took effect
		asked{book, atNine, "c"}, told{Outcome: unknown}, // and so did this
		asked{get, atNine, "c"}, told{Outcome: seenAlive},
		asked{get, atNine, "a"}, told{Outcome: seenDead},
		asked{book, atNine, "d"}, told{Outcome: unknown}, // this did not
		asked{cancel, atNine, "a"}, told{Outcome: refused},
	)
	kept := []audit.Booking{row("a", "cancelled", nine), row("c", "confirmed", nine), row("x", "confirmed", nine.Add(slotLength))}
	if v := judge(h, kept, 0); len(v.faults) > 0 || v.linearizable != porcupine.Ok {
		t.Errorf("%+v", v)
	}
}

// broken are histories, and what was kept of them, that break a promise.
var broken = map[string]struct {
	h      *history
	kept   []audit.Booking
	events int
	want   verdict
	says   string
}{
	"a booking that is not there": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}),
		want: verdict{lost: 1, linearizable: porcupine.Illegal}, says: "not there",
	},
	"a booking that nobody cancelled": {
		h: happened(asked{book, atNine, "a"}, told{Outcome: done}), kept: []audit.Booking{row("a", "cancelled", nine)},
		want: verdict{lost: 1, linearizable: porcupine.Illegal}, says: "nobody cancelled",
	},
	"a cancellation undone": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}, asked{cancel, atNine, "a"}, told{Outcome: done}),
		kept: []audit.Booking{row("a", "confirmed", nine)},
		want: verdict{lost: 1, linearizable: porcupine.Illegal}, says: "cancellation of a",
	},
	"two bookings at one time": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}),
		kept: []audit.Booking{row("a", "confirmed", nine), row("b", "confirmed", nine.Add(slotLength/2))},
		want: verdict{overlaps: 1, linearizable: porcupine.Ok}, says: "overlap",
	},
	"two effects of one key": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}),
		kept: []audit.Booking{row("a", "confirmed", nine), row("a", "confirmed", nine.Add(slotLength))},
		want: verdict{duplicates: 1, linearizable: porcupine.Ok}, says: "made 2 bookings",
	},
	"an event twice": {
		h: happened(asked{book, atNine, "a"}, told{Outcome: done}), kept: []audit.Booking{row("a", "confirmed", nine)},
		events: 1, want: verdict{duplicates: 1, linearizable: porcupine.Ok}, says: "written twice",
	},
	"both win": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}, asked{book, atNine, "b"}, told{Outcome: done}, asked{cancel, atNine, "a"}, told{Outcome: done}),
		kept: []audit.Booking{row("a", "cancelled", nine), row("b", "confirmed", nine)},
		want: verdict{linearizable: porcupine.Illegal}, says: "client 0  book b → done",
	},
	"a read of the past": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: done}, asked{cancel, atNine, "a"}, told{Outcome: done}, asked{look, atNine, ""}, told{seen, "a"}),
		kept: []audit.Booking{row("a", "cancelled", nine)},
		want: verdict{linearizable: porcupine.Illegal}, says: "look → seen a",
	},
	"refused though it was free": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: refused}),
		want: verdict{linearizable: porcupine.Illegal}, says: "not linearizable",
	},
	"an unknown change that is half there": {
		h:    happened(asked{book, atNine, "a"}, told{Outcome: unknown}, asked{look, atNine, ""}, told{seen, "a"}, asked{look, atNine, ""}, told{seen, ""}),
		want: verdict{linearizable: porcupine.Illegal}, says: "not linearizable",
	},
}

func TestJudgeFindsEveryBrokenPromise(t *testing.T) {
	t.Parallel()
	for name, c := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := judge(c.h, c.kept, c.events)
			if v.lost != c.want.lost || v.overlaps != c.want.overlaps || v.duplicates != c.want.duplicates || v.linearizable != c.want.linearizable {
				t.Errorf("%+v, want %+v", v, c.want)
			}
			if !strings.Contains(strings.Join(v.faults, "; "), c.says) {
				t.Errorf("the faults do not say %q: %q", c.says, v.faults)
			}
		})
	}
}
