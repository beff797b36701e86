package v1alpha1_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// edit changes one field of an object. Without a value it removes the field.
type edit struct {
	path  string
	value any
	unset bool
}

func set(path string, value any) edit { return edit{path: path, value: value} }
func unset(path string) edit          { return edit{path: path, unset: true} }

// yamlValue reads a value that is easier to read as YAML than as nested maps.
func yamlValue(text string) any {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		panic(fmt.Sprintf("a test's own YAML is wrong: %v: %s", err, text))
	}
	return integers(value)
}

// integers turns whole floats into integers, as the API machinery wants them, in place within maps and lists.
func integers(value any) any {
	switch value := value.(type) {
	case float64:
		if value == float64(int64(value)) {
			return int64(value)
		}
	case int:
		return int64(value)
	case map[string]any:
		for key := range value {
			value[key] = integers(value[key])
		}
	case []any:
		for i := range value {
			value[i] = integers(value[i])
		}
	}
	return value
}

// base reads an object of testdata, with edits made to it.
func base(t *testing.T, name string, edits ...edit) *unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(data, &object.Object); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	integers(object.Object)
	for _, e := range edits {
		e.apply(t, object.Object)
	}
	return object
}

// apply walks a path such as spec.services[0].duration. Missing maps on the way are made.
func (e edit) apply(t *testing.T, object map[string]any) {
	t.Helper()
	var at any = object
	steps := strings.Split(strings.NewReplacer("[", ".[", "]", "").Replace(e.path), ".")
	for i, step := range steps {
		last := i == len(steps)-1
		if index, isIndex := strings.CutPrefix(step, "["); isIndex {
			n, err := strconv.Atoi(index)
			list, isList := at.([]any)
			if err != nil || !isList || n >= len(list) {
				t.Fatalf("path %s: %s is not in the list", e.path, step)
			}
			if last {
				list[n] = integers(e.value)
				return
			}
			at = list[n]
			continue
		}
		fields, isMap := at.(map[string]any)
		if !isMap {
			t.Fatalf("path %s: %s is not in a map", e.path, step)
		}
		switch {
		case last && e.unset:
			delete(fields, step)
			return
		case last:
			fields[step] = integers(e.value)
			return
		case fields[step] == nil:
			fields[step] = map[string]any{}
		}
		at = fields[step]
	}
}
