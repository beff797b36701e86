package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const (
	root          = "../.."
	tenantRules   = root + "/controllers/tenant/testdata/monitoring"
	operatorRules = root + "/charts/frontdesk/monitoring/rules.yaml"
	dashboard     = root + "/charts/frontdesk/monitoring/dashboard.json"
)

// ruleFile is what promtool and Prometheus read.
type ruleFile struct {
	Groups []struct {
		Name  string `json:"name"`
		Rules []rule `json:"rules"`
	} `json:"groups"`
}

type rule struct {
	Record      string            `json:"record"`
	Alert       string            `json:"alert"`
	Expr        string            `json:"expr"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// ruleFiles are all rules that are rendered, by the name of their golden file; "operator" are those of the chart.
func ruleFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"operator": read(t, operatorRules)}
	goldens, err := filepath.Glob(tenantRules + "/*.yaml")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("no golden files in %s (%v)", tenantRules, err)
	}
	for _, golden := range goldens {
		for document := range strings.SplitSeq(string(read(t, golden)), "\n---\n") {
			var object struct {
				Kind string         `json:"kind"`
				Spec map[string]any `json:"spec"`
			}
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				t.Fatal(err)
			}
			if object.Kind != "PrometheusRule" {
				continue
			}
			spec, err := yaml.Marshal(object.Spec)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimSuffix(filepath.Base(golden), ".yaml")] = spec
		}
	}
	return files
}

// rules are all rules of a file.
func rules(t *testing.T, file []byte) []rule {
	t.Helper()
	var parsed ruleFile
	if err := yaml.Unmarshal(file, &parsed); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, group := range parsed.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatal("there are no rules in the file")
	}
	return all
}

// promtool reads every rule, and runs those for which there are scenarios in testdata.
func TestRulesDoWhatTheySay(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("promtool")
	if err != nil {
		t.Fatal("promtool is needed: run `make deps`")
	}
	files := ruleFiles(t)
	for name, content := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			write(t, filepath.Join(folder, "rules.yaml"), content)
			run(t, folder, program, "check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
			scenarios := filepath.Join("testdata", name+".test.yaml")
			if _, err := os.Stat(scenarios); err != nil {
				return
			}
			write(t, filepath.Join(folder, "scenarios.yaml"), read(t, scenarios))
			run(t, folder, program, "test", "rules", "scenarios.yaml")
		})
	}
	scenarios, err := filepath.Glob("testdata/*.test.yaml")
	if err != nil || len(scenarios) == 0 {
		t.Fatalf("no scenarios (%v)", err)
	}
	for _, path := range scenarios {
		if files[strings.TrimSuffix(filepath.Base(path), ".test.yaml")] == nil {
			t.Errorf("%s is for rules that are not there", path)
		}
	}
}

// Every alert is seen firing in a scenario: one that cannot fire is worse than none.
func TestEveryAlertFiresInAScenario(t *testing.T) {
	t.Parallel()
	var scenarios strings.Builder
	paths, err := filepath.Glob("testdata/*.test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		scenarios.Write(read(t, path))
	}
	for alert := range alerts(t) {
		if !strings.Contains(scenarios.String(), `labels: 'ALERTS{alertname="`+alert+`"`) {
			t.Errorf("no scenario in testdata makes %s fire", alert)
		}
	}
}

func run(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir = folder
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
