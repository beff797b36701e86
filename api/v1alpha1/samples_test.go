package v1alpha1_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const samplesFolder = "../../config/samples"

// sampleDocuments returns the YAML documents of each sample.
func sampleDocuments(t *testing.T) map[string][][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(samplesFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	documents := map[string][][]byte{}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "kustomization.yaml" {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		reader := yaml.NewYAMLReader(newLineReader(data))
		for {
			document, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			documents[name] = append(documents[name], document)
		}
	}
	if len(documents) < 5 {
		t.Fatalf("found the samples %v, want the dentist, the salon, the gym and their variants", len(documents))
	}
	return documents
}

func TestSamplesAreAccepted(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	for name, documents := range sampleDocuments(t) {
		namespace := cluster.Namespace(t)
		for _, document := range documents {
			object := &unstructured.Unstructured{}
			if err := sigsyaml.Unmarshal(document, &object.Object); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			object.SetNamespace(namespace)
			err := cluster.Client.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
			if err != nil {
				t.Errorf("%s: %s %s: %v", name, object.GetKind(), object.GetName(), err)
			}
		}
	}
}

// The Go types and the schema come from one source, but only decoding shows that their names agree.
func TestSamplesDecodeWithoutUnknownFields(t *testing.T) {
	t.Parallel()
	policies := map[string]bool{}
	var wanted []string
	for name, documents := range sampleDocuments(t) {
		for _, document := range documents {
			var meta metav1.TypeMeta
			if err := sigsyaml.Unmarshal(document, &meta); err != nil {
				t.Fatal(err)
			}
			var object client.Object
			switch meta.Kind {
			case "Tenant":
				object = &v1alpha1.Tenant{}
			case "BookingPolicy":
				object = &v1alpha1.BookingPolicy{}
			case "Campaign":
				object = &v1alpha1.Campaign{}
			default:
				t.Fatalf("%s: unknown kind %q", name, meta.Kind)
			}
			if err := sigsyaml.UnmarshalStrict(document, object); err != nil {
				t.Errorf("%s: %s: %v", name, meta.Kind, err)
			}
			switch object := object.(type) {
			case *v1alpha1.Tenant:
				wanted = append(wanted, object.BookingPolicyNames()...)
			case *v1alpha1.BookingPolicy:
				policies[object.Name] = true
			}
		}
	}
	for _, name := range wanted {
		if !policies[name] {
			t.Errorf("a sample names the BookingPolicy %s, which no sample has", name)
		}
	}
}

// Who starts with a sample should not have to make a Secret first.
func TestSamplesNeedNoSecrets(t *testing.T) {
	t.Parallel()
	for name, documents := range sampleDocuments(t) {
		if name == "dentist-with-integrations.yaml" {
			continue
		}
		for _, document := range documents {
			if bytes.Contains(bytes.ToLower(document), []byte("secretref")) {
				t.Errorf("%s names a Secret; only dentist-with-integrations.yaml may", name)
			}
		}
	}
}
