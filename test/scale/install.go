package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	operatorNamespace = "frontdesk-system"
	operatorName      = "frontdesk-operator"
	// fieldOwner is this program, as far as fields are concerned.
	fieldOwner = client.FieldOwner("scale")
)

// installed are the files that an installation without Helm consists of, but for the Deployment, in their order.
var installed = []string{"config/crd/bases", "config/manager/namespace.yaml", "config/rbac", "config/policy"}

// flowSchemas make the API server count the operator's requests: it counts what it dispatches by flow schema. The
// first takes the lease, which a leader must renew; the second watches; the last what the ones before it left.
const flowSchemas = `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-lease}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 100
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: ["*"], apiGroups: [coordination.k8s.io], resources: [leases], namespaces: [%[2]s]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-watch}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 101
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: [watch], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-status}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 102
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: [update, patch], apiGroups: ["*"], resources: [tenants/status, bookingpolicies/status, pods/status], namespaces: ["*"]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-events}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 103
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: [create, patch], apiGroups: ["*"], resources: [events], namespaces: ["*"]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-objects}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 104
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: [create, update, patch, delete, deletecollection], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: scale-reads}
spec:
  priorityLevelConfiguration: {name: exempt}
  matchingPrecedence: 105
  rules:
    - subjects: [{kind: User, user: {name: "%[1]s"}}]
      resourceRules: [{verbs: [get, list], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
      nonResourceRules: [{verbs: ["*"], nonResourceURLs: ["*"]}]
`

// install brings in the definitions, the operator's rights, the admission policies and the counters.
func (c *cluster) install(ctx context.Context, repository string) error {
	for _, name := range installed {
		if err := c.applyFiles(ctx, filepath.Join(repository, name)); err != nil {
			return err
		}
	}
	if err := c.applyYAML(ctx, []byte(fmt.Sprintf(flowSchemas, operatorUser, operatorNamespace))); err != nil {
		return err
	}
	return c.installOptional(ctx)
}

// applyFiles applies every object in a file, or in the files of a folder. kustomization.yaml is no object.
func (c *cluster) applyFiles(ctx context.Context, path string) error {
	return filepath.WalkDir(path, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "kustomization.yaml" {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		if err != nil {
			return err
		}
		return c.applyYAML(ctx, text)
	})
}

func (c *cluster) applyYAML(ctx context.Context, text []byte) error {
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		object := &unstructured.Unstructured{}
		switch err := documents.Decode(&object.Object); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read an object: %w", err)
		case len(object.Object) == 0:
			continue
		}
		if err := c.apply(ctx, object); err != nil {
			return err
		}
	}
}

func (c *cluster) apply(ctx context.Context, object *unstructured.Unstructured) error {
	err := c.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), fieldOwner, client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", object.GetKind(), object.GetName(), err)
	}
	return nil
}
