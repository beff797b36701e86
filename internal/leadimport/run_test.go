package leadimport_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/leadimport"
	"github.com/frontdesk-dev/frontdesk/internal/store/sqlite"
)

func people(t testing.TB) *lead.Service {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Path: filepath.Join(t.TempDir(), "people.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return lead.NewService(store.Leads(), store, "GB", time.Now)
}

// TestHundredThousandBadRows imports a file in which one row in five is broken in its own way; the rest gets in.
func TestHundredThousandBadRows(t *testing.T) {
	t.Parallel()
	service := people(t)
	var file strings.Builder
	file.WriteString("\xEF\xBB\xBFName;Phone;Notes\r\n")
	want := leadimport.Report{}
	for i := range 100_000 {
		number := fmt.Sprintf("+4477%08d", i)
		want.Rows++
		switch i % 20 {
		case 0:
			fmt.Fprintf(&file, "\"never closed;%s;\r\n", number)
			want.Invalid++
		case 5:
			fmt.Fprintf(&file, "NUL\x00;%s;\r\n", number)
			want.Invalid++
		case 10:
			fmt.Fprintf(&file, "no UTF-8 \xff;%s;\r\n", number)
			want.Invalid++
		case 15:
			fmt.Fprintf(&file, "again;+447700000001;\r\n")
			want.DuplicateInFile++
		case 1, 6:
			fmt.Fprintf(&file, "محمد بن %d;%s;'=1+1\r\n", i, number)
			want.Inserted++
		case 2:
			fmt.Fprintf(&file, "\"'; DROP TABLE customers; --\";%s;\"two\r\nlines\"\r\n", number)
			want.Inserted++
		default:
			fmt.Fprintf(&file, "Person %d;%s;\r\n", i, number)
			want.Inserted++
		}
	}
	for run := range 2 {
		got, err := leadimport.Run(t.Context(), service, strings.NewReader(file.String()), leadimport.Options{Format: leadimport.CSV})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Problems) != leadimport.MaxReported {
			t.Errorf("%d problems are reported", len(got.Problems))
		}
		if first := got.Problems[0]; first.Row != 2 || first.Line != 2 || first.Code != leadimport.ProblemInvalid {
			t.Errorf("the first problem: %+v", first)
		}
		got.Problems, got.Columns = nil, nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("run %d (-want +got):\n%s", run, diff)
		}
		want.Inserted, want.Unchanged = 0, want.Inserted
	}
	found, _, _, err := service.List(t.Context(), lead.Filter{Text: "محمد بن 1"})
	if err != nil || len(found) == 0 || found[0].Notes != "=1+1" {
		t.Errorf("%+v, %v", found, err)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("phone,name\n02079460123,Ann\n", false)
	f.Add(`{"leads":[{"phone":"02079460123","tags":["a"]},7]}`, true)
	for _, text := range []string{"\u202eנועה כהן", "'; DROP TABLE customers; --", "An\x00n", "\"never closed", "\xff\xfe", "=1+1"} {
		f.Add("phone,name,notes\n02079460123,"+text+",x\n02079460124,y,"+text, false)
		f.Add(`{"leads":[{"phone":"02079460123","name":"`+text+`","createdAt":"9999-12-31T00:00:00Z"}]}`, true)
	}
	f.Add(`[{"phone":"02079460123","name":"\u0000\ud800"}`, true)
	f.Add(strings.Repeat("[", 10_000), true)
	service := people(f)
	f.Fuzz(func(t *testing.T, file string, asJSON bool) {
		options := leadimport.Options{Format: leadimport.CSV, DryRun: true}
		if asJSON {
			options.Format = leadimport.JSON
		}
		report, err := leadimport.Run(t.Context(), service, strings.NewReader(file), options)
		if err != nil {
			if booking.CodeOf(err) == "" {
				t.Errorf("an error that tells the caller nothing: %v", err)
			}
			return
		}
		if sum := report.Inserted + report.Updated + report.Unchanged + report.DuplicateInFile + report.OptedOut + report.Invalid; sum != report.Rows {
			t.Errorf("%d rows, and %+v", report.Rows, report)
		}
	})
}

// TestJSONElementsAreBounded: however large a body is, no more than one bounded element of it is held.
func TestJSONElementsAreBounded(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", 2<<20)
	for name, body := range map[string]string{
		"a row":           `[{"phone":"+442079460123","notes":"` + huge + `"}]`,
		"a property":      `{"clientKey":"` + huge + `","leads":[]}`,
		"a property name": `{"` + huge + `":1,"leads":[]}`,
		"a later row":     `{"leads":[{"phone":"+442079460123"},{"notes":"` + huge + `"}]}`,
		"nesting":         `{"other":` + strings.Repeat("[", 2<<20) + strings.Repeat("]", 2<<20) + `,"leads":[]}`,
	} {
		service := people(t)
		_, err := leadimport.Run(t.Context(), service, strings.NewReader(body), leadimport.Options{Format: leadimport.JSON})
		if booking.CodeOf(err) != lead.CodeUnreadableFile {
			t.Errorf("%s of 2 MiB: %v; want %s", name, err, lead.CodeUnreadableFile)
		}
		if list, _, _, err := service.List(t.Context(), lead.Filter{}); err != nil || len(list) != 0 {
			t.Errorf("%s of 2 MiB: %d people were imported, %v", name, len(list), err)
		}
	}
}

func TestEnvelopeIsSeenBeforeAnythingIsImported(t *testing.T) {
	t.Parallel()
	service := people(t)
	refused := booking.Errorf(booking.CodeValidation, "not you")
	_, err := leadimport.Run(t.Context(), service, strings.NewReader(`{"leads":[{"phone":"+442079460123"}],"clientKey":"other"}`), leadimport.Options{
		Format: leadimport.JSON,
		Envelope: func(properties map[string]json.RawMessage) error {
			if string(properties["clientKey"]) != `"other"` || len(properties) != 1 {
				t.Errorf("the envelope is %s", properties)
			}
			return refused
		},
	})
	if !errors.Is(err, refused) {
		t.Errorf("Run: %v", err)
	}
	if list, _, _, err := service.List(t.Context(), lead.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("%d people were imported, %v", len(list), err)
	}
}
