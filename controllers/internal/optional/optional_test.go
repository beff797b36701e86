package optional_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const patience = 30 * time.Second

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	kubetest.Main(m, kubetest.Options{AddToScheme: []func(*runtime.Scheme) error{apiextensionsv1.AddToScheme}})
}

// operator is a manager with one controller, which notes what wakes it.
type operator struct {
	t        *testing.T
	apis     *optional.APIs
	client   client.Client
	woken    chan reconcile.Request
	requests func() int
}

// everything is what a kind that appears or goes wakes.
var everything = reconcile.Request{NamespacedName: types.NamespacedName{Name: "everything"}}

func start(t *testing.T, cluster *kubetest.Cluster, once bool, kinds ...optional.Kind) *operator {
	t.Helper()
	return startWith(t, cluster, rest.CopyConfig(cluster.Config), once, kinds...)
}

// startWith has a connection of its own.
func startWith(t *testing.T, cluster *kubetest.Cluster, restConfig *rest.Config, once bool, kinds ...optional.Kind) *operator {
	t.Helper()
	o := &operator{t: t, woken: make(chan reconcile.Request, 100)}
	o.requests = count(restConfig)
	manager, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme: cluster.Scheme, Metrics: metricsserver.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.apis, err = optional.New(manager, optional.Options{
		Kinds: kinds, Once: once, CacheOptions: func(optional.Kind) cache.Options { return cache.Options{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	o.client = o.apis.Client(manager.GetClient())
	c, err := controller.New("test", manager, controller.Options{Reconciler: reconcile.Func(func(_ context.Context, r reconcile.Request) (reconcile.Result, error) {
		o.woken <- r
		return reconcile.Result{}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	all := func(context.Context) []reconcile.Request { return []reconcile.Request{everything} }
	if err := c.Watch(o.apis.Source(&handler.EnqueueRequestForObject{}, all)); err != nil {
		t.Fatal(err)
	}
	if err := manager.Add(o.apis); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the manager ended with %v", err)
		}
	})
	return o
}

// expect waits for a wake-up and passes over others.
func (o *operator) expect(want reconcile.Request) {
	o.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case got := <-o.woken:
			if got == want {
				return
			}
		case <-deadline:
			o.t.Fatalf("nothing has woken %v", want)
		}
	}
}

func (o *operator) isAbsent(kind optional.Kind) bool { return o.absent()[kind.GroupKind()] }

func (o *operator) absent() optional.Absent {
	absent, _ := o.apis.Absent()
	return absent
}

func (o *operator) isUnknown(kind optional.Kind) bool {
	_, unknown := o.apis.Absent()
	return unknown[kind.GroupKind()]
}

func TestKindComesAndGoes(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	gadgets, gizmos := kindOf("gadgets", "Gadget", true), kindOf("gizmos", "Gizmo", false)
	o := start(t, cluster, false, gadgets, gizmos)
	namespace := cluster.Namespace(t)
	if err := o.client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "one"}, gadgets.Object()); !meta.IsNoMatchError(err) {
		t.Errorf("to read a kind that is not served is %v", err)
	}
	for range 2 {
		install(t, cluster, gadgets)
		o.expect(everything)
		if o.isAbsent(gadgets) || !o.isAbsent(gizmos) {
			t.Fatalf("absent are %v, want only gizmos", o.absent())
		}
		one := &unstructured.Unstructured{}
		one.SetGroupVersionKind(gadgets.GroupVersionKind)
		one.SetNamespace(namespace)
		one.SetName("one")
		if err := cluster.Client.Create(t.Context(), one.DeepCopy()); err != nil {
			t.Fatal(err)
		}
		key := client.ObjectKeyFromObject(one)
		o.expect(reconcile.Request{NamespacedName: key})
		if err := o.client.Get(t.Context(), key, one); err != nil {
			t.Errorf("an object that has woken its controller cannot be read: %v", err)
		}
		uninstall(t, cluster, gadgets)
		o.expect(everything)
		if !o.isAbsent(gadgets) {
			t.Fatal("a kind whose definition is gone counts as served")
		}
	}
	install(t, cluster, gizmos)
	o.expect(everything)
	if o.isAbsent(gizmos) {
		t.Error("gizmos are not noticed after gadgets of the same group")
	}
}

func TestWhatIsThereAtTheStartIsKnownBeforeTheFirstPass(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	for _, once := range []bool{false, true} {
		widgets := kindOf("widgets"+suffix(once), "Widget"+suffix(once), true)
		widgets.Group = "start.example.com"
		install(t, cluster, widgets)
		one := &unstructured.Unstructured{}
		one.SetGroupVersionKind(widgets.GroupVersionKind)
		one.SetNamespace(cluster.Namespace(t))
		one.SetName("one")
		create(t, cluster, one)
		missing := kindOf("missings", "Missing", true)
		o := start(t, cluster, once, widgets, missing)
		o.expect(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(one)})
		if o.isAbsent(widgets) || !o.isAbsent(missing) {
			t.Errorf("once=%v: absent are %v", once, o.absent())
		}
	}
}

