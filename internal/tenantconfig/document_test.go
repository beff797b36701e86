package tenantconfig_test

import (
	"bytes"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// goldenDocument is that of the newest version, and has all there is.
const goldenDocument = "testdata/full-1.2.yaml"

func golden(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile(goldenDocument)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// full returns the golden document, freshly parsed: a test may change it.
func full(t testing.TB) *tenantconfig.Document {
	t.Helper()
	doc, err := tenantconfig.Parse(golden(t))
	if err != nil {
		t.Fatalf("Parse(%s) = %v", goldenDocument, err)
	}
	return doc
}

// A golden document is what its version looks like on disk. Operators and servers of different builds
// meet in it: it must be read and rendered, byte for byte, by every build that lists the version.
func TestGoldenDocumentRoundTrips(t *testing.T) {
	t.Parallel()
	doc := full(t)
	if err := doc.Validate(); err != nil {
		t.Fatalf("the golden document is invalid: %v", err)
	}
	data, err := doc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(golden(t)), string(data)); diff != "" {
		t.Errorf("Marshal(Parse(golden)) differs from golden (-golden +got):\n%s", diff)
	}
}

// Without this a new field could be forgotten in the golden document, and break an older server unnoticed.
// (database.path is for other engines than the document's: TestDatabaseFileRoundTrips has it.)
func TestGoldenDocumentSetsEveryField(t *testing.T) {
	t.Parallel()
	set := map[string]bool{}
	collect(reflect.ValueOf(*full(t)), "", set)
	var unset []string
	for path, isSet := range set {
		if !isSet && path != ".database.path" {
			unset = append(unset, path)
		}
	}
	if len(unset) > 0 {
		t.Errorf("the golden document leaves out %v; set each field somewhere in it", unset)
	}
}

// collect notes for every field, by its path without indices, whether it is set anywhere.
func collect(v reflect.Value, path string, set map[string]bool) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			collect(v.Field(i), path+"."+name, set)
		}
	case reflect.Slice:
		set[path] = set[path] || v.Len() > 0
		for i := range v.Len() {
			collect(v.Index(i), path, set)
		}
	default:
		set[path] = set[path] || !v.IsZero()
	}
}

func TestDatabaseFileRoundTrips(t *testing.T) {
	t.Parallel()
	doc := full(t)
	doc.Database = tenantconfig.Database{Engine: tenantconfig.EngineSQLite, Path: "/data/frontdesk.db"}
	data, err := doc.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := tenantconfig.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doc, got); diff != "" {
		t.Errorf("Parse(Marshal(doc)) differs (-want +got):\n%s", diff)
	}
}

// Whatever a person writes into a name comes back as it was.
func TestStrangeCharactersRoundTrip(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"\u0085", "\u2028\u2029", "\ufeff", "\u007f\u0080\u009f", "\U0001f9b7 & <b>", "yes", "1e3", "0x10", "~", "a: b # c", "'\"\\", "\t\r\n", " lead and trail ", "\u202eנועה",
	} {
		doc := full(t)
		doc.Tenant.DisplayName = name
		data, err := doc.Marshal()
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		again, err := tenantconfig.Parse(data)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if diff := cmp.Diff(doc, again); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}

