package tenantconfig_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// came lists what each version brought, as paths in the golden document.
var came = []struct {
	version string
	fields  []string
}{
	{"1.0", nil},
	{"1.1", []string{"cache"}},
	{"1.2", []string{"services[0].description"}},
}

func goldenOf(t *testing.T, version string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/full-" + version + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Whoever adds a field without a version of its own changes what the older golden documents look like.
func TestRestrictRendersEveryVersionAsItWas(t *testing.T) {
	t.Parallel()
	var versions, newer []string
	for i := len(came) - 1; i >= 0; i-- {
		version := came[i].version
		versions = append([]string{version}, versions...)
		doc := full(t)
		removed := doc.Restrict(version)
		if diff := cmp.Diff(newer, removed); diff != "" {
			t.Errorf("Restrict(%s) removes (-want +got):\n%s", version, diff)
		}
		data, err := doc.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(goldenOf(t, version)), string(data)); diff != "" {
			t.Errorf("version %s is not what it was (-golden +got):\n%s", version, diff)
		}
		again, err := tenantconfig.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Validate(); err != nil {
			t.Errorf("version %s is not valid: %v", version, err)
		}
		newer = append(newer, came[i].fields...)
	}
	if diff := cmp.Diff(versions, tenantconfig.Versions); diff != "" {
		t.Errorf("Versions (-tested +listed):\n%s", diff)
	}
}

// A server of the version would not know the field, so no other may take it under that number.
func TestParseRefusesFieldsThatCameLater(t *testing.T) {
	t.Parallel()
	for i, step := range came[1:] {
		before := came[i].version
		data := bytes.Replace(goldenOf(t, step.version), []byte(`version: "`+step.version+`"`), []byte(`version: "`+before+`"`), 1)
		_, err := tenantconfig.Parse(data)
		if i == 0 {
			if err != nil {
				t.Errorf("a document as builds wrote it before fields had versions: %v", err)
			}
			continue
		}
		for _, field := range step.fields {
			if err == nil || !strings.Contains(err.Error(), field) || !strings.Contains(err.Error(), step.version) {
				t.Errorf("%s in a document of %s: %v, want an error that names the field and %s", field, before, err, step.version)
			}
		}
	}
}

func TestRestrictToTheNewestChangesNothing(t *testing.T) {
	t.Parallel()
	doc := full(t)
	if removed := doc.Restrict(tenantconfig.Current()); removed != nil {
		t.Errorf("removed %v", removed)
	}
	if diff := cmp.Diff(full(t), doc); diff != "" {
		t.Errorf("changed (-before +after):\n%s", diff)
	}
}
