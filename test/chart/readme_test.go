package chart

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

const (
	readme     = chartPath + "/README.md"
	tableBegin = "<!-- values: written by `go test ./test/chart -update` -->\n"
	tableEnd   = "<!-- /values -->\n"
)

// The README's table is made from values.yaml, whose comments that begin with -- it shows, as helm-docs does.
func TestValuesAreInTheReadme(t *testing.T) {
	t.Parallel()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(readFile(t, chartPath+"/values.yaml")), &document); err != nil {
		t.Fatal(err)
	}
	want := "| Key | Default | |\n| --- | --- | --- |\n"
	for _, value := range valuesIn(t, document.Content[0], "") {
		want += fmt.Sprintf("| `%s` | `%s` | %s |\n", value.key, value.standard, value.text)
	}
	text := readFile(t, readme)
	before, rest, found := strings.Cut(text, tableBegin)
	got, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the table of values", readme)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(before+tableBegin+want+tableEnd+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table of values is not that of values.yaml; go test ./test/chart -update writes it (-values.yaml +README.md):\n%s", diff)
	}
}

// value is one that a user can set.
type value struct{ key, standard, text string }

// valuesIn lists the values of a mapping: what has a description of its own, and what is within the rest.
func valuesIn(t *testing.T, mapping *yaml.Node, prefix string) []value {
	t.Helper()
	var values []value
	for i := 0; i < len(mapping.Content); i += 2 {
		name, node := mapping.Content[i], mapping.Content[i+1]
		key := prefix + name.Value
		text := description(name.HeadComment)
		if text == "" && node.Kind == yaml.MappingNode && len(node.Content) > 0 {
			values = append(values, valuesIn(t, node, key+".")...)
			continue
		}
		if text == "" {
			t.Errorf("values.yaml does not describe %s: put a comment before it that begins with --", key)
		}
		var content any
		if err := node.Decode(&content); err != nil {
			t.Fatal(err)
		}
		standard, err := json.Marshal(content)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value{key, string(standard), text})
	}
	return values
}

// listed is a line of a comment that begins an entry of a list.
var listed = regexp.MustCompile(`^#   \S`)

// description is what a comment says after --, as one line of a table.
func description(comment string) string {
	_, text, found := strings.Cut(comment, "# -- ")
	if !found {
		return ""
	}
	var out strings.Builder
	for i, line := range strings.Split(text, "\n") {
		switch {
		case listed.MatchString(line):
			out.WriteString("<br>")
		case i > 0:
			out.WriteString(" ")
		}
		out.WriteString(strings.Join(strings.Fields(strings.TrimPrefix(line, "#")), " "))
	}
	return strings.ReplaceAll(out.String(), "|", `\|`)
}

// Every value has a place in the schema, which refuses all others at every level that is the chart's own.
func TestSchemaKnowsEveryValue(t *testing.T) {
	t.Parallel()
	type node struct {
		Type                 any
		AdditionalProperties any
		Properties           map[string]json.RawMessage
	}
	var check func(values map[string]any, schema json.RawMessage, path string)
	check = func(values map[string]any, schema json.RawMessage, path string) {
		var n node
		if err := json.Unmarshal(schema, &n); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if len(n.Properties) == 0 {
			return // somebody else's type, such as an affinity
		}
		if n.AdditionalProperties != false && path != "global" {
			t.Errorf("the schema allows unknown values in %q", path)
		}
		for name, v := range values {
			child, known := n.Properties[name]
			at := strings.TrimPrefix(path+"."+name, ".")
			if !known {
				t.Errorf("the schema does not know %s", at)
				continue
			}
			if inner, ok := v.(map[string]any); ok {
				check(inner, child, at)
			}
		}
		for name := range n.Properties {
			if _, there := values[name]; !there && path != "resources" {
				t.Errorf("the schema knows %s.%s, which values.yaml does not have", path, name)
			}
		}
	}
	var values map[string]any
	if err := yaml.Unmarshal([]byte(readFile(t, chartPath+"/values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	check(values, json.RawMessage(readFile(t, chartPath+"/values.schema.json")), "")
}
