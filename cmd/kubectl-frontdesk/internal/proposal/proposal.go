package proposal

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/schema"
)

// Proposal is a set of manifests that were checked one by one.
type Proposal struct {
	tenants   []entry[v1alpha1.Tenant]
	policies  map[types.NamespacedName]entry[v1alpha1.BookingPolicy]
	campaigns []entry[v1alpha1.Campaign]
	secrets   map[types.NamespacedName]*corev1.Secret
	// named are the objects among the files, sound or not, as Kind/namespace/name.
	named    map[string]bool
	problems []manifest.Problem
	notes    []string
}

// entry is an object and where it was read.
type entry[T any] struct {
	object *T
	manifest.Document
}

// Rendered is what came of a proposal.
type Rendered struct {
	Objects  []*unstructured.Unstructured
	Problems []manifest.Problem
	// Notes are what the reader should know, and is no problem.
	Notes []string
}

// New checks each document. One without a namespace is taken to be in the given one.
func New(ctx context.Context, documents []manifest.Document, namespace string) (*Proposal, error) {
	schemas, err := schema.Load()
	if err != nil {
		return nil, err
	}
	p := &Proposal{
		policies: map[types.NamespacedName]entry[v1alpha1.BookingPolicy]{},
		secrets:  map[types.NamespacedName]*corev1.Secret{},
		named:    map[string]bool{},
	}
	seen := map[string]manifest.Document{}
	for _, document := range documents {
		if document.Object.GetNamespace() == "" {
			document.Object.SetNamespace(namespace)
		}
		id := document.Object.GroupVersionKind().GroupKind().String() + "/" + document.Object.GetNamespace() + "/" + document.Object.GetName()
		if first, twice := seen[id]; twice {
			p.problems = append(p.problems, document.At("metadata.name", fmt.Sprintf("the object is there twice: first at %s:%d", first.File, first.Line)))
			continue
		}
		seen[id] = document
		p.add(ctx, schemas, document)
	}
	return p, nil
}

func (p *Proposal) add(ctx context.Context, schemas schema.Schemas, document manifest.Document) {
	object := document.Object
	key := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
	kind := object.GroupVersionKind()
	switch {
	case kind.Group == "" && kind.Kind == "Secret":
		if secret := decoded[corev1.Secret](p, document); secret != nil {
			p.secrets[key] = withStringData(secret)
		}
		return
	case kind.Group == v1alpha1.GroupVersion.Group && !schemas.Knows(object):
		p.problems = append(p.problems, document.At("kind", fmt.Sprintf("%s has no kind %s: use Tenant, BookingPolicy or Campaign", kind.GroupVersion(), kind.Kind)))
		return
	case !schemas.Knows(object):
		p.notes = append(p.notes, fmt.Sprintf("%s:%d: %s is none of Frontdesk's kinds and was not looked at", document.File, document.Line, document.Name()))
		return
	}
	p.named[kind.Kind+"/"+key.String()] = true
	schemas.Complete(object)
	faults := schemas.Check(ctx, object)
	for _, fault := range faults {
		p.problems = append(p.problems, document.At(fieldOf(fault.Field), fault.ErrorBody()))
	}
	if len(faults) > 0 {
		return
	}
	switch kind.Kind {
	case "Tenant":
		if t := decoded[v1alpha1.Tenant](p, document); t != nil {
			p.tenants = append(p.tenants, entry[v1alpha1.Tenant]{t, document})
		}
	case "BookingPolicy":
		if policy := decoded[v1alpha1.BookingPolicy](p, document); policy != nil {
			p.policies[key] = entry[v1alpha1.BookingPolicy]{policy, document}
		}
	case "Campaign":
		if campaign := decoded[v1alpha1.Campaign](p, document); campaign != nil {
			p.campaigns = append(p.campaigns, entry[v1alpha1.Campaign]{campaign, document})
		}
	}
}

// fieldOf leaves out what the validators write for the object itself.
func fieldOf(path string) string {
	if path == "<nil>" {
		return ""
	}
	return path
}

// decoded makes a typed object. What the schema allows always decodes; for Secrets there is no schema here.
func decoded[T any](p *Proposal, document manifest.Document) *T {
	typed := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(document.Object.Object, typed, true); err != nil {
		p.problems = append(p.problems, document.At("", err.Error()))
		return nil
	}
	return typed
}

// withStringData merges stringData into data, as the API server does.
func withStringData(secret *corev1.Secret) *corev1.Secret {
	if secret.Data == nil {
		secret.Data = map[string][]byte{}
	}
	for key, value := range secret.StringData {
		secret.Data[key] = []byte(value)
	}
	secret.StringData = nil
	return secret
}
