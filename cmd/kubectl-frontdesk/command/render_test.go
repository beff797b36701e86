package command_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// offline runs the program without any cluster in reach.
func offline(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	return runProgram(t.Context(), stdin, append(args, "--kubeconfig", filepath.Join(t.TempDir(), "none"))...)
}

var kindAndName = regexp.MustCompile(`(?m)^kind: (\S+)$`)

func TestRenderOfSamples(t *testing.T) {
	t.Parallel()
	for _, sample := range []string{"dentist.yaml", "gym.yaml", "hair-salon.yaml"} {
		got := offline(t, "", "render", "-f", filepath.Join("..", "..", "..", "config", "samples", sample))
		if got.code != 0 || !strings.Contains(got.out, "kind: Deployment") {
			t.Errorf("%s: code %d, %d objects: %s", sample, got.code, len(kindAndName.FindAllString(got.out, -1)), got.err)
		}
	}
}

// The objects themselves are the operator's business and have golden files there; this one shows what the
// command adds: values that are not shown, stand-ins, and where the objects go.
func TestRenderHidesSecrets(t *testing.T) {
	t.Parallel()
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {url: 'postgres://app:do-not-show@db/x'}\n---\n"
	got := offline(t, secret+policyManifest+tenantManifest(onPostgres), "render", "-n", "dental", "-f", "-", "--server-image", "frontdesk:1.2.3", "--server-version", "1.2.3")
	if got.code != 0 || got.err != "" {
		t.Fatalf("code %d: %s", got.code, got.err)
	}
	if strings.Contains(got.out, "do-not-show") || strings.Contains(got.out, "cG9zdGdyZXM6") {
		t.Error("it shows the value of a Secret")
	}
	config := between(got.out, "name: frontdesk-bright-config", "---")
	if config == "" {
		t.Fatalf("no config Secret in:\n%s", got.out)
	}
	if diff := compareGolden(t, "render/config-secret.yaml", between(got.out, "---\napiVersion: v1\ndata:\n  database-url", "---")); diff != "" {
		t.Error(diff)
	}
}

// Without a word about it, the NetworkPolicy is the one that the chart's default values come to.
func TestRenderIsolatesAsTheChartDoes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "charts", "frontdesk", "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values struct {
		Isolation map[string]any `json:"isolation"`
	}
	if err := yaml.Unmarshal(data, &values); err != nil {
		t.Fatal(err)
	}
	if values.Isolation["enabled"] != true {
		t.Fatal("the chart makes no NetworkPolicies by default")
	}
	delete(values.Isolation, "enabled")
	chart, err := json.Marshal(values.Isolation)
	if err != nil {
		t.Fatal(err)
	}
	manifest := policyManifest + tenantManifest(onPostgres)
	usual, told := offline(t, manifest, "render", "-f", "-"), offline(t, manifest, "render", "-f", "-", "--isolation", string(chart))
	if usual.code != 0 || told.code != 0 || !strings.Contains(usual.out, "kind: NetworkPolicy") || !strings.Contains(usual.out, "kubernetes.io/metadata.name: frontdesk-system") {
		t.Fatalf("codes %d and %d, or no NetworkPolicy for the operator's namespace: %s%s", usual.code, told.code, usual.err, told.err)
	}
	if diff := cmp.Diff(told.out, usual.out); diff != "" {
		t.Errorf("with the values of the chart and without (-values +without):\n%s", diff)
	}
	if none := offline(t, manifest, "render", "-f", "-", "--isolation", ""); strings.Contains(none.out, "kind: NetworkPolicy") {
		t.Error("a NetworkPolicy is shown although there is to be none")
	}
}

func between(text, first, end string) string {
	_, rest, found := strings.Cut(text, first)
	if !found {
		return ""
	}
	part, _, _ := strings.Cut(rest, end)
	return first + part
}

func TestRenderSaysWhatItPutInItsPlace(t *testing.T) {
	t.Parallel()
	got := offline(t, policyManifest+tenantManifest(onPostgres), "render", "-n", "dental", "-f", "-")
	if got.code != 0 || !strings.Contains(got.err, "Tenant bright needs Secret db with the key url") {
		t.Errorf("code %d: %s", got.code, got.err)
	}
}

func TestRenderFindsProblems(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clinic.yaml")
	for _, test := range []struct {
		name, manifest string
		says           []string
	}{
		{"rule", policyManifest + tenantManifest(inLondon+"  server: {replicas: 3}\n"), []string{"clinic.yaml:18: Tenant/bright: spec.server:", "at most 1"}},
		{"unknown field", policyManifest + tenantManifest(inLondon+"  timezone: x\n"), []string{`clinic.yaml:18: Tenant/bright: spec.timezone: Invalid value: there is no field "timezone" here`}},
		{"missing policy", tenantManifest(inLondon), []string{"clinic.yaml:7: Tenant/bright: spec.bookingPolicyRef.name: there is no BookingPolicy \"hours\""}},
		{"zone", policyManifest + tenantManifest("  timeZone: Europe/Atlantis\n"), []string{"clinic.yaml:17: Tenant/bright: spec.timeZone:"}},
		{"fault of a policy is shown in the policy", strings.Replace(policyManifest, "hours: [{", "holidays: {calendar: XX}\n  hours: [{", 1) + tenantManifest(inLondon), []string{"BookingPolicy/hours: spec.holidays.calendar"}},
		{"faulty policy", strings.Replace(policyManifest, "09:00", "9", 1) + tenantManifest(inLondon), []string{"clinic.yaml:6: BookingPolicy/hours: spec.hours[0].spans[0].from", "note: Tenant bright is not rendered, because its BookingPolicy hours is faulty"}},
		{"twice", policyManifest + policyManifest + tenantManifest(inLondon), []string{"the object is there twice: first at"}},
		{"kind that is none", strings.Replace(policyManifest, "BookingPolicy", "BokingPolicy", 1) + tenantManifest(inLondon), []string{"has no kind BokingPolicy"}},
		{"no YAML", "a: [\n", []string{"clinic.yaml:"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(test.manifest), 0o600); err != nil {
				t.Fatal(err)
			}
			got := offline(t, "", "render", "-n", "dental", "--check", "-f", file)
			if got.code != 1 || got.out != "" {
				t.Errorf("code %d, output %q", got.code, got.out)
			}
			for _, part := range test.says {
				if !strings.Contains(got.err, part) {
					t.Errorf("it does not say %q:\n%s", part, got.err)
				}
			}
		})
	}
}

func TestRenderProblemsForPrograms(t *testing.T) {
	t.Parallel()
	got := offline(t, tenantManifest(inLondon), "render", "--check", "-o", "json", "-f", "-")
	var problems []struct {
		File, Object, Field, Message string
		Line                         int
	}
	if err := json.Unmarshal([]byte(got.out), &problems); err != nil {
		t.Fatalf("%v in %q", err, got.out)
	}
	if len(problems) != 1 || problems[0].Field != "spec.bookingPolicyRef.name" || problems[0].Line != 7 || got.code != 1 {
		t.Errorf("code %d, %+v", got.code, problems)
	}
}
