package tenant

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Given the Secrets that a pass has made, a preview comes to the very objects of that pass. Only the credential
// of a database on a server of the platform is left out.
func TestPreviewIsWhatAPassRenders(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"postgres", "suspended", "database-server", "cloudnativepg", "json-file"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readScope(t, filepath.Join("testdata", name, "input.yaml"))
			s.compose()
			intents, err := s.render()
			if err != nil {
				t.Fatal(err)
			}
			in := PreviewInput{Platform: s.platform, Tenant: s.tenant, Policies: s.policies, Secrets: s.secrets, Absent: s.absent}
			var want []*unstructured.Unstructured
			for _, intent := range intents {
				switch intent.Name {
				case databaseSecretName(s.tenant):
					continue
				case configSecretName(s.tenant):
					in.Config = secretOf(t, intent.Object())
				case apiKeySecretName(s.tenant):
					in.APIKey = secretOf(t, intent.Object())
				}
				want = append(want, intent.Object())
			}
			preview, err := NewPreview(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, preview.Objects); diff != "" || len(want) == 0 {
				t.Errorf("the preview of %d objects differs (-pass +preview):\n%s", len(want), diff)
			}
		})
	}
}

// Without those Secrets there are stand-ins, and the same objects by name.
func TestPreviewOfANewTenantHasStandIns(t *testing.T) {
	t.Parallel()
	s := readScope(t, filepath.Join("testdata", "postgres", "input.yaml"))
	preview, err := NewPreview(PreviewInput{Platform: s.platform, Tenant: s.tenant, Policies: s.policies, Secrets: s.secrets, Absent: s.absent})
	if err != nil {
		t.Fatal(err)
	}
	s.compose()
	intents, err := s.render()
	if err != nil {
		t.Fatal(err)
	}
	if len(preview.Objects) != len(intents) || len(preview.Faults) > 0 {
		t.Fatalf("%d objects with %v, want %d", len(preview.Objects), preview.Faults, len(intents))
	}
}

func secretOf(t *testing.T, object *unstructured.Unstructured) *corev1.Secret {
	t.Helper()
	secret := &corev1.Secret{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, secret); err != nil {
		t.Fatal(err)
	}
	return secret
}
