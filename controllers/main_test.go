package controllers_test

import (
	"context"
	"fmt"
	"net/http"
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
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/standin"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

// patience is how long a condition may take on a loaded machine. Waiting ends as soon as it holds.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	path, err := gatewayDefinitions()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	kubetest.Main(withRights{withPostgres{m}}, kubetest.Options{CRDPaths: []string{path}})
}

// gatewayDefinitions finds the definition of HTTPRoute in the module that has its types.
func gatewayDefinitions() (string, error) {
	folder, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		return "", fmt.Errorf("find the module of the Gateway API: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(folder)), "config", "crd", "standard", "gateway.networking.k8s.io_httproutes.yaml"), nil
}

// withPostgres stops the tests' Postgres after them.
type withPostgres struct{ tests *testing.M }

func (p withPostgres) Run() int { return pgtest.Main(p.tests) }

// world is a namespace with an operator and a node of its own. The operator lives in another one, its home, as it does in
// an installation.
type world struct {
	t         *testing.T
	cluster   *kubetest.Cluster
	namespace string
	home      string
	node      *standin.Node
	requests  *recorder
	databases controllers.DatabaseServers
	isolation *controllers.Isolation
	// tune changes the options of the next operator, and elect those of its manager.
	tune  func(*controllers.Options)
	elect func(*ctrl.Options)
	// disturb comes between the next operator and the API server.
	disturb func(http.RoundTripper) http.RoundTripper
	stop    func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, nil)
}

// newWorldOn has a platform with database servers.
func newWorldOn(t *testing.T, databases controllers.DatabaseServers) *world {
	t.Helper()
	cluster := kubetest.Start(t)
	w := &world{t: t, cluster: cluster, namespace: cluster.Namespace(t), home: cluster.Namespace(t), databases: databases, isolation: &controllers.Isolation{}}
	w.node = standin.Start(t, cluster.Client, w.namespace)
	w.startOperator()
	return w
}

// startOperator runs the operator for this namespace until stop or the end of the test.
func (w *world) startOperator() {
	w.t.Helper()
	w.requests = &recorder{}
	restConfig := w.asOperator()
	restConfig.QPS = -1
	restConfig.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return w.requests.around(usedRights.around(w.home, refuseNothing(w.t, next)))
	})
	if w.disturb != nil {
		restConfig.Wrap(w.disturb)
	}
	managerOptions := ctrl.Options{
		Scheme:     controllers.Scheme(),
		Cache:      controllers.CacheOptions([]string{w.namespace}, w.home),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	}
	if w.elect != nil {
		w.elect(&managerOptions)
	}
	manager, err := ctrl.NewManager(restConfig, managerOptions)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	options := controllers.Options{
		Platform: controllers.Platform{
			ServerImage: "frontdesk.example/server:1.2.3", ServerVersion: "1.2.3", ImagePullPolicy: corev1.PullIfNotPresent,
			DatabaseServers: w.databases,
			Isolation:       w.isolation,
			HostSuffixes:    []controllers.HostSuffix{{Suffix: ".book.example", Namespaces: []string{"*"}}},
		},
		OperatorNamespace:       w.home,
		Namespaces:              []string{w.namespace},
		MaxConcurrentReconciles: 4,
		StatusTransport:         w.node.Transport(),
		DrainGrace:              time.Second,
	}
	if w.tune != nil {
		w.tune(&options)
	}
	if err := controllers.Setup(ctx, manager, options); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the operator ended with: %v", err)
		}
	})
	w.t.Cleanup(w.stop)
}

// atHome is the same world, seen from the operator's namespace.
func (w *world) atHome() *world {
	home := *w
	home.namespace = w.home
	return &home
}

