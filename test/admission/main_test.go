package admission

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const (
	root         = "../.."
	policyFolder = root + "/config/policy"
	// author is a user who may write the three kinds in his namespace, and nothing else.
	author = "author"
	// operator is the account that the policies of config/policy are about.
	operator = "system:serviceaccount:frontdesk-system:frontdesk-operator"
	// patience bounds the wait for a policy to take effect on a loaded machine.
	patience = 30 * time.Second
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	kubetest.Main(m, kubetest.Options{})
}

// arena is a namespace on an API server that has the policies.
type arena struct {
	t         *testing.T
	cluster   *kubetest.Cluster
	namespace string
}

var install sync.Once

func newArena(t *testing.T) *arena {
	t.Helper()
	a := &arena{t: t, cluster: kubetest.Start(t)}
	install.Do(func() {
		for _, object := range policies(t) {
			if err := a.cluster.Client.Create(t.Context(), object); err != nil {
				t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
			}
		}
	})
	a.namespace = a.cluster.Namespace(t)
	a.allow(author, authorRules(t)...)
	return a
}

// chartRules are those of the role that the chart adds to edit and admin, rendered once.
var chartRules struct {
	once  sync.Once
	rules []rbacv1.PolicyRule
}

// authorRules is what an author has, and all that he has: what the chart gives to those who may edit in a namespace.
func authorRules(t *testing.T) []rbacv1.PolicyRule {
	t.Helper()
	chartRules.once.Do(func() {
		helm := filepath.Join(root, ".local", "bin", "helm")
		out, err := exec.CommandContext(t.Context(), helm, "template", "frontdesk", filepath.Join(root, "charts", "frontdesk"), "--show-only", "templates/rbac-users.yaml").Output()
		if err != nil {
			t.Fatalf("render the chart (`make tool-helm` builds helm): %v", err)
		}
		for document := range strings.SplitSeq(string(out), "\n---\n") {
			var role rbacv1.ClusterRole
			if err := yaml.Unmarshal([]byte(document), &role); err != nil {
				t.Fatal(err)
			}
			if role.Labels["rbac.authorization.k8s.io/aggregate-to-edit"] == "true" {
				chartRules.rules = append(chartRules.rules, role.Rules...)
			}
		}
	})
	if len(chartRules.rules) == 0 {
		t.Fatal("the chart gives authors no rights: has the way in which it does so changed?")
	}
	return slices.Clone(chartRules.rules)
}

// policies reads what config/policy holds.
func policies(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(policyFolder, "*.yaml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("found %v in %s (%v)", files, policyFolder, err)
	}
	var objects []*unstructured.Unstructured
	for _, file := range files {
		if filepath.Base(file) == "kustomization.yaml" {
			continue
		}
		for document := range strings.SplitSeq(string(read(t, file)), "\n---\n") {
			objects = append(objects, parse(t, document))
		}
	}
	return objects
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(text), &object.Object); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return object
}

// allow gives a user rights in the namespace.
func (a *arena) allow(user string, rules ...rbacv1.PolicyRule) {
	a.t.Helper()
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, GenerateName: "role-"}, Rules: rules}
	a.create(role)
	a.create(&rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, GenerateName: "binding-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	})
}

// as returns a client for a user.
func (a *arena) as(user string) client.Client {
	a.t.Helper()
	config := rest.CopyConfig(a.cluster.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	c, err := client.New(config, client.Options{Scheme: a.cluster.Scheme})
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

// create makes an object as the administrator.
func (a *arena) create(object client.Object) {
	a.t.Helper()
	object.SetNamespace(a.namespace)
	if err := a.cluster.Client.Create(a.t.Context(), object); err != nil {
		a.t.Fatal(err)
	}
}

// apply makes the object of a YAML document as the administrator.
func (a *arena) apply(document string) *unstructured.Unstructured {
	a.t.Helper()
	object := parse(a.t, document)
	a.create(object)
	return object
}

// refused waits until a request is refused by a policy, with a message that contains each of the given parts.
func (a *arena) refused(request func() error, parts ...string) {
	a.t.Helper()
	err := a.eventually(request, func(err error) bool { return err != nil })
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "ValidatingAdmissionPolicy") {
		a.t.Fatalf("want a refusal by an admission policy, got: %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			a.t.Errorf("the refusal does not say %q: %v", part, err)
		}
	}
}

// accepted waits until a request is accepted: rights, and the Tenants that a policy looks at, take a moment.
func (a *arena) accepted(request func() error) {
	a.t.Helper()
	if err := a.eventually(request, func(err error) bool { return err == nil }); err != nil {
		a.t.Fatalf("refused: %v", err)
	}
}

// eventually repeats a request, which must be a dry run, until its answer is as wanted; it returns the last one.
func (a *arena) eventually(request func() error, wanted func(error) bool) error {
	a.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		err := request()
		if wanted(err) || time.Now().After(deadline) {
			return err
		}
		select {
		case <-a.t.Context().Done():
			return a.t.Context().Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// pod makes a pod like those that the operator's Deployments have, or one that is not its own.
func (a *arena) pod(name string, labels map[string]string) *corev1.Pod {
	a.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels, Annotations: map[string]string{"kept": "yes"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "server", Image: "frontdesk.example/server"}}},
	}
	a.create(pod)
	return pod
}
