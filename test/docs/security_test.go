package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	reachRow = regexp.MustCompile(`(?m)^\| [^|]+ \| [^|]+ \| [^|]+ \| (.+) \|$`)
	testName = regexp.MustCompile("^`(Test[A-Za-z0-9]+)`$")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)`)
)

// Each line about what a Tenant author can reach names a test, and the test exists.
func TestReachIsTested(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	for _, folder := range []string{"controllers", "api", "test", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, "_test.go") {
				for _, match := range testFunc.FindAllStringSubmatch(read(t, path), -1) {
					exists[match[1]] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, section, _ := strings.Cut(read(t, root+"/docs/security.md"), "## What a Tenant author can reach")
	section, _, _ = strings.Cut(section, "\n## ")
	rows := reachRow.FindAllStringSubmatch(section, -1)
	if len(rows) < 15 {
		t.Fatalf("only %d lines were found: has the way they are written changed?", len(rows))
	}
	for _, thing := range []string{"Secrets", "Hosts", "Networks", "Databases", "Other tenants", "Other namespaces", "Nodes"} {
		if !strings.Contains(section, "\n| "+thing+" | ") {
			t.Errorf("there is no line about %s", thing)
		}
	}
	for _, row := range rows[2:] { // the heading, and the line under it
		name := testName.FindStringSubmatch(row[1])
		if name == nil {
			t.Errorf("a line names no test: %s", row[0])
		} else if !exists[name[1]] {
			t.Errorf("%s is not there: %s", name[1], row[0])
		}
	}
}
