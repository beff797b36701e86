package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// minValue is the length from which a secret value is searched for in texts: shorter ones, like "1" or
// "true", would be found everywhere and tell nothing.
const minValue = 6

// Redactor knows the values that must not appear.
type Redactor struct{ values []string }

// New makes a redactor that takes out the values of these Secrets wherever they occur.
func New(secrets ...*corev1.Secret) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		for key, value := range secret.Data {
			if isDocument(secret.Labels, key) {
				continue
			}
			for _, text := range append(strings.Split(string(value), "\n"), string(value)) {
				if text = strings.TrimSpace(text); len(text) >= minValue {
					r.values = append(r.values, text, base64.StdEncoding.EncodeToString([]byte(text)))
				}
			}
			if len(value) >= minValue {
				r.values = append(r.values, base64.StdEncoding.EncodeToString(value))
			}
		}
	}
	// The longest first, so that no value is left half behind another.
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	r.values = slices.Compact(r.values)
	return r
}

var patterns = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`fd_[a-z0-9]{6,32}_[A-Za-z0-9-]{8,}`), "[api-key]"},
	{regexp.MustCompile(`\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}`), "[hash]"},
	{regexp.MustCompile(`(://[^/\s:@"]*):[^@\s"]+@`), "$1:[password]@"},
	{regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+`), "[email]"},
	// International: a plus and at least seven digits, however they are set apart.
	{regexp.MustCompile(`\+[1-9](?:[ ()./-]{0,2}[0-9]){6,14}`), "[phone]"},
	// National: a trunk zero and at least eight digits more, so that no date or time looks like it.
	{regexp.MustCompile(`\b0[1-9](?:[ ()-]?[0-9]){7,12}\b`), "[phone]"},
	// North American: area code and exchange, neither of which begins with 0 or 1, and four digits, set apart. Ten digits in
	// one piece stay: they could be a size, a duration or a time in seconds.
	{regexp.MustCompile(`(?:\b1[ .-])?(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}\b`), "[phone]"},
}

// Text takes everything out of a text.
func (r *Redactor) Text(text string) string {
	for _, value := range r.values {
		text = strings.ReplaceAll(text, value, "[secret]")
	}
	for _, p := range patterns {
		text = p.pattern.ReplaceAllString(text, p.replacement)
	}
	return text
}

// Object returns a copy that may be shown: without managedFields and the copy of itself that kubectl
// keeps in an annotation, and a Secret with the sizes of its values instead of the values. The configuration
// document, which is in a Secret too, is shown.
func Object(object *unstructured.Unstructured) *unstructured.Unstructured {
	shown := object.DeepCopy()
	shown.SetManagedFields(nil)
	annotations := shown.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	if len(annotations) == 0 {
		annotations = nil
	}
	shown.SetAnnotations(annotations)
	if shown.GetKind() != "Secret" || shown.GroupVersionKind().Group != "" {
		return shown
	}
	for _, field := range []string{"data", "stringData"} {
		entries, found := shown.Object[field].(map[string]any)
		if !found {
			continue
		}
		for key, value := range entries {
			entries[key] = size(field, value)
			if isDocument(shown.GetLabels(), key) && field == "data" {
				entries[key] = Document(value)
			}
		}
	}
	return shown
}

// isDocument recognises the configuration document in a Secret that the operator made. It holds names and
// hashes, and no secret.
func isDocument(labels map[string]string, key string) bool {
	return key == tenantconfig.DocumentKey && labels[tenant.ManagedByLabel] == tenant.ManagedBy
}

// hash is an API key's verifier in the document: no secret, but nobody needs to see it.
var hash = regexp.MustCompile(`(?m)(hash: ).*$`)

// Document is the configuration document, from a Secret's data, as it may be shown.
func Document(value any) string {
	document, err := base64.StdEncoding.DecodeString(fmt.Sprint(value))
	if err != nil {
		return size("data", value)
	}
	return hash.ReplaceAllString(string(document), "${1}***")
}

func size(field string, value any) string {
	text, _ := value.(string)
	n := len(text)
	if decoded, err := base64.StdEncoding.DecodeString(text); err == nil && field == "data" {
		n = len(decoded)
	}
	return fmt.Sprintf("[secret, %d bytes]", n)
}

// JSON is an object as indented JSON with everything taken out.
func (r *Redactor) JSON(object any) (string, error) {
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write %T: %w", object, err)
	}
	return r.Text(string(text)), nil
}
