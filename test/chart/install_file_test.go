package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// installFile is what `make dist` writes, before the image gets its version.
func installFile(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	program := filepath.Join(root, ".local", "bin", "kustomize")
	if _, missing := os.Stat(program); missing != nil {
		var err error
		if program, err = exec.LookPath("kustomize"); err != nil {
			t.Fatal("kustomize is needed: run `make test-chart`, which builds it first")
		}
	}
	out, err := exec.CommandContext(t.Context(), program, "build", filepath.Join(root, "config", "default")).Output()
	if err != nil {
		t.Fatalf("kustomize build config/default: %v", err)
	}
	return documents(t, string(out))
}

// Whoever installs from the one file gets the same operator as from the chart, with the same rights and guards.
func TestInstallFileHasWhatTheChartHas(t *testing.T) {
	t.Parallel()
	file, chart := installFile(t), documents(t, render(t))
	for _, kind := range []string{
		"CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
		"Deployment", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy", "Role", "RoleBinding",
	} {
		if got, want := len(ofKind(file, kind)), len(ofKind(chart, kind)); got != want || got == 0 {
			t.Errorf("%d objects of kind %s, the chart has %d", got, kind, want)
		}
	}
	if diff := cmp.Diff(only[rbacv1.Role](t, chart, "Role").Rules, only[rbacv1.Role](t, file, "Role").Rules); diff != "" {
		t.Errorf("rights in the operator's namespace (-chart +file):\n%s", diff)
	}
	policies := map[string]bool{}
	for _, object := range ofKind(file, "ValidatingAdmissionPolicy") {
		policies[object.GetName()] = true
	}
	for _, object := range ofKind(file, "ValidatingAdmissionPolicyBinding") {
		if name := as[admissionv1.ValidatingAdmissionPolicyBinding](t, object).Spec.PolicyName; !policies[name] {
			t.Errorf("binding %s is about %s, which is not there", object.GetName(), name)
		}
	}
	ours, theirs := only[appsv1.Deployment](t, file, "Deployment").Spec, only[appsv1.Deployment](t, chart, "Deployment").Spec
	if *ours.Replicas != *theirs.Replicas {
		t.Errorf("%d replicas, the chart has %d", *ours.Replicas, *theirs.Replicas)
	}
	for _, part := range []struct {
		name        string
		file, chart any
	}{
		{"security context of the pod", ours.Template.Spec.SecurityContext, theirs.Template.Spec.SecurityContext},
		{"security context", ours.Template.Spec.Containers[0].SecurityContext, theirs.Template.Spec.Containers[0].SecurityContext},
		{"resources", ours.Template.Spec.Containers[0].Resources, theirs.Template.Spec.Containers[0].Resources},
		{"liveness probe", ours.Template.Spec.Containers[0].LivenessProbe, theirs.Template.Spec.Containers[0].LivenessProbe},
	} {
		if diff := cmp.Diff(part.chart, part.file); diff != "" {
			t.Errorf("%s (-chart +file):\n%s", part.name, diff)
		}
	}
}
