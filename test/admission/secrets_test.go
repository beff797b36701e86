package admission

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// hidden is a Secret that no user of these tests may read.
const hidden = "hidden"

// readable lists the Secrets that the author of testdata/tenant.yaml may read.
var readable = []string{"database", "redis", "vapi", "twilio", "google", "smtp", "crm", "registry", "tls"}

func mayRead(names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: names, Verbs: []string{"get"}}
}

// tenantWithSecrets reads testdata/tenant.yaml.
func (a *arena) tenantWithSecrets() *unstructured.Unstructured {
	a.t.Helper()
	object := parse(a.t, string(read(a.t, "testdata/tenant.yaml")))
	object.SetNamespace(a.namespace)
	return object
}

func (a *arena) makes(user string, object *unstructured.Unstructured) func() error {
	c := a.as(user)
	return func() error { return c.Create(a.t.Context(), object.DeepCopy(), client.DryRunAll) }
}

// Every field of the Go types that can name a Secret is tried with one that the author may not read.
func TestEverySecretNamedMustBeReadable(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.allow(author, mayRead(readable...))
	fields := secretFields(reflect.TypeFor[v1alpha1.TenantSpec](), "spec")
	if len(fields) < 9 {
		t.Fatalf("only %v were found: has the way Secrets are named changed?", fields)
	}
	for _, field := range fields {
		t.Run(field, func(t *testing.T) {
			object := a.tenantWithSecrets()
			if !replace(object.Object, strings.Split(field, "."), hidden) {
				t.Fatalf("testdata/tenant.yaml does not set %s, and nothing shows that the policy looks at it", field)
			}
			a := &arena{t: t, cluster: a.cluster, namespace: a.namespace}
			named := strings.Replace(strings.TrimSuffix(strings.TrimSuffix(field, "[].name"), ".name"), "webhooks[]", "webhooks[crm]", 1)
			a.refused(a.makes(author, object), named+` names Secret "hidden", which you may not read`,
				"ask for the right to get it in namespace "+a.namespace)
		})
	}
	a.accepted(a.makes(author, a.tenantWithSecrets()))
}

// secretFields lists the paths of all names of Secrets in a type of the API, with [] after a list.
func secretFields(of reflect.Type, path string) []string {
	switch of.Kind() {
	case reflect.Pointer:
		return secretFields(of.Elem(), path)
	case reflect.Slice:
		return secretFields(of.Elem(), path+"[]")
	case reflect.Struct:
	default:
		return nil
	}
	if of.PkgPath() != reflect.TypeFor[v1alpha1.Tenant]().PkgPath() {
		return nil // Kubernetes' own: where pods go, and what they use
	}
	if of == reflect.TypeFor[v1alpha1.SecretReference]() || of == reflect.TypeFor[v1alpha1.SecretKeyReference]() {
		return []string{path + ".name"}
	}
	var found []string
	for i := range of.NumField() {
		field := of.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		at := path + "." + name
		inner := secretFields(field.Type, at)
		if looksSecret.MatchString(name) && len(inner) == 0 {
			inner = []string{at}
		}
		found = append(found, inner...)
	}
	return found
}

// looksSecret finds names of Secrets that are plain strings.
var looksSecret = regexp.MustCompile(`(?i)secret(ref|name)?$`)

// replace sets the string at a path; [] is the first of a list. It says whether there was one.
func replace(in any, path []string, value string) bool {
	object, ok := in.(map[string]any)
	if !ok {
		return false
	}
	name, isList := strings.CutSuffix(path[0], "[]")
	child := object[name]
	if list, ok := child.([]any); isList && ok && len(list) > 0 {
		child = list[0]
	}
	if len(path) > 1 {
		return replace(child, path[1:], value)
	}
	if _, ok := child.(string); !ok {
		return false
	}
	object[name] = value
	return true
}

