package redact_test

import (
	"encoding/base64"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
)

func TestTextLosesWhatMustNotLeave(t *testing.T) {
	t.Parallel()
	secret := &corev1.Secret{Data: map[string][]byte{"url": []byte("s3cr3t-value"), "flag": []byte("true")}}
	r := redact.New(secret)
	for _, test := range []struct{ name, text, gone, stays string }{
		{"value", "before s3cr3t-value after", "s3cr3t", "before [secret] after"},
		{"value in base64", "x " + base64.StdEncoding.EncodeToString([]byte("s3cr3t-value")), "czNj", "x [secret]"},
		{"short values stay", "it is true", "", "it is true"},
		{"API key", "key fd_abcdef123456_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "ABCDEF", "key [api-key]"},
		{"password in a URL", "postgres://app:pa55@db/x", "pa55", "postgres://app:[password]@db/x"},
		{"hash", "hash $2a$10$" + strings.Repeat("a", 53), "aaaa", "hash [hash]"},
		{"e-mail", "to ann.miller+x@example.co.uk.", "ann", "to [email]."},
		{"E.164", "to +442079460123, twice", "2079", "to [phone], twice"},
		{"international, apart", "to +44 (0)20 7946 0123", "7946", "[phone]"},
		{"national", "to 020 7946 0123!", "7946", "to [phone]!"},
		{"national together", `"phone":"02079460123"`, "2079", `"phone":"[phone]"`},
		{"North American", "call 212-555-0123 now", "555", "call [phone] now"},
		{"North American with area code in brackets", "call (212) 555-0123 now", "555", "call [phone] now"},
		{"North American with its trunk prefix", "call 1-212-555-0123 now", "212", "call [phone] now"},
		{"North American with dots", `"from":"212.555.0123"`, "555", `"from":"[phone]"`},
		{"North American with spaces", "call 212 555 0123", "555", "call [phone]"},
		{"dates stay", "2026-11-24, 24-11-2026, 2026-11-24 09:00 and 20261124-0900", "", "2026-11-24, 24-11-2026, 2026-11-24 09:00 and 20261124-0900"},
		{"versions stay", "v1.36.0, 1.2.3-rc.1, 2.345.678, 115.0.5790.170, v0.0.0-20260102030405-abcdef012345", "", "v1.36.0, 1.2.3-rc.1, 2.345.678, 115.0.5790.170, v0.0.0-20260102030405-abcdef012345"},
		{"durations stay", "1h30m, 300ms, 234.5678s, 2147483648ns", "", "1h30m, 300ms, 234.5678s, 2147483648ns"},
		{"quantities stay", "128Mi, 500m, 2147483648, 1024 2048 4096, 128-256-512", "", "128Mi, 500m, 2147483648, 1024 2048 4096, 128-256-512"},
		{"identifiers stay", "uid 3f2504e0-4f89-41d3-9a0c-0305e82c3301, pod frontdesk-bright-7c9d-abcde", "", "uid 3f2504e0-4f89-41d3-9a0c-0305e82c3301, pod frontdesk-bright-7c9d-abcde"},
		{"times stay", `{"time":"2026-11-24T09:00:00.123456789Z","took":"0.123456s"}`, "", `{"time":"2026-11-24T09:00:00.123456789Z","took":"0.123456s"}`},
		{"addresses stay", "10.42.0.17:8080 from 192.168.100.200", "", "10.42.0.17:8080 from 192.168.100.200"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := r.Text(test.text)
			if (test.gone != "" && strings.Contains(got, test.gone)) || !strings.Contains(got, test.stays) {
				t.Errorf("%q became %q, want %q", test.text, got, test.stays)
			}
		})
	}
}

func TestSecretsKeepOnlySizes(t *testing.T) {
	t.Parallel()
	object := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": "db", "annotations": map[string]any{corev1.LastAppliedConfigAnnotation: "s3cr3t"}, "managedFields": []any{}},
		"data":     map[string]any{"url": base64.StdEncoding.EncodeToString([]byte("s3cr3t-value"))},
	}}
	shown := redact.Object(object)
	if got := shown.Object["data"].(map[string]any)["url"]; got != "[secret, 12 bytes]" {
		t.Errorf("the value became %q", got)
	}
	if len(shown.GetAnnotations()) > 0 || shown.Object["metadata"].(map[string]any)["managedFields"] != nil {
		t.Errorf("kept in the metadata: %v", shown.Object["metadata"])
	}
	if object.Object["data"].(map[string]any)["url"] == "[secret, 12 bytes]" {
		t.Error("the original was changed")
	}
}
