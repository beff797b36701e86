package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
)

const two = `# a comment
apiVersion: v1
kind: First
metadata:
  name: a
---
# nothing here
---
apiVersion: v1
kind: Second
metadata: {name: b}
spec:
  hours:
    - days: [Mon]
      spans:
        - from: "09:00"
  labels: {a.b/c: x}
`

func TestLinesOfFields(t *testing.T) {
	t.Parallel()
	documents, problems, err := manifest.Read([]string{manifest.Stdin}, strings.NewReader(two))
	if err != nil || len(problems) > 0 || len(documents) != 2 {
		t.Fatalf("%d documents, %v, %v", len(documents), problems, err)
	}
	first, second := documents[0], documents[1]
	if first.Name() != "First/a" || second.Name() != "Second/b" {
		t.Fatalf("read %s and %s", first.Name(), second.Name())
	}
	for field, want := range map[string]int{
		"": 9, "metadata.name": 11, "spec": 12, "spec.hours": 13, "spec.hours[0]": 14, "spec.hours[0].spans[0].from": 16,
		"spec.hours[0].spans[0].to": 16, "spec.hours[7]": 13, "spec.labels[a.b/c]": 17, "spec.missing.deep": 12,
	} {
		if got := second.LineOf(field); got != want {
			t.Errorf("%q is on line %d, want %d", field, got, want)
		}
	}
	if got := first.LineOf("metadata.name"); got != 5 {
		t.Errorf("the first name is on line %d, want 5", got)
	}
}

func TestUnreadableTextIsAProblemWithItsLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		line       int
		says       string
	}{
		{"broken", "a: b\n---\napiVersion: v1\nkind: X\nmetadata: {name\n", 5, ""},
		{"twice the same key", "apiVersion: v1\nkind: X\nmetadata: {name: a}\nmetadata: {name: b}\n", 4, "already"},
		{"no kind", "apiVersion: v1\n", 1, "kind"},
		{"a list", "- a\n- b\n", 1, "mapping"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, problems, err := manifest.Read([]string{manifest.Stdin}, strings.NewReader(test.text))
			if err != nil || len(problems) == 0 {
				t.Fatalf("%v, %v", problems, err)
			}
			last := problems[len(problems)-1]
			if last.Line != test.line || !strings.Contains(last.Message, test.says) {
				t.Errorf("%s, want line %d with %q", last, test.line, test.says)
			}
		})
	}
}

func TestFoldersAreReadWithTheirFolders(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"b.yaml": "apiVersion: v1\nkind: B\n", "deep/a.json": `{"apiVersion": "v1", "kind": "A"}`,
		"README.md": "no manifest", "kustomization.yaml": "resources: []\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	documents, problems, err := manifest.Read([]string{folder}, nil)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	var kinds []string
	for _, document := range documents {
		kinds = append(kinds, document.Object.GetKind())
	}
	if diff := cmp.Diff([]string{"B", "A"}, kinds); diff != "" {
		t.Error(diff)
	}
	if _, _, err := manifest.Read([]string{t.TempDir()}, nil); err == nil {
		t.Error("an empty folder is no error")
	}
}
