package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// operatorsOwn are the names that the operator alone writes, and those that are no label or annotation.
var operatorsOwn = map[string]bool{
	"cache.frontdesk.dev/digest": true, "frontdesk.dev/intent": true, "frontdesk.dev/template": true, "frontdesk.dev/nudge": true,
	"frontdesk.dev/revision": true, "frontdesk.dev/tenant": true, "frontdesk.dev/tenant-uid": true, "frontdesk.dev/data": true,
	"frontdesk.dev/database-serial": true, "frontdesk.dev/database-retired-serial": true,
	"frontdesk.dev/database-rotated-at": true, "frontdesk.dev/database-rotation-request": true,
	"frontdesk.dev/replicas-by": true, "frontdesk.dev/replicas-at-start": true, "frontdesk.dev/replicas-on-resume": true,
	"frontdesk.dev/host": true, "frontdesk.dev/holder": true, // the latter is an index
}

var ownName = regexp.MustCompile(`"((?:[a-z]+\.)?frontdesk\.dev/[a-z][a-z-]*)"`)

// Each name in the code of the operator that is not its own is one that people set, and has a line in the table.
func TestWhatPeopleMaySetIsListed(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, root+"/docs/concepts.md"), "## Labels and annotations that people set")
	table, _, _ = strings.Cut(table, "\n## ")
	listed := 0
	err := filepath.WalkDir(root+"/controllers", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		for _, match := range ownName.FindAllStringSubmatch(read(t, path), -1) {
			switch name := match[1]; {
			case operatorsOwn[name]:
			case strings.Contains(table, "| `"+name+"` |"):
				listed++
			default:
				t.Errorf("%s: %s is neither in the table of docs/concepts.md nor among those that the operator alone writes", path, name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if listed < 6 {
		t.Errorf("only %d of the names that people set were found: has the way they are written changed?", listed)
	}
}
