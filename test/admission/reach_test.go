package admission

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// What an author can ask for is what the types have room for. These lists are the whole of it: a new field
// fails a test until somebody has thought about how far it reaches, and docs/security.md says so.

func TestReferencesStayInTheirNamespace(t *testing.T) {
	t.Parallel()
	// The Gateway's listeners say themselves from which namespaces they take routes.
	allowed := []string{"spec.exposure.gateway.namespace"}
	var found []string
	for _, spec := range []reflect.Type{reflect.TypeFor[v1alpha1.TenantSpec](), reflect.TypeFor[v1alpha1.BookingPolicySpec](), reflect.TypeFor[v1alpha1.CampaignSpec]()} {
		for _, field := range ownFields(spec, "spec") {
			if strings.HasSuffix(strings.ToLower(field), "namespace") {
				found = append(found, field)
			}
		}
	}
	if diff := cmp.Diff(allowed, found); diff != "" {
		t.Errorf("fields that name a namespace (-known +found):\n%s", diff)
	}
}

func TestPodSettingsAreFew(t *testing.T) {
	t.Parallel()
	guarded := []string{"affinity", "annotations", "labels", "nodeSelector", "priorityClassName", "tolerations"} // frontdesk-tenant-pods
	harmless := []string{"imagePullSecrets", "topologySpreadConstraints"}                                        // frontdesk-tenant-secrets; own pods only
	var found []string
	for _, field := range ownFields(reflect.TypeFor[v1alpha1.PodSettings](), "") {
		if name := strings.Trim(field, ".[]"); !strings.Contains(name, ".") {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(slices.Sorted(slices.Values(append(guarded, harmless...))), slices.Compact(found)); diff != "" {
		t.Errorf("settings of pods (-known +found):\n%s", diff)
	}
}

// ownFields lists the paths of all fields of a type of the API, without going into Kubernetes' own types.
func ownFields(of reflect.Type, path string) []string {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() != reflect.TypeFor[v1alpha1.Tenant]().PkgPath() {
		return nil
	}
	var found []string
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		at := path + "." + name
		found = append(append(found, at), ownFields(of.Field(i).Type, at)...)
	}
	return found
}

// An author sees what he may not read neither directly nor through a Tenant.
func TestAuthorReadsNoSecret(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	a.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "frontdesk-shop-api-key"}})
	user := a.as(author)
	err := user.Get(t.Context(), client.ObjectKey{Namespace: a.namespace, Name: "frontdesk-shop-api-key"}, &corev1.Secret{})
	if !apierrors.IsForbidden(err) {
		t.Errorf("reading the key of a tenant gives %v", err)
	}
	if err := user.List(t.Context(), &corev1.SecretList{}, client.InNamespace(a.namespace)); !apierrors.IsForbidden(err) {
		t.Errorf("listing Secrets gives %v", err)
	}
}

// The three kinds of another namespace are as far away as everything else there.
func TestAuthorWritesNothingElsewhere(t *testing.T) {
	t.Parallel()
	one, other := newArena(t), newArena(t)
	one.allow("only-here", authorRules(t)...)
	object := parse(t, shop(""))
	object.SetNamespace(other.namespace)
	if err := one.as("only-here").Create(t.Context(), object, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("making a tenant in another namespace gives %v", err)
	}
}

// A status would make the operator believe, and others act on, what is not so.
func TestAuthorWritesNoStatus(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	tenant := a.apply(shop(""))
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"status":{"url":"https://evil.example"}}`))
	if err := a.as(author).Status().Patch(t.Context(), tenant, patch); !apierrors.IsForbidden(err) {
		t.Errorf("patching a status gives %v", err)
	}
}
