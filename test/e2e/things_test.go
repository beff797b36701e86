//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// things lists what there is of the tenant in the cluster, as kind.group/name: in its namespace whatever has its label, is
// owned by it or bears its name, of every kind that the API server knows; and in the operator's its claims to hosts.
func (s tenancy) things() []string {
	s.t.Helper()
	var all []string
	for _, object := range s.list(s.namespace, s.kinds()) {
		if s.concerns(object) {
			all = append(all, nameOf(object))
		}
	}
	return append(all, s.hostClaims()...)
}

// concerns says that an object is there because of the tenant.
func (s tenancy) concerns(object metav1.PartialObjectMetadata) bool {
	return object.Labels["frontdesk.dev/tenant"] == s.name || strings.HasPrefix(object.Name, walkthrough.NameOf(s.name)) ||
		slices.ContainsFunc(object.OwnerReferences, func(owner metav1.OwnerReference) bool { return owner.Kind == "Tenant" && owner.Name == s.name })
}

// kinds are all that the API server keeps in namespaces, except events: those are history, and end by themselves.
func (s tenancy) kinds() string {
	s.t.Helper()
	out, err := s.kubectl.Run(s.t.Context(), "api-resources", "--namespaced", "--verbs=list", "-o", "name")
	if err != nil {
		s.t.Fatal(err)
	}
	kinds := slices.DeleteFunc(strings.Fields(out), func(kind string) bool { return kind == "events" || strings.HasPrefix(kind, "events.") })
	return strings.Join(kinds, ",")
}

// list reads the objects of some kinds.
func (s tenancy) list(namespace, kinds string) []metav1.PartialObjectMetadata {
	s.t.Helper()
	out, err := s.kubectl.Run(s.t.Context(), "get", "-n", namespace, kinds, "-o", "json")
	if err != nil {
		s.t.Fatal(err)
	}
	var found metav1.PartialObjectMetadataList
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		s.t.Fatal(err)
	}
	return found.Items
}

func nameOf(object metav1.PartialObjectMetadata) string {
	kind := object.GroupVersionKind().GroupKind().String()
	return strings.ToLower(kind) + "/" + object.Name
}

// hostClaims are the Leases by which the tenant has hosts: see docs/exposure.md.
func (s tenancy) hostClaims() []string {
	s.t.Helper()
	var leases coordinationv1.LeaseList
	if err := s.kubectl.Get(s.t.Context(), walkthrough.OperatorNamespace, "leases", &leases); err != nil {
		s.t.Fatal(err)
	}
	var claims []string
	for _, lease := range leases.Items {
		if strings.HasPrefix(ptr.Deref(lease.Spec.HolderIdentity, ""), s.namespace+"/"+s.name+"/") {
			claims = append(claims, "lease.coordination.k8s.io/"+lease.Name)
		}
	}
	return claims
}

// has fails unless there are things of the tenant that begin like these: else that they are gone later shows nothing.
func (s tenancy) has(beginnings ...string) {
	s.t.Helper()
	all := s.things()
	for _, begins := range beginnings {
		if !slices.ContainsFunc(all, func(thing string) bool { return strings.HasPrefix(thing, begins) }) {
			s.t.Fatalf("there is no %s… of the tenant, only %q", begins, all)
		}
	}
}

// isClaim says of one of the things that it is a volume: data, which Retain keeps.
func isClaim(thing string) bool   { return strings.HasPrefix(thing, "persistentvolumeclaim/") }
func isNoClaim(thing string) bool { return !isClaim(thing) }

// hostSuffix is below what tenants may have hosts.
const hostSuffix = ".book.example"

// exposed has a tenant routed, through an Ingress or a Gateway, with a host that no other test has.
func (s tenancy) exposed(through string) string {
	return "  exposure: {host: " + s.namespace + hostSuffix + ", " + through + "}\n"
}

// hostSuffixes lets the tenants of a site have hosts.
var hostSuffixes = []string{"hostSuffixes[0].suffix=" + hostSuffix, "hostSuffixes[0].namespaces={*}"}
