package controllers_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

// Every test runs the operator with exactly the rights that are generated from its markers, bound as a namespaced
// installation has them: those for tenants in their namespace, its own in its home, where no tenant lives. Only definitions
// are watched in the cluster. A refused request fails the test, and a right that no request needs the whole run.

const operatorUser = "frontdesk-operator-under-test"

// operatorConfig is shared: making a user means making a certificate.
var operatorConfig struct {
	once   sync.Once
	config *rest.Config
	rules  []rbacv1.PolicyRule
	own    []rbacv1.PolicyRule
	err    error
}

// asOperator returns a connection that may do in the world's two namespaces what the operator may, and no more.
func (w *world) asOperator() *rest.Config {
	w.t.Helper()
	shared := &operatorConfig
	shared.once.Do(func() {
		if shared.rules, shared.own, shared.err = generatedRules(); shared.err != nil {
			return
		}
		if shared.err = installPolicies(w.t.Context(), w.cluster); shared.err != nil {
			return
		}
		user, err := w.cluster.Env.AddUser(envtest.User{Name: operatorUser}, w.cluster.Config)
		if err != nil {
			shared.err = err
			return
		}
		shared.config = user.Config()
		shared.err = letWatchDefinitions(w.t, w.cluster, shared.rules)
	})
	if shared.err != nil {
		w.t.Fatal(shared.err)
	}
	w.grant(w.namespace, shared.rules)
	w.grant(w.home, append(slices.Clone(shared.own), w.administrators()...))
	w.awaitRights()
	return rest.CopyConfig(shared.config)
}

// grant lets the operator do something in a namespace.
func (w *world) grant(namespace string, rules []rbacv1.PolicyRule) {
	w.t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "operator"}, Rules: rules}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "operator"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "operator"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := w.cluster.Client.Create(w.t.Context(), object); err != nil && !apierrors.IsAlreadyExists(err) {
			w.t.Fatal(err)
		}
	}
}

// administrators is the right to read those of the database servers, by name, which the chart adds for its databaseServers.
func (w *world) administrators() []rbacv1.PolicyRule {
	var names []string
	for _, server := range w.databases {
		names = append(names, server.AdminSecret.Name)
	}
	if names == nil {
		return nil
	}
	return []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: names, Verbs: []string{"get"}}}
}

// awaitRights returns when the API server's authorizer has seen all bindings: it learns of them by watches.
func (w *world) awaitRights() {
	w.t.Helper()
	for _, right := range []authorizationv1.ResourceAttributes{
		{Namespace: w.namespace, Verb: "list", Group: v1alpha1.GroupVersion.Group, Resource: "tenants"},
		{Namespace: w.home, Verb: "create", Resource: "configmaps"},
		{Verb: "list", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions", Name: "httproutes.gateway.networking.k8s.io"},
	} {
		err := wait.PollUntilContextTimeout(w.t.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
			review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: operatorUser, ResourceAttributes: &right}}
			err := w.cluster.Client.Create(ctx, review)
			return review.Status.Allowed, err
		})
		if err != nil {
			w.t.Fatalf("the operator's right to %s %s: %v", right.Verb, right.Resource, err)
		}
	}
}

// letWatchDefinitions binds in the cluster what cannot be bound in a namespace.
func letWatchDefinitions(t *testing.T, cluster *kubetest.Cluster, rules []rbacv1.PolicyRule) error {
	t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "operator-definitions"}}
	for _, rule := range rules {
		if slices.Contains(rule.APIGroups, "apiextensions.k8s.io") {
			role.Rules = append(role.Rules, rule)
		}
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: operatorUser}},
	}
	return errors.Join(cluster.Client.Create(t.Context(), role), cluster.Client.Create(t.Context(), binding))
}

// installPolicies makes the admission policies those of the operator under test.
func installPolicies(ctx context.Context, cluster *kubetest.Cluster) error {
	files, err := filepath.Glob(filepath.Join("..", "config", "policy", "*_*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		data = bytes.ReplaceAll(data, []byte("system:serviceaccount:frontdesk-system:frontdesk-operator"), []byte(operatorUser))
		for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
			object := &unstructured.Unstructured{}
			if err := yaml.Unmarshal(document, &object.Object); err != nil {
				return err
			}
			if err := cluster.Client.Create(ctx, object); err != nil {
				return err
			}
		}
	}
	return nil
}

// generatedRules reads the rights for tenants' namespaces, and those for the operator's own.
func generatedRules() (tenants, own []rbacv1.PolicyRule, err error) {
	data, err := os.ReadFile(filepath.Join("..", "config", "rbac", "role.yaml"))
	if err != nil {
		return nil, nil, err
	}
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		var role rbacv1.ClusterRole // a Role has the same shape
		if err := yaml.Unmarshal(document, &role); err != nil {
			return nil, nil, err
		}
		switch role.Kind {
		case "ClusterRole":
			tenants = append(tenants, role.Rules...)
		case "Role":
			own = append(own, role.Rules...)
		}
	}
	return tenants, own, nil
}

// refuseNothing fails the test for each request that the API server forbade.
func refuseNothing(t *testing.T, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(request)
		if err == nil && response.StatusCode == http.StatusForbidden {
			t.Errorf("the operator has no right to %s %s", request.Method, request.URL.Path)
		}
		return response, err
	})
}
