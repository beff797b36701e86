package apply

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

func TestAdditions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, want, have, patch string }{
		{
			name: "as rendered",
			want: `{tenant.yaml: YQ==}`, have: `{tenant.yaml: YQ==}`, patch: `{}`,
		},
		{
			name: "added entry of a Secret",
			want: `{tenant.yaml: YQ==}`, have: `{tenant.yaml: YQ==, extra: Yg==}`, patch: `{extra: null}`,
		},
		{
			name:  "defaults of a Service are left alone",
			want:  `{type: ClusterIP, ports: [{name: http, port: 80}], selector: {a: b}}`,
			have:  `{type: ClusterIP, clusterIP: 10.0.0.1, clusterIPs: [10.0.0.1], sessionAffinity: None, ports: [{name: http, port: 80, protocol: TCP}], selector: {a: b}}`,
			patch: `{}`,
		},
		{
			name:  "added port and selector of a Service",
			want:  `{type: ClusterIP, ports: [{name: http, port: 80}], selector: {a: b}}`,
			have:  `{type: ClusterIP, ports: [{name: http, port: 80}, {name: debug, port: 6060}], selector: {a: b, c: d}}`,
			patch: `{ports: [{name: http, port: 80}], selector: {c: null}}`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(parse(t, test.patch), additions(parse(t, test.want), parse(t, test.have))); diff != "" {
				t.Errorf("patch (-want +got):\n%s", diff)
			}
		})
	}
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	out := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDigestChangesWithWhatIsOursOnly(t *testing.T) {
	t.Parallel()
	entry := func(manager string, operation metav1.ManagedFieldsOperationType, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Operation: operation, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	at := func(second int, e metav1.ManagedFieldsEntry) metav1.ManagedFieldsEntry {
		e.Time = new(metav1.Unix(int64(second), 0))
		return e
	}
	own := entry(FieldOwner, metav1.ManagedFieldsOperationApply, "", `{"f:data":{"f:a":{}},"f:metadata":{}}`)
	digest := func(kind string, entries ...metav1.ManagedFieldsEntry) string {
		return Digest(&metav1.ObjectMeta{ManagedFields: entries}, schema.GroupKind{Kind: kind})
	}
	base := digest("Secret", own)
	other := entry("kubectl", metav1.ManagedFieldsOperationUpdate, "", `{"f:data":{"f:b":{}}}`)
	if digest("Secret", own, at(1, other)) == digest("Secret", own, at(2, other)) {
		t.Error("another value in what somebody has added makes no difference")
	}
	for _, test := range []struct {
		name string
		same bool
		got  string
	}{
		{"keys in another order", true, digest("Secret", entry(FieldOwner, metav1.ManagedFieldsOperationApply, "", `{"f:metadata":{}, "f:data":{"f:a":{}}}`))},
		{"our own repair", true, digest("Secret", at(1, own))},
		{"somebody's annotation", true, digest("Secret", own, entry("kubectl", metav1.ManagedFieldsOperationUpdate, "", `{"f:metadata":{"f:annotations":{}}}`))},
		{"a status", true, digest("Secret", own, entry("kubelet", metav1.ManagedFieldsOperationUpdate, "status", `{"f:data":{}}`))},
		{"a field taken from us", false, digest("Secret", entry(FieldOwner, metav1.ManagedFieldsOperationApply, "", `{"f:metadata":{}}`))},
		{"an entry added to a Secret", false, digest("Secret", own, entry("kubectl", metav1.ManagedFieldsOperationUpdate, "", `{"f:data":{"f:b":{}}}`))},
		{"nothing of ours", false, digest("Secret", entry("kubectl", metav1.ManagedFieldsOperationUpdate, "", `{"f:data":{}}`))},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if (test.got == base) != test.same {
				t.Errorf("same is %v, want %v", test.got == base, test.same)
			}
		})
	}
}
