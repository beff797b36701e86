package chart

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

const (
	root      = "../.."
	chartPath = root + "/charts/frontdesk"
	namespace = "frontdesk-system"
)

// helm runs helm and returns what it printed on both channels and whether it succeeded.
func helm(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	program := filepath.Join(root, ".local", "bin", "helm")
	if _, missing := os.Stat(program); missing != nil {
		if program, err = exec.LookPath("helm"); err != nil {
			t.Fatal("helm is needed: run `make tools`, or `make test-chart`, which does that first")
		}
	}
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	// Helm reads a kubeconfig when there is one; what is rendered must not depend on it.
	cmd.Env = append(os.Environ(), "KUBECONFIG=/dev/null", "HELM_CONFIG_HOME="+t.TempDir())
	err = cmd.Run()
	return out.String(), errs.String(), err
}

// render renders the chart as release "frontdesk" with the given --set values.
func render(t *testing.T, set ...string) string {
	t.Helper()
	args := []string{"template", "frontdesk", chartPath, "--namespace", namespace}
	for _, value := range set {
		args = append(args, "--set", value)
	}
	out, said, err := helm(t, args...)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, said)
	}
	return out
}

// documents splits a stream of YAML documents into objects.
func documents(t *testing.T, stream string) []unstructured.Unstructured {
	t.Helper()
	var objects []unstructured.Unstructured
	for document := range strings.SplitSeq("\n"+stream, "\n---") {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatalf("not YAML: %v\n%s", err, document)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
	return objects
}

// ofKind selects the objects of a kind.
func ofKind(objects []unstructured.Unstructured, kind string) []unstructured.Unstructured {
	var selected []unstructured.Unstructured
	for _, object := range objects {
		if object.GetKind() == kind {
			selected = append(selected, object)
		}
	}
	return selected
}

// as converts an object to its Go type.
func as[T any](t *testing.T, object unstructured.Unstructured) *T {
	t.Helper()
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
	}
	return typed
}

// only returns the one object of a kind.
func only[T any](t *testing.T, objects []unstructured.Unstructured, kind string) *T {
	t.Helper()
	selected := ofKind(objects, kind)
	if len(selected) != 1 {
		t.Fatalf("%d objects of kind %s, want 1", len(selected), kind)
	}
	return as[T](t, selected[0])
}

// readDefinitions reads config/crd/bases by name.
func readDefinitions(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob(root + "/config/crd/bases/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no definitions under config/crd/bases (%v)", err)
	}
	definitions := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, path := range paths {
		definition := only[apiextensionsv1.CustomResourceDefinition](t, documents(t, readFile(t, path)), "CustomResourceDefinition")
		definitions[definition.Name] = definition
	}
	return definitions
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
