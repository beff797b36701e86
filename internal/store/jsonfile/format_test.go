package jsonfile

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

// FuzzDecode: no file brings the server down, and what can be read is written as what it was.
func FuzzDecode(f *testing.F) {
	whole, err := encode(&sqlite.Content{Migrations: []int64{1, 20}, Tables: map[string][]sqlite.Row{
		"b": {{"id": int64(1), "text": "Zoë <\u2028>", "none": nil, "bytes": []byte{0, 255}}, {"id": int64(-1 << 63)}}, "a": nil,
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte(`{"format":"frontdesk-data","version":1,"migrations":null,"tables":{"t":[{"a":{"base64":"AA=="}},null]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		content, err := decode("a.json", text)
		if err != nil {
			return
		}
		again, err := encode(copyOf(content))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := decode("a.json", again)
		if diff := cmp.Diff(content, back, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("read, written and read again (-first +second): %v\n%s", err, diff)
		}
	})
}

// copyOf keeps encode, which prepares rows in place, from changing the content.
func copyOf(content *sqlite.Content) *sqlite.Content {
	out := &sqlite.Content{Migrations: content.Migrations, Tables: map[string][]sqlite.Row{}}
	for table, rows := range content.Tables {
		out.Tables[table] = make([]sqlite.Row, len(rows))
		for i, row := range rows {
			out.Tables[table][i] = maps.Clone(row)
		}
	}
	return out
}
