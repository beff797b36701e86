package httpapi

import (
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func FuzzLeadCursors(f *testing.F) {
	f.Add(encodeLeadCursor("01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"))
	f.Add(encodeTimelineCursor(lead.Position{At: time.UnixMicro(1), Kind: "b", Sequence: 7}))
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