// apply creates or replaces the objects of a YAML stream as a user would, in this namespace.
func (w *world) apply(stream string) {
	w.t.Helper()
	for document := range strings.SplitSeq(stream, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			w.t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		object.SetNamespace(w.namespace)
		err := w.cluster.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership)
		if err != nil {
			w.t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

func (w *world) applySample(name string) {
	w.t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "config", "samples", name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.apply(string(data))
}

func (w *world) get(object client.Object, name string) {
	w.t.Helper()
	if err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, object); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tenant(name string) *v1alpha1.Tenant {
	w.t.Helper()
	tenant := &v1alpha1.Tenant{}
	w.get(tenant, name)
	return tenant
}

// edit changes an object as a user would.
func edit[T client.Object](w *world, object T, name string, change func(T)) {
	w.t.Helper()
	patch(w, w.cluster.Client, object, name, change)
}

// editStatus changes the status of an object as its controller would.
func editStatus[T client.Object](w *world, object T, name string, change func(T)) {
	w.t.Helper()
	patch(w, w.cluster.Client.Status(), object, name, change)
}

func patch[T client.Object, O any](w *world, writer interface {
	Patch(ctx context.Context, object client.Object, patch client.Patch, options ...O) error
}, object T, name string, change func(T)) {
	w.t.Helper()
	w.get(object, name)
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		w.t.Fatalf("%T does not copy itself", object)
	}
	change(object)
	if err := writer.Patch(w.t.Context(), object, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// eventually waits until check returns "", and fails with what it last returned.
func (w *world) eventually(what string, check func() string) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s: %s", what, problem)
		}
		select {
		case <-w.t.Context().Done():
			w.t.Fatalf("%s: %s", what, problem)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// waitFor waits until a tenant's condition of this generation has a status and a reason.
func (w *world) waitFor(name string, kind v1alpha1.ConditionType, status metav1.ConditionStatus, reason v1alpha1.ConditionReason) *metav1.Condition {
	w.t.Helper()
	var found *metav1.Condition
	w.eventually(string(kind)+" of "+name, func() string {
		tenant := w.tenant(name)
		checkKstatus(w.t, tenant)
		found = meta.FindStatusCondition(tenant.Status.Conditions, string(kind))
		switch {
		case found == nil:
			return "there is no such condition"
		case found.ObservedGeneration != tenant.Generation:
			return "the condition is about an earlier generation"
		case found.Status != status || found.Reason != string(reason):
			return "is " + string(found.Status) + " " + found.Reason + ": " + found.Message
		}
		return ""
	})
	return found
}

func (w *world) waitReady(name string) *v1alpha1.Tenant {
	w.t.Helper()
	w.waitFor(name, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	return w.tenant(name)
}

// checkKstatus holds at every moment: Reconciling and Stalled are there only while true and never
// together, and Ready=True excludes both.
func checkKstatus(t *testing.T, tenant *v1alpha1.Tenant) {
	t.Helper()
	var present []string
	for _, kind := range []v1alpha1.ConditionType{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if c := meta.FindStatusCondition(tenant.Status.Conditions, string(kind)); c != nil {
			present = append(present, c.Type)
			if c.Status != metav1.ConditionTrue {
				t.Errorf("%s is present with status %s", c.Type, c.Status)
			}
		}
	}
	ready := meta.FindStatusCondition(tenant.Status.Conditions, string(v1alpha1.ConditionReady))
	switch {
	case len(present) > 1:
		t.Errorf("conditions %v exclude each other", present)
	case ready != nil && (ready.Status == metav1.ConditionTrue) != (len(present) == 0):
		t.Errorf("Ready is %s, but of Reconciling and Stalled there is %v", ready.Status, present)
	}
}

// recorder notes the requests that an operator makes. Left out are watches, and what the election of a leader takes,
// which goes on for ever.
type recorder struct {
	mu       sync.Mutex
	seen     []string
	underWay int
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (r *recorder) around(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(request *http.Request) (*http.Response, error) {
		if request.URL.Query().Get("watch") == "" && !strings.HasSuffix(request.URL.Path, "/leases/"+electionLease) {
			r.mu.Lock()
			r.seen = append(r.seen, request.Method+" "+request.URL.Path)
			r.underWay++
			r.mu.Unlock()
			defer func() {
				r.mu.Lock()
				r.underWay--
				r.mu.Unlock()
			}()
		}
		return next.RoundTrip(request)
	})
}

// progress returns how many requests have been made, and how many of them have no answer yet.
func (r *recorder) progress() (made, underWay int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.seen), r.underWay
}

// since returns the requests after the first n, and how many there are now.
func (r *recorder) since(n int) (requests []string, now int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen[n:]), len(r.seen)
}

func writes(requests []string) []string {
	var mutating []string
	for _, request := range requests {
		if !strings.HasPrefix(request, http.MethodGet) {
			mutating = append(mutating, request)
		}
	}
	return mutating
}
