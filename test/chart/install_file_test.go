package chart

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// installFile is what `make dist` writes.
func installFile(t *testing.T, version ...string) []unstructured.Unstructured {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(root, "hack", "install-file.sh"), version...).Output()
	if err != nil {
		t.Fatalf("hack/install-file.sh: %v", err)
	}
	return documents(t, string(out))
}

// Whoever installs from the one file gets every object and every argument that the chart gives with its default values.
func TestInstallFileIsTheChart(t *testing.T) {
	t.Parallel()
	file, chart := byName(installFile(t)), byName(documents(t, render(t)))
	want := map[string]any{}
	for name, object := range chart {
		want[name] = withoutHelm(object)
	}
	const ownNamespace = "Namespace /" + namespace
	got := map[string]any{}
	for name, object := range file {
		if name == ownNamespace { // Helm makes it by itself
			continue
		}
		if diff := cmp.Diff(withoutHelm(object), object.Object); diff != "" {
			t.Errorf("%s says that it is Helm's (-without +with):\n%s", name, diff)
		}
		got[name] = object.Object
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the file differs from the chart (-chart +file):\n%s", diff)
	}
	if _, found := file[ownNamespace]; !found {
		t.Errorf("the file does not make the namespace %s", namespace)
	}
}

// An installation whose operator is told nothing about isolation has no NetworkPolicies for tenants.
func TestInstallFileIsolatesTenants(t *testing.T) {
	t.Parallel()
	args := operator(t, installFile(t)).Args
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--isolation={") }) {
		t.Errorf("no --isolation in %q", args)
	}
}

func TestInstallFileIsOfAVersion(t *testing.T) {
	t.Parallel()
	file := installFile(t, "1.2.3")
	container := only[appsv1.Deployment](t, file, "Deployment").Spec.Template.Spec.Containers[0]
	const image = "docker.io/frontdesk/frontdesk:1.2.3"
	if container.Image != image {
		t.Errorf("the operator's image is %s, want %s", container.Image, image)
	}
	for _, want := range []string{"--server-image=" + image, "--server-version=1.2.3"} {
		if !slices.Contains(container.Args, want) {
			t.Errorf("no %s in %q", want, container.Args)
		}
	}
}

func byName(objects []unstructured.Unstructured) map[string]unstructured.Unstructured {
	named := map[string]unstructured.Unstructured{}
	for _, object := range objects {
		named[object.GetKind()+" "+object.GetNamespace()+"/"+object.GetName()] = object
	}
	return named
}

// withoutHelm is an object without the labels and annotations that are about Helm.
func withoutHelm(object unstructured.Unstructured) map[string]any {
	plain := object.DeepCopy()
	strip := func(values map[string]string) map[string]string {
		for key, value := range values {
			if strings.HasPrefix(key, "helm.sh/") || value == "Helm" {
				delete(values, key)
			}
		}
		return values
	}
	plain.SetLabels(strip(plain.GetLabels()))
	plain.SetAnnotations(strip(plain.GetAnnotations()))
	return plain.Object
}
