package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const crdFolder = "../../config/crd/bases"

// maxCRDSize keeps a definition well below what etcd and client-side apply can carry.
const maxCRDSize = 256 << 10

// constraint is a CEL rule or a pattern in the schema of a kind, as far as it shows in an error.
type constraint struct {
	kind string
	// field is the path that an error names, with [] for any index.
	field string
	// message is the rule's message, or the pattern.
	message string
}

// schema is a generated definition.
type schema struct {
	crd  apiextensionsv1.CustomResourceDefinition
	size int
}

func schemas(t *testing.T) []schema {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crdFolder, "*.yaml"))
	if err != nil || len(files) != 3 {
		t.Fatalf("found %v in %s (%v), want three definitions", files, crdFolder, err)
	}
	var found []schema
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s := schema{size: len(data)}
		if err := yaml.UnmarshalStrict(data, &s.crd); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found = append(found, s)
	}
	return found
}

// constraints lists what the schema of each kind demands by rule or pattern. The status is left out: the
// operator alone writes it.
func constraints(t *testing.T) []constraint {
	t.Helper()
	var found []constraint
	for _, s := range schemas(t) {
		kind := s.crd.Spec.Names.Kind
		walk(s.root(), "", func(path string, props *apiextensionsv1.JSONSchemaProps) {
			if strings.HasPrefix(path, "status") {
				return
			}
			for _, rule := range props.XValidations {
				found = append(found, constraint{kind, strings.TrimPrefix(path+rule.FieldPath, "."), rule.Message})
			}
			// The pattern of a quantity comes from Kubernetes' own type.
			if props.Pattern != "" && !props.XIntOrString {
				found = append(found, constraint{kind, path, props.Pattern})
			}
		})
	}
	return found
}

func (s schema) root() *apiextensionsv1.JSONSchemaProps {
	return s.crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// walk visits a schema and everything in it. Only what belongs to this project: it does not go into the
// embedded types of pods.
func walk(props *apiextensionsv1.JSONSchemaProps, path string, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	visit(path, props)
	for name, child := range props.Properties {
		walk(&child, strings.TrimPrefix(path+"."+name, "."), visit)
	}
	if props.Items != nil && props.Items.Schema != nil {
		walk(props.Items.Schema, path+"[]", visit)
	}
	if props.AdditionalProperties != nil && props.AdditionalProperties.Schema != nil {
		walk(props.AdditionalProperties.Schema, path+"[]", visit)
	}
}

var indexPattern = regexp.MustCompile(`\[[^\]]*\]`)

// anyIndex turns the path of an error into that of a constraint.
func anyIndex(path string) string { return indexPattern.ReplaceAllString(path, "[]") }

func TestDefinitionsAreSmallEnough(t *testing.T) {
	t.Parallel()
	for _, s := range schemas(t) {
		if s.size >= maxCRDSize {
			t.Errorf("%s has %d bytes, want less than %d", s.crd.Name, s.size, maxCRDSize)
		}
	}
}

// foreign are types of Kubernetes itself within a tenant's spec; what they say is not ours.
var foreign = regexp.MustCompile(`^spec\.server\.(resources|pod\.(tolerations|affinity|topologySpreadConstraints))\b.|^status\.conditions\[\]`)

func TestEveryFieldIsBoundedAndExplained(t *testing.T) {
	t.Parallel()
	for _, s := range schemas(t) {
		kind := s.crd.Spec.Names.Kind
		walk(s.root(), "", func(path string, props *apiextensionsv1.JSONSchemaProps) {
			if foreign.MatchString(path) || path == "apiVersion" || path == "kind" || path == "metadata" {
				return
			}
			own := props.Description
			if own == "" && !strings.HasSuffix(path, "]") {
				t.Errorf("%s %s has no description", kind, path)
			}
			switch props.Type {
			case "string":
				bounded := props.MaxLength != nil || len(props.Enum) > 0 || props.Format == "date-time"
				if !bounded && path != "status.inventory[].uid" { // its type, types.UID, takes no marker
					t.Errorf("%s %s is a string without maxLength or enum", kind, path)
				}
			case "array":
				if props.MaxItems == nil {
					t.Errorf("%s %s is a list without maxItems", kind, path)
				}
				if props.XListType == nil {
					t.Errorf("%s %s is a list without a list type", kind, path)
				}
			case "integer":
				if props.Minimum == nil {
					t.Errorf("%s %s is a number without a minimum", kind, path)
				}
			case "number":
				t.Errorf("%s %s is a floating-point number; write decimals as strings", kind, path)
			}
		})
	}
}

// A description begins with the name under which the field is written, which is what kubectl explain's
// readers look for.
func TestDescriptionsBeginWithTheField(t *testing.T) {
	t.Parallel()
	for _, s := range schemas(t) {
		kind := s.crd.Spec.Names.Kind
		walk(s.root(), "", func(path string, props *apiextensionsv1.JSONSchemaProps) {
			name := path[strings.LastIndexByte(path, '.')+1:]
			if foreign.MatchString(path) || !strings.HasPrefix(path, "spec") || strings.HasSuffix(path, "]") {
				return
			}
			if !strings.HasPrefix(props.Description, name) {
				t.Errorf("%s %s: the description begins %.40q, want it to begin with %s", kind, path, props.Description, name)
			}
		})
	}
}

// kubectl explain does not print defaults, so the descriptions have to.
func TestDescriptionsNameTheDefault(t *testing.T) {
	t.Parallel()
	for _, s := range schemas(t) {
		kind := s.crd.Spec.Names.Kind
		walk(s.root(), "", func(path string, props *apiextensionsv1.JSONSchemaProps) {
			if foreign.MatchString(path) || props.Default == nil || props.Type == "object" || props.Type == "array" {
				return
			}
			value := strings.Trim(string(props.Default.Raw), `"`)
			// Words are broken over lines.
			said := strings.Join(strings.Fields(props.Description), " ")
			if !strings.Contains(strings.ToLower(said), "default") || !strings.Contains(said, value) {
				t.Errorf("%s %s: the description does not name the default, %s: %s", kind, path, value, said)
			}
		})
	}
}
