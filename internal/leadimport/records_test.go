package leadimport

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// split reads every row of a file, as cells joined by a bar, or as the fault.
func split(t testing.TB, text string) (rows []string) {
	t.Helper()
	r := newRecordReader(newLineReader(strings.NewReader(text)), ',')
	for {
		row, err := r.next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		if r.width == 0 {
			r.width = len(row.cells)
		}
		if row.fault != "" {
			rows = append(rows, fmt.Sprintf("%d: %s", row.number, row.fault))
			continue
		}
		rows = append(rows, strings.Join(row.cells, "|"))
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	wide := strings.Repeat("x", MaxRow+1)
	for name, test := range map[string]struct {
		file string
		want []string
	}{
		"plain":                {"a,b\n1,2\n3,4", []string{"a|b", "1|2", "3|4"}},
		"Windows":              {"a,b\r\n1,2\r\n\r\n3,4\r\n", []string{"a|b", "1|2", "3|4"}},
		"old Mac":              {"a,b\r1,2\r", []string{"a|b", "1|2"}},
		"byte order mark":      {"\xEF\xBB\xBFa,b\n1,2\n", []string{"a|b", "1|2"}},
		"quotes":               {"a,b\n\"1,1\",\"say \"\"hi\"\"\"\n", []string{"a|b", `1,1|say "hi"`}},
		"break in a cell":      {"a,b\n\"1\n1\",2\n3,4\n", []string{"a|b", "1\n1|2", "3|4"}},
		"inch":                 {"a,b\n5\" pipe,2\n3,4\n", []string{"a|b", "5\" pipe|2", "3|4"}},
		"two inches":           {"a,b\n5\" pipe,2\n6\" pipe,4\n", []string{"a|b", "5\" pipe|2", "6\" pipe|4"}},
		"nickname":             {"a,b\nAnn \"Annie\" Lee,2\n", []string{"a|b", "Ann \"Annie\" Lee|2"}},
		"never closed":         {"a,b\n\"1,2\n3,4\n5,6\n", []string{"a|b", "2: A quote is opened and never closed.", "3|4", "5|6"}},
		"never closed, last":   {"a,b\n1,2\n\"3,4", []string{"a|b", "1|2", "3: A quote is opened and never closed."}},
		"after a closed quote": {"a,b\n\"1\"x,2,3\n3,4\n", []string{"a|b", "2: The quotes do not match.", "3|4"}},
		"too long":             {"a,b\n" + wide + ",2\n3,4\n", []string{"a|b", "2: The row is too long.", "3|4"}},
		"NUL and junk":         {"a,b\n\x00,\xff\n3,4\n", []string{"a|b", "\x00|\xff", "3|4"}},
	} {
		if diff := cmp.Diff(test.want, split(t, test.file)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var wideText strings.Builder
	for _, unit := range utf16.Encode([]rune("\uFEFFa,b\nمحمد,2\n")) {
		wideText.WriteByte(byte(unit))
		wideText.WriteByte(byte(unit >> 8))
	}
	if diff := cmp.Diff([]string{"a|b", "محمد|2"}, split(t, wideText.String())); diff != "" {
		t.Errorf("UTF-16 (-want +got):\n%s", diff)
	}
	for header, want := range map[string]rune{"a;b;c,d": ';', "a\tb": '\t', "a|b|c": '|', `"a;b;c",d`: ',', "phone": ','} {
		if got := guessDelimiter(header); got != want {
			t.Errorf("delimiter of %q is %q", header, got)
		}
	}
}

func TestMapColumns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header  []string
		mapping map[string]string
		want    Columns
	}{
		"known":     {[]string{"First Name", "Last-Name", "MOBILE", "E-Mail", "colour"}, nil, Columns{"firstName", "lastName", "phone", "email", ""}},
		"best name": {[]string{"Number", "Phone number"}, nil, Columns{"", "phone"}},
		"mapping":   {[]string{"Nr", "phone", "Car"}, map[string]string{"nr": "phone", "Car": "custom.car", "phone": "ignore"}, Columns{"phone", "ignore", "custom.car"}},
		"custom":    {[]string{"phone", "custom.shoe size"}, nil, Columns{"phone", "custom.shoe size"}},
		"no number": {[]string{"a", "b"}, nil, nil},
		"unknown":   {[]string{"phone"}, map[string]string{"fax": "phone"}, nil},
		"no field":  {[]string{"phone"}, map[string]string{"phone": "telephone"}, nil},
		"twice":     {[]string{"a", "b"}, map[string]string{"a": "phone", "b": "phone"}, nil},
	} {
		got, err := MapColumns(test.header, test.mapping)
		if (err != nil) != (test.want == nil) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"\n\"\"\n,\"", "a\r\rb\"\"c\"\n\"x\"y,\n", "\xEF\xBB\xBF\"a\nb\",c", "\xFF\xFEa\x00\n\x00",
		"phone,name\n\"never closed,\n", "שם,טלפון\n\u202eנועה,'; DROP TABLE customers; --\n", "a,b\r\n\"1\"2\",\"\"\"\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows := split(t, text) // ends, and does not panic
		if lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1; len(rows) > lines {
			t.Errorf("%d rows of %d lines", len(rows), lines)
		}
		// What a library writes is read back as it was.
		cells := strings.SplitN(strings.ToValidUTF8(strings.NewReplacer("\r", " ", "\uFEFF", " ").Replace(text), ""), "\x00", 3)
		var out strings.Builder
		w := csv.NewWriter(&out)
		header := make([]string, len(cells))
		for i := range header {
			header[i] = fmt.Sprint("h", i)
		}
		if len(cells) < 2 || len(text) > MaxRow/4 || strings.Count(text, "\n") > MaxLines/2 {
			return
		}
		if err := w.WriteAll([][]string{header, cells}); err != nil {
			t.Fatal(err)
		}
		if got := split(t, out.String()); len(got) != 2 || got[1] != strings.Join(cells, "|") {
			if strings.TrimSpace(strings.Join(cells, "")) != "" {
				t.Errorf("wrote %q as %q, read %q", cells, out.String(), got)
			}
		}
	})
}

func FuzzMapColumns(f *testing.F) {
	f.Add("phone\x00name", "phone", "custom.x")
	f.Add("", "", "")
	f.Add("טלפון\x00\u202eשם", "טלפון", "phone")
	f.Add("phone\x00phone", "'; DROP TABLE customers; --", "custom.\x00")
	f.Fuzz(func(t *testing.T, header, column, field string) {
		names := strings.Split(header, "\x00")
		columns, err := MapColumns(names, map[string]string{column: field})
		if err != nil {
			return
		}
		seen := map[Field]bool{}
		for _, got := range columns {
			if got != "" && got != FieldIgnore && seen[got] {
				t.Errorf("%q is mapped twice: %q", got, columns)
			}
			seen[got] = true
		}
		if len(columns) != len(names) || !seen[FieldPhone] {
			t.Errorf("%q became %q", names, columns)
		}
		_, _ = columns.draft(names).Clean("GB")
	})
}

func FuzzGuard(f *testing.F) {
	for _, seed := range []string{"=1+1", "'=1", "\u202e=1", "\x00=1", "-1", "@x", "\t=1", "'; DROP TABLE customers; --"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		guarded := Guard(cell)
		if guarded != "" && strings.ContainsRune(formulaStarts, rune(guarded[0])) {
			t.Errorf("%q is still a formula", guarded)
		}
		if !strings.HasPrefix(cell, "'") && unguard(guarded) != cell {
			t.Errorf("%q became %q", cell, unguard(guarded))
		}
	})
}
