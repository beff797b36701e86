package httpapi

import (
	"math"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func FuzzLeadCursors(f *testing.F) {
	f.Add(encodeLeadCursor("01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"))
	f.Add(encodeTimelineCursor(lead.Position{At: time.UnixMicro(1), Kind: "b", Sequence: 7}))
	for _, at := range []time.Time{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)} {
		f.Add(encodeTimelineCursor(lead.Position{At: at, Kind: "\x00", Sequence: math.MinInt64}))
	}
	f.Add(encodeLeadCursor("' OR 1=1 --"))
	f.Add(encodeLeadCursor("\u202eנועה"))
	f.Fuzz(func(t *testing.T, cursor string) {
		if id, err := decodeLeadCursor(cursor); err == nil && id != "" {
			if again, err := decodeLeadCursor(encodeLeadCursor(id)); err != nil || again != id {
				t.Errorf("%q became %q, %v", id, again, err)
			}
		}
		if p, err := decodeTimelineCursor(cursor); err == nil && cursor != "" {
			if again, err := decodeTimelineCursor(encodeTimelineCursor(p)); err != nil || again != p {
				t.Errorf("%+v became %+v, %v", p, again, err)
			}
		}
	})
}
