package schema

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/config/crd"
)

// Schemas are the definitions of the three kinds, compiled.
type Schemas map[schema.GroupVersionKind]*definition

type definition struct {
	structural *structuralschema.Structural
	schema     validation.SchemaValidator
	rules      *cel.Validator
}

// Load compiles the definitions that are part of this program.
func Load() (Schemas, error) {
	entries, err := crd.Files.ReadDir("bases")
	if err != nil {
		return nil, fmt.Errorf("read the definitions: %w", err)
	}
	schemas := Schemas{}
	for _, entry := range entries {
		text, err := crd.Files.ReadFile("bases/" + entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read the definitions: %w", err)
		}
		if err := schemas.add(text); err != nil {
			return nil, fmt.Errorf("definition %s: %w", entry.Name(), err)
		}
	}
	return schemas, nil
}

func (s Schemas) add(text []byte) error {
	var parsed apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return err
	}
	for _, version := range parsed.Spec.Versions {
		internal := &apiextensions.JSONSchemaProps{}
		if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, internal, nil); err != nil {
			return err
		}
		structural, err := structuralschema.NewStructural(internal)
		if err != nil {
			return err
		}
		validator, _, err := validation.NewSchemaValidator(internal)
		if err != nil {
			return err
		}
		kind := schema.GroupVersionKind{Group: parsed.Spec.Group, Version: version.Name, Kind: parsed.Spec.Names.Kind}
		s[kind] = &definition{structural, validator, cel.NewValidator(structural, true, celconfig.PerCallLimit)}
	}
	return nil
}

// Knows says whether an object is of one of the kinds.
func (s Schemas) Knows(object *unstructured.Unstructured) bool {
	return s[object.GroupVersionKind()] != nil
}

// Complete sets the defaults, as the API server would before it stores an object. A status is dropped: it
// is the operator's.
func (s Schemas) Complete(object *unstructured.Unstructured) {
	delete(object.Object, "status")
	defaulting.Default(object.Object, s[object.GroupVersionKind()].structural)
}

// Check says what the API server would refuse in a complete object: unknown fields, as kubectl's strict
// validation does, what the schema forbids, and what the rules say. Like the API server it asks the rules
// only of what has the right shape.
func (s Schemas) Check(ctx context.Context, object *unstructured.Unstructured) field.ErrorList {
	found := s[object.GroupVersionKind()]
	faults := unknownFields(object, found.structural)
	faults = append(faults, metavalidation.ValidateObjectMetaAccessor(object, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))...)
	shape := validation.ValidateCustomResource(nil, object.Object, found.schema)
	shape = append(shape, listtype.ValidateListSetsAndMaps(nil, found.structural, object.Object)...)
	faults = append(faults, shape...)
	if misshapen(shape) {
		return faults
	}
	broken, _ := found.rules.Validate(ctx, nil, found.structural, object.Object, nil, celconfig.RuntimeCELCostBudget)
	return append(faults, broken...)
}

func unknownFields(object *unstructured.Unstructured, structural *structuralschema.Structural) field.ErrorList {
	options := structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	var faults field.ErrorList
	for _, path := range pruning.PruneWithOptions(object.DeepCopy().Object, structural, true, options) {
		name := path[strings.LastIndexByte(path, '.')+1:]
		faults = append(faults, field.Invalid(field.NewPath(path), field.OmitValueType{}, fmt.Sprintf("there is no field %q here", name)))
	}
	return faults
}

// misshapen are the errors after which the API server does not ask the rules.
func misshapen(faults field.ErrorList) bool {
	for _, fault := range faults {
		switch fault.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}