// Whoever may not list definitions works on, with what is served, and notices when he may.
func TestDefinitionsThatMayNotBeListed(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	levers, late := kindOf("levers", "Lever", true), kindOf("lates", "Late", true)
	levers.Group, late.Group = "blind.example.com", "blind.example.com"
	install(t, cluster, levers)
	one := &unstructured.Unstructured{}
	one.SetGroupVersionKind(levers.GroupVersionKind)
	one.SetNamespace(cluster.Namespace(t))
	one.SetName("one")
	create(t, cluster, one)
	const user = "blind-operator"
	allow(t, cluster, user, levers.Group, "*")
	blind := rest.CopyConfig(cluster.Config)
	blind.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: []string{"system:authenticated"}}
	o := startWith(t, cluster, blind, false, levers, late)
	o.expect(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(one)})
	if o.isAbsent(levers) || !o.isAbsent(late) {
		t.Errorf("absent are %v", o.absent())
	}
	allow(t, cluster, user, "apiextensions.k8s.io", "customresourcedefinitions")
	install(t, cluster, late)
	eventually(t, "to notice a kind whose definition may be watched now", func() error {
		if o.isAbsent(late) {
			return errors.New("it counts as absent")
		}
		return nil
	})
}

// allow lets a user do everything with a resource.
func allow(t *testing.T, cluster *kubetest.Cluster, user, group, resource string) {
	t.Helper()
	name := user + "-" + strings.ReplaceAll(group, ".", "-")
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{group}, Resources: []string{resource}, Verbs: []string{"*"}}},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user}},
	}
	for _, object := range []client.Object{role, binding} {
		if err := cluster.Client.Create(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAbsentKindCostsNothing(t *testing.T) {
	t.Parallel()
	cluster := kubetest.Start(t)
	nothing := kindOf("nothings", "Nothing", true)
	old := kindOf("olds", "Old", true)
	install(t, cluster, old)
	old.Version = "v2"
	o := start(t, cluster, false, nothing, old)
	// A version that is not served is asked for a few times, ever more rarely. Then all is quiet.
	const calm = 4 * time.Second
	last, since, deadline := o.requests(), time.Now(), time.Now().Add(patience)
	for time.Since(since) < calm {
		if now := o.requests(); now != last {
			last, since = now, time.Now()
		}
		if time.Now().After(deadline) {
			t.Fatal("the API server is asked again and again")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !o.isAbsent(nothing) || !o.isAbsent(old) {
		t.Errorf("absent are %v", o.absent())
	}
	// Of the one whose definition is there, there may be objects of another version.
	if o.isUnknown(nothing) || !o.isUnknown(old) {
		t.Errorf("without a definition it counts as unknown: %v; without the version: %v", o.isUnknown(nothing), o.isUnknown(old))
	}
}

func kindOf(plural, kind string, content bool) optional.Kind {
	return optional.Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "optional.example.com", Version: "v1", Kind: kind}, Plural: plural, Content: content,
	}
}

func suffix(once bool) string {
	if once {
		return "once"
	}
	return ""
}

func install(t *testing.T, cluster *kubetest.Cluster, kind optional.Kind) {
	t.Helper()
	create(t, cluster, &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: kind.Definition()},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: kind.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: kind.Plural, Kind: kind.Kind, ListKind: kind.Kind + "List", Singular: strings.ToLower(kind.Kind)},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object"}},
			}},
		},
	})
}

// create creates an object, and waits until its kind is served.
func create(t *testing.T, cluster *kubetest.Cluster, object client.Object) {
	t.Helper()
	eventually(t, "create "+object.GetName(), func() error { return cluster.Client.Create(t.Context(), object) })
}

// uninstall deletes a definition and waits until it is gone.
func uninstall(t *testing.T, cluster *kubetest.Cluster, kind optional.Kind) {
	t.Helper()
	definition := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: kind.Definition()}}
	if err := cluster.Client.Delete(t.Context(), definition); err != nil {
		t.Fatal(err)
	}
	eventually(t, "delete "+kind.Definition(), func() error {
		err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(definition), definition)
		if err == nil {
			return errStillThere
		}
		return client.IgnoreNotFound(err)
	})
}

var errStillThere = errors.New("it is still there")

func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// count counts the requests through a connection that are no watches.
func count(restConfig *rest.Config) func() int {
	var mu sync.Mutex
	var n int
	restConfig.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(request *http.Request) (*http.Response, error) {
			if request.URL.Query().Get("watch") == "" {
				mu.Lock()
				n++
				mu.Unlock()
			}
			return next.RoundTrip(request)
		})
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
