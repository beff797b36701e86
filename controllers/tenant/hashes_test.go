package tenant

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
)

// After an upgrade an object is applied again when its hash is another. The hash is of its JSON, in the order of the fields of
// client-go's types, and the other golden files are sorted: without this one nobody would see that a newer release of a
// dependency has every object of all tenants applied once.
func TestHashesOfRenderedObjects(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	pinned := map[schema.GroupKind]bool{}
	add := func(name string, intents []apply.Intent) {
		for _, intent := range intents {
			pinned[intent.GroupKind()] = true
			fmt.Fprintf(&got, "%s: %s %s %s\n", name, intent.Kind, intent.Name, intent.Hash())
		}
	}
	for _, golden := range goldens() {
		add(golden.name, intentsOf(t, readScope(t, golden.input)))
	}
	monitored := promising(t, nil)
	mailed(monitored)
	add("monitored", intentsOf(t, monitored))
	path := filepath.Join("testdata", "hashes.txt")
	if diff := diffGolden(t, path, got.Bytes()); diff != "" {
		t.Errorf("%s differs. An upgrade to this build applies each of these objects once, for every tenant of the fleet. No pod restarts "+
			"for that, and no tenant is rolled: pods are replaced when their template says something else, whatever the order of its fields.\n"+
			"Where another golden file differs too, that is what the change is for. Where it does not, the same object is only written in "+
			"another order, as a newer release of client-go might: a thousand tenants are more than ten thousand requests, so let whoever "+
			"reviews the change know. Then run `go test ./controllers/tenant -update` (-want +got):\n%s", path, diff)
	}
	for _, item := range ownable(monitored.tenant) {
		if !pinned[item.GroupKind()] {
			t.Errorf("no golden tenant has a %s: its hash is not pinned", item.Kind)
		}
	}
}
