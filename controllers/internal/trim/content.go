package trim

import "k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

// contentMeta are the fields that meta keeps, but labels and annotations, as they stand in JSON.
var contentMeta = []string{"namespace", "name", "uid", "resourceVersion", "generation", "deletionTimestamp", "ownerReferences"}

// content keeps the metadata and the status of an object of a kind that has no Go type here. What was asked for of it is
// not looked at.
func (t *Trimmer) content(from *unstructured.Unstructured) *unstructured.Unstructured {
	meta, _, _ := unstructured.NestedFieldNoCopy(from.Object, "metadata")
	fields, _ := meta.(map[string]any)
	kept := map[string]any{}
	for _, name := range contentMeta {
		if value, found := fields[name]; found {
			kept[name] = t.known(value)
		}
	}
	for name, wanted := range map[string][]string{"labels": t.keep.Labels, "annotations": t.keep.Annotations} {
		entries, _ := fields[name].(map[string]any)
		picked := map[string]any{}
		for _, key := range wanted {
			if value, found := entries[key]; found {
				picked[key] = value
			}
		}
		if len(picked) > 0 {
			kept[name] = picked
		}
	}
	object := map[string]any{"apiVersion": t.known(from.Object["apiVersion"]), "kind": t.known(from.Object["kind"]), "metadata": kept}
	if status, found := from.Object["status"]; found {
		object["status"] = t.known(status)
	}
	return &unstructured.Unstructured{Object: object}
}

// known copies a JSON value with the words of others.
func (t *Trimmer) known(value any) any {
	switch value := value.(type) {
	case string:
		return t.words.of(value)
	case []any:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = t.known(item)
		}
		return items
	case map[string]any:
		fields := make(map[string]any, len(value))
		for name, field := range value {
			fields[t.words.of(name)] = t.known(field)
		}
		return fields
	default:
		return value
	}
}
