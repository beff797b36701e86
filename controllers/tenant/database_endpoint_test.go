package tenant

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func TestDatabaseEndpoints(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][]endpoint{
		"":                                    nil,
		"postgres://u:p@db.example/shop":      {{host: "db.example", port: 5432}},
		"postgres://u:p@db.example:6432/shop": {{host: "db.example", port: 6432}},
		"postgresql://u:p@[2001:db8::1]:5433/shop": {{host: "2001:db8::1", port: 5433}},
		"host=db.example user=u":                   nil,
	} {
		s := &scope{bundle: tenantconfig.Bundle{"database-url": []byte(url)}}
		if diff := cmp.Diff(want, s.databaseEndpoints(), cmp.AllowUnexported(endpoint{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", url, diff)
		}
	}
}