func TestParseJudgesUnknownFieldsByVersion(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, version, wantErr string
	}{
		{"own version", "1.2", `unknown field "flavour"`},
		{"newer minor version", "1.3", ""},
		{"much newer minor version", "1.27", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := bytes.Replace(golden(t), []byte(`version: "1.2"`), []byte(`version: "`+tt.version+`"`+"\nflavour: mint"), 1)
			doc, err := tenantconfig.Parse(data)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("Parse = %v, want an error about %s", err, tt.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatalf("Parse = %v", err)
			}
			if err := doc.Validate(); err != nil {
				t.Errorf("Validate = %v", err)
			}
			want := full(t)
			want.Version = tt.version
			if diff := cmp.Diff(want, doc); diff != "" {
				t.Errorf("the known fields differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefusesOtherMajorVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"2.0", "0.9", "10.0", "1", "v1.0", "1.0.0", "1.00", "one"} {
		_, err := tenantconfig.Parse([]byte(`version: "` + version + `"`))
		unsupported, ok := errors.AsType[*tenantconfig.UnsupportedVersionError](err)
		if !ok || unsupported.Version != version {
			t.Errorf("Parse(version %q) = %v, want an UnsupportedVersionError of that version", version, err)
		}
	}
}

// YAML reads 1.0 without quotes as the number 1.
func TestParseExplainsAnUnquotedVersion(t *testing.T) {
	t.Parallel()
	_, err := tenantconfig.Parse([]byte("version: 1.0"))
	if err == nil || !strings.Contains(err.Error(), `in quotes`) {
		t.Errorf("Parse = %v, want an error that says to write the version in quotes", err)
	}
}

func TestParseRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, wantErr string }{
		{"empty", "", "has no version"},
		{"no version", "tenant: {}", "has no version"},
		{"not YAML", "version: [", "not valid YAML"},
		{"not a mapping", "- a\n- b", "not valid YAML"},
		{"a field twice", "version: \"1.0\"\ndefaultPolicy: a\ndefaultPolicy: b", "defaultPolicy"},
		{"another type", "version: \"1.0\"\nservices: 3", "services"},
		{"a bad duration", "version: \"1.0\"\nservices: [{duration: 30 minutes}]", `"30 minutes" is not a duration`},
		{"a bad time of day", "version: \"1.0\"\npolicies: [{hours: [{spans: [{from: \"9am\"}]}]}]", `"9am" is not a time of day`},
		{"a time of day that YAML reads as a number", "version: \"1.0\"\npolicies: [{hours: [{spans: [{from: 9}]}]}]", "expected a string, got 9"},
		{"a bad date", "version: \"1.0\"\npolicies: [{exceptions: [{from: 2026-02-30}]}]", `"2026-02-30" is not a date`},
		{"a bad day", "version: \"1.0\"\npolicies: [{hours: [{days: [Monday]}]}]", `"Monday" is not a day`},
		{"null for a duration", "version: \"1.0\"\npolicies: [{slots: {interval: null}}]", "is not a duration"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := tenantconfig.Parse([]byte(tt.data))
			if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
				t.Errorf("Parse = %v, want an error with %q", err, tt.wantErr)
			}
			if err != nil && !strings.Contains(err.Error(), tenantconfig.DocumentKey) && !errors.As(err, new(*tenantconfig.UnsupportedVersionError)) {
				t.Errorf("Parse = %v, which does not name %s", err, tenantconfig.DocumentKey)
			}
		})
	}
}

func TestNegotiate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		servers [][]string
		want    string
		ok      bool
	}{
		{"no servers", nil, tenantconfig.Current(), true},
		{"all know the newest", [][]string{{"1.0", "1.1", "1.2"}, {"1.1", "1.2", "1.3"}}, "1.2", true},
		{"one is a version behind", [][]string{{"1.0", "1.1"}, {"1.0", "1.1", "1.2"}}, "1.1", true},
		{"one is two versions behind", [][]string{{"1.0"}, {"1.0", "1.1", "1.2"}}, "1.0", true},
		{"one knows only another major", [][]string{{"1.0"}, {"2.0"}}, "", false},
		{"one reports nothing", [][]string{{"1.0"}, nil}, "", false},
	}
	for _, tt := range tests {
		got, ok := tenantconfig.Negotiate(tt.servers...)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: Negotiate = %q, %t, want %q, %t", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(golden(f))
	f.Add([]byte("version: \"1.9\"\nunknown: {}"))
	f.Add([]byte("version: 1.0"))
	f.Add([]byte("{}"))
	for _, text := range []string{`"\u202eנועה\0"`, `"'; DROP TABLE bookings; --"`, `"0001-01-01"`, `"9999-12-31"`, "&a [*a]", "!!binary AA=="} {
		f.Add(bytes.Replace(golden(f), []byte("displayName: "), []byte("displayName: "+text+" # "), 1))
		f.Add([]byte("version: \"1.0\"\nexceptions: [{from: " + text + "}]\n"))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := tenantconfig.Parse(data)
		if err != nil || doc.Validate() != nil {
			return
		}
		rendered, err := doc.Marshal()
		if err != nil {
			t.Fatalf("a valid document does not render: %v", err)
		}
		again, err := tenantconfig.Parse(rendered)
		if err != nil {
			t.Fatalf("what was rendered does not parse: %v\n%s", err, rendered)
		}
		if err := again.Validate(); err != nil {
			t.Fatalf("what was rendered is invalid: %v\n%s", err, rendered)
		}
	})
}
