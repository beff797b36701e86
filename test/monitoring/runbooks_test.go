package monitoring

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	runbooks    = root + "/docs/runbooks"
	runbookURL  = "https://github.com/frontdesk-dev/frontdesk/blob/main/docs/runbooks/"
	monitoredBy = root + "/docs/monitoring.md"
)

// alerts are all that there are, with each of the rules that raise them.
func alerts(t *testing.T) map[string][]rule {
	t.Helper()
	all := map[string][]rule{}
	for _, file := range ruleFiles(t) {
		for _, r := range rules(t, file) {
			if r.Alert != "" {
				all[r.Alert] = append(all[r.Alert], r)
			}
		}
	}
	return all
}

func TestEveryAlertHasAPageAndEveryPageAnAlert(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(runbooks + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var pages []string
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		pages = append(pages, name)
		text := string(read(t, path))
		for _, heading := range []string{"# " + name, "Severity: ", "## What it means", "## How to look", "## What to do"} {
			if !strings.Contains(text, heading) {
				t.Errorf("%s has no %q", path, heading)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(alerts(t))), pages); diff != "" {
		t.Errorf("alerts and pages of docs/runbooks (-alerts +pages):\n%s", diff)
	}
}

func TestAlertsSayEverything(t *testing.T) {
	t.Parallel()
	table := string(read(t, monitoredBy))
	for name, all := range alerts(t) {
		for _, r := range all {
			for _, annotation := range []string{"summary", "description"} {
				if r.Annotations[annotation] == "" {
					t.Errorf("%s has no %s", name, annotation)
				}
			}
			if want := runbookURL + name + ".md"; r.Annotations["runbook_url"] != want {
				t.Errorf("%s points to %q, not to %s", name, r.Annotations["runbook_url"], want)
			}
			severity := r.Labels["severity"]
			if severity != "critical" && severity != "warning" {
				t.Errorf("%s has severity %q", name, severity)
			}
			if page := string(read(t, filepath.Join(runbooks, name+".md"))); !strings.Contains(page, "Severity: "+severity+".") {
				t.Errorf("the page of %s does not say that it is %s", name, severity)
			}
			if row := "| [" + name + "](runbooks/" + name + ".md) | " + severity + " |"; !strings.Contains(table, row) {
				t.Errorf("docs/monitoring.md lacks the row %s", row)
			}
		}
	}
}
