package main

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// optional are the APIs of other projects that a platform has and for which the operator makes objects. Here they
// are definitions that accept anything: what is measured is how many objects are written, not what reads them.
var optional = []struct{ group, version, kind, plural string }{
	{"gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes"},
	{"monitoring.coreos.com", "v1", "PodMonitor", "podmonitors"},
	{"monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"},
	{"monitoring.coreos.com", "v1alpha1", "AlertmanagerConfig", "alertmanagerconfigs"},
}

// permissive is the least definition of a kind.
const permissive = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[4]s.%[1]s
  annotations: {api-approved.kubernetes.io: "unapproved, for a test"}
spec:
  group: %[1]s
  scope: Namespaced
  names: {kind: %[3]s, plural: %[4]s}
  versions:
    - name: %[2]s
      served: true
      storage: true
      subresources: {status: {}}
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
`

func (c *cluster) installOptional(ctx context.Context) error {
	for _, o := range optional {
		if err := c.applyYAML(ctx, fmt.Appendf(nil, permissive, o.group, o.version, o.kind, o.plural)); err != nil {
			return err
		}
	}
	return c.awaitDefinitions(ctx)
}

// awaitDefinitions waits until every definition is served.
func (c *cluster) awaitDefinitions(ctx context.Context) error {
	definitions := &unstructured.UnstructuredList{}
	definitions.SetAPIVersion("apiextensions.k8s.io/v1")
	definitions.SetKind("CustomResourceDefinitionList")
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		if err := c.client.List(ctx, definitions, &client.ListOptions{}); err != nil {
			return false, err
		}
		for _, definition := range definitions.Items {
			if !isTrue(&definition, "Established") {
				return false, nil
			}
		}
		return len(definitions.Items) > len(optional), nil
	})
	if err != nil {
		return fmt.Errorf("wait until the definitions are served: %w", err)
	}
	return nil
}

// isTrue looks up a condition of any object.
func isTrue(object *unstructured.Unstructured, condition string) bool {
	list, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, entry := range list {
		fields, ok := entry.(map[string]any)
		if ok && fields["type"] == condition {
			return fields["status"] == "True"
		}
	}
	return false
}