// largestTenant names as many Secrets as the schema allows, and the policy goes through.
func (a *arena) largestTenant() (object *unstructured.Unstructured, names []string) {
	a.t.Helper()
	object = a.tenantWithSecrets()
	names = []string{"database", "redis", "vapi", "twilio", "google", "smtp", "tls"}
	var webhooks, pullSecrets []any
	for i := range 10 {
		name := fmt.Sprintf("hook-%d", i)
		names = append(names, name)
		webhooks = append(webhooks, map[string]any{
			"name": name, "url": "https://crm.example/hook", "secretRef": map[string]any{"name": name, "key": "secret"}, "events": []any{"call.completed"},
		})
	}
	for i := range 8 {
		name := fmt.Sprintf("registry-%d", i)
		names = append(names, name)
		pullSecrets = append(pullSecrets, map[string]any{"name": name})
	}
	setAt(a.t, object, webhooks, "spec", "integrations", "webhooks")
	setAt(a.t, object, pullSecrets, "spec", "server", "pod", "imagePullSecrets")
	return object, names
}

// refusedWithoutEach makes a Tenant for users of whom each may read all its Secrets but one. Each reference has a validation
// of its own, written by hand: one that looks at another reference would let somebody through.
func (a *arena) refusedWithoutEach(object *unstructured.Unstructured, names []string) {
	a.t.Helper()
	for i, name := range names {
		user := "all-but-" + name
		a.allow(user, append(authorRules(a.t), mayRead(slices.Delete(slices.Clone(names), i, i+1)...))...)
	}
	for i, name := range names {
		wanted := fmt.Sprintf("names Secret %q, which you may not read", name)
		err := a.eventually(a.makes("all-but-"+name, object), func(err error) bool { return err != nil && strings.Contains(err.Error(), wanted) })
		if err == nil || !strings.Contains(err.Error(), wanted) {
			a.t.Fatalf("reference %d of %d: a user who may not read %s gets: %v", i, len(names), name, err)
		}
	}
}

// The API server bounds what a policy may cost. The largest Tenant that the schema allows stays within it,
// and each of its references counts.
func TestAsManySecretsAsTheSchemaAllows(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	object, names := a.largestTenant()
	a.refusedWithoutEach(object, names)
	a.allow(author, mayRead(names...))
	a.accepted(a.makes(author, object))

	const reader = "reader"
	a.allow(reader, mayRead(), rbacv1.PolicyRule{APIGroups: []string{"frontdesk.dev"}, Resources: []string{"tenants"}, Verbs: []string{"create"}})
	a.accepted(a.makes(reader, object))

	// One more than the policy goes through would be one that nobody looks at.
	for _, list := range []string{"webhooks", "imagePullSecrets"} {
		more := object.DeepCopy()
		path := map[string][]string{"webhooks": {"spec", "integrations", "webhooks"}, "imagePullSecrets": {"spec", "server", "pod", "imagePullSecrets"}}[list]
		all, _, err := unstructured.NestedSlice(more.Object, path...)
		if err != nil {
			t.Fatal(err)
		}
		setAt(t, more, append(all, all[0]), path...)
		if err := a.makes(reader, more)(); err == nil || !strings.Contains(err.Error(), "must have at most") {
			t.Errorf("the schema no longer bounds %s: %v", list, err)
		}
	}
}

func setAt(t *testing.T, object *unstructured.Unstructured, value []any, path ...string) {
	t.Helper()
	if err := unstructured.SetNestedSlice(object.Object, value, path...); err != nil {
		t.Fatal(err)
	}
}

// An edit counts as naming every Secret anew: another address with the same credentials would send them there.
func TestEditOfATenantNeedsItsSecrets(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	tenant := a.tenantWithSecrets()
	a.create(tenant)
	user := a.as(author)
	patch := func(c client.Client, text string) func() error {
		return func() error {
			return c.Patch(t.Context(), tenant.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(text)), client.DryRunAll)
		}
	}
	a.refused(patch(user, `{"spec":{"integrations":{"twilio":{"baseURL":"https://evil.example"}}}}`), "you may not read")
	a.refused(patch(user, `{"spec":{"displayName":"Other Shop"}}`), "you may not read")
	a.accepted(patch(user, `{"metadata":{"annotations":{"frontdesk.dev/reconcile-requested-at":"now"}}}`))
	a.accepted(patch(user, `{"metadata":{"finalizers":["frontdesk.dev/data"]}}`))
	// What an edit takes away it does not name.
	a.allow(author, mayRead("database"))
	a.accepted(patch(user, `{"spec":{"cache":null,"integrations":null,"server":null,"exposure":null}}`))
}
