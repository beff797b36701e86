package controllers_test

import (
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"sync"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// right is what one request needs, or one part of what a rule gives. Name is empty where the rule names no objects.
type right struct {
	// Role is the kind of the generated role: ClusterRole for where tenants live, Role for the operator's home.
	Role, Group, Resource, Name, Verb string
}

func (r right) String() string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Name != "" {
		resource += "/" + r.Name
	}
	return r.Role + ": " + r.Verb + " " + resource
}

// elsewhere are rights that this package's tests need by chance or not at all, by the reason for which they are given.
var elsewhere = map[string][]right{
	"cmd/operator asks who reads the metrics; its own test does that": {
		{"ClusterRole", "authentication.k8s.io", "tokenreviews", "", "create"},
		{"ClusterRole", "authorization.k8s.io", "subjectaccessreviews", "", "create"},
	},
	"OwnerReferencesPermissionEnforcement, an admission plugin that OpenShift has, wants it of who sets blockOwnerDeletion": {
		{"ClusterRole", "frontdesk.dev", "tenants/finalizers", "", "update"},
	},
	"client-go patches an event that repeats itself": {
		{"ClusterRole", "events.k8s.io", "events", "", "patch"},
		{"Role", "events.k8s.io", "events", "", "patch"},
		{"Role", "", "events", "", "patch"},
	},
	"package status reads live when the cache has not seen its last write": {
		{"ClusterRole", "frontdesk.dev", "tenants", "", "get"},
		{"ClusterRole", "frontdesk.dev", "bookingpolicies", "", "get"},
		{"ClusterRole", "frontdesk.dev", "campaigns", "", "get"},
	},
	"package apply reads live what the cache does not show, and who else writes it": {
		{"ClusterRole", "", "persistentvolumeclaims", "", "get"},
		{"ClusterRole", "", "secrets", "", "get"},
		{"ClusterRole", "", "serviceaccounts", "", "get"},
		{"ClusterRole", "", "services", "", "get"},
		{"ClusterRole", "apps", "deployments", "", "get"},
		{"ClusterRole", "autoscaling", "horizontalpodautoscalers", "", "get"},
		{"ClusterRole", "batch", "jobs", "", "get"},
		{"ClusterRole", "gateway.networking.k8s.io", "httproutes", "", "get"},
		{"ClusterRole", "monitoring.coreos.com", "alertmanagerconfigs", "", "get"},
		{"ClusterRole", "monitoring.coreos.com", "podmonitors", "", "get"},
		{"ClusterRole", "monitoring.coreos.com", "prometheusrules", "", "get"},
		{"ClusterRole", "networking.k8s.io", "ingresses", "", "get"},
		{"ClusterRole", "networking.k8s.io", "networkpolicies", "", "get"},
		{"ClusterRole", "policy", "poddisruptionbudgets", "", "get"},
		{"ClusterRole", "postgresql.cnpg.io", "clusters", "", "get"},
	},
}

// usedRights is of all operators that the tests run.
var usedRights = &usage{seen: map[right]bool{}}

type usage struct {
	mu   sync.Mutex
	seen map[right]bool
}

// requestInfo reads a request as the API server does before it asks its authorizer.
var requestInfo = request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}

// around notes what an operator with this home needs.
func (u *usage) around(home string, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		info, err := requestInfo.NewRequestInfo(r)
		if err != nil {
			return nil, err
		}
		response, err := next.RoundTrip(r)
		if err != nil || !info.IsResourceRequest {
			return response, err
		}
		u.add(home, info, info.Verb)
		if info.Verb == "patch" && response.StatusCode == http.StatusCreated {
			u.add(home, info, "create") // a server-side apply that makes the object takes both
		}
		if r.URL.Query().Get("sendInitialEvents") == "true" {
			u.add(home, info, "list") // an API server that does not stream the first list is asked for it
		}
		return response, nil
	})
}

// add notes a right as a rule for all objects gives it, and as one for the named object does.
func (u *usage) add(home string, info *request.RequestInfo, verb string) {
	needed := right{Role: "ClusterRole", Group: info.APIGroup, Resource: info.Resource, Verb: verb}
	if info.Namespace == home {
		needed.Role = "Role"
	}
	if info.Subresource != "" {
		needed.Resource += "/" + info.Subresource
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen[needed] = true
	needed.Name = info.Name
	u.seen[needed] = true
}

// unneeded lists the rights that nobody needed, and those that are excused and not given.
func (u *usage) unneeded(given []right) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	excused := slices.Concat(slices.Collect(maps.Values(elsewhere))...)
	var problems []string
	for _, r := range given {
		if !u.seen[r] && !slices.Contains(excused, r) {
			problems = append(problems, r.String()+": no test made the operator need it; take it out of the +kubebuilder:rbac markers")
		}
	}
	for _, r := range excused {
		if !slices.Contains(given, r) {
			problems = append(problems, r.String()+": is not given any more; take it off the list in rights_used_test.go")
		}
	}
	slices.Sort(problems)
	return problems
}

// rightsOf takes rules apart.
func rightsOf(role string, rules []rbacv1.PolicyRule) []right {
	var rights []right
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, name := range names {
					for _, verb := range rule.Verbs {
						rights = append(rights, right{role, group, resource, name, verb})
					}
				}
			}
		}
	}
	return rights
}

// withRights fails a run of all tests that passed and left rights unneeded.
type withRights struct{ tests interface{ Run() int } }

func (w withRights) Run() int {
	code := w.tests.Run()
	if code != 0 || !everyTestRan() {
		return code
	}
	tenants, own, err := generatedRules()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	problems := usedRights.unneeded(append(rightsOf("ClusterRole", tenants), rightsOf("Role", own)...))
	for _, problem := range problems {
		fmt.Fprintln(os.Stderr, "FAIL: the operator's rights:", problem)
	}
	return min(len(problems), 1)
}

// everyTestRan says whether no flag chose some of the tests.
func everyTestRan() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}
