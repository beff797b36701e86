package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const root = "../.."

func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }

var (
	fenced  = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")
	applied = regexp.MustCompile(`(?ms)^ *kubectl apply .*-f - <<'EOF'\n(.*?)^ *EOF$`)
	link    = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	// The commands that show logs, to the end of the line or of the quotation.
	showsLogs    = regexp.MustCompile("kubectl (?:-n \\S+ )?logs [^\n`]*")
	selector     = regexp.MustCompile(` (-l|--selector)[ =]`)
	ofDeployment = regexp.MustCompile(` deploy(ment)?s?/`)
	target       = regexp.MustCompile("(?m)(?:^|`|&& )make ([a-z][a-z0-9-]*)")
)

// Every object that a page shows can be applied as it stands.
func TestObjectsAreAccepted(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	namespace := cluster.Namespace(t)
	shown := 0
	for path, text := range pages(t) {
		for _, pattern := range []*regexp.Regexp{fenced, applied} {
			for _, match := range pattern.FindAllStringSubmatch(text, -1) {
				if !strings.Contains(match[1], "apiVersion: frontdesk.dev/") {
					continue
				}
				shown++
				if _, err := cluster.Kubectl(t.Context(), match[1], "apply", "-n", namespace, "--dry-run=server", "-f", "-"); err != nil {
					t.Errorf("%s: %v\n%s", path, err, match[1])
				}
			}
		}
	}
	if shown < 3 {
		t.Errorf("only %d blocks of objects were found in the pages: has the way they are written changed?", shown)
	}
}

func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	samples, err := filepath.Glob(root + "/config/samples/*.yaml")
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples (%v)", err)
	}
	for _, path := range samples {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		namespace := cluster.Namespace(t)
		if _, err := cluster.Kubectl(t.Context(), read(t, path), "apply", "-n", namespace, "-f", "-"); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	for path, text := range pages(t) {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(path), match[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", path, match[1])
			}
		}
	}
}

func TestMakeTargetsExist(t *testing.T) {
	t.Parallel()
	makefile := read(t, root+"/Makefile")
	for path, text := range pages(t) {
		for _, match := range target.FindAllStringSubmatch(text, -1) {
			defined := regexp.MustCompile(`(?m)^([a-z0-9-]+ )*` + regexp.QuoteMeta(match[1]) + `( [a-z0-9-]+)*:`)
			if !defined.MatchString(makefile) {
				t.Errorf("%s mentions `make %s`, which the Makefile does not have", path, match[1])
			}
		}
	}
}

// With a selector kubectl shows ten lines of each pod unless it is told otherwise, and of a Deployment one pod of several: who
// looks for an error would find none.
func TestLogsAreOfAllPods(t *testing.T) {
	t.Parallel()
	shown := 0
	for path, text := range pages(t) {
		for _, command := range showsLogs.FindAllString(text, -1) {
			shown++
			if selects := selector.MatchString(command); selects && !strings.Contains(command, "--tail") {
				t.Errorf("%s: say with --tail how many lines, or -1 for all: %s", path, command)
			}
			if ofDeployment.MatchString(command) {
				t.Errorf("%s: select all pods with -l, --prefix and --tail: %s", path, command)
			}
		}
	}
	if shown < 10 {
		t.Errorf("only %d commands that show logs were found in the pages: has the way they are written changed?", shown)
	}
}

// pages reads everything that is written for people: Markdown, and what Helm prints after installing.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	notes := root + "/charts/frontdesk/templates/NOTES.txt"
	for _, path := range []string{root + "/README.md", root + "/CONTRIBUTING.md", notes} {
		found[path] = read(t, path)
	}
	// Helm prints the notes without their indentation in mind: the objects are set in by four spaces.
	found[notes] = regexp.MustCompile(`(?m)^ {4}`).ReplaceAllString(found[notes], "")
	err := filepath.WalkDir(root+"/docs", func(path string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			found[path] = read(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
