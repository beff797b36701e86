package command_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/command"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// patience is how long a condition may take on a loaded machine. Waiting ends as soon as it holds.
const patience = time.Minute

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	kubetest.Main(m, kubetest.Options{})
}

// world is a namespace of a real API server with a real operator. There is no node: tests make the pods.
type world struct {
	t          *testing.T
	cluster    *kubetest.Cluster
	namespace  string
	kubeconfig string
	servers    *servers
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := newQuietWorld(t)
	w.startOperator()
	return w
}

// newQuietWorld has no operator: what statuses say is the test's.
func newQuietWorld(t *testing.T) *world {
	t.Helper()
	cluster := kubetest.Start(t)
	w := &world{t: t, cluster: cluster, namespace: cluster.Namespace(t), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := os.WriteFile(w.kubeconfig, cluster.Env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	w.servers = &servers{reader: cluster.Client, tenants: map[string]client.ObjectKey{}}
	return w
}

// startOperator runs the operator for this namespace until the end of the test.
func (w *world) startOperator() {
	w.t.Helper()
	manager, err := ctrl.NewManager(w.cluster.Config, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: controllers.CacheOptions([]string{w.namespace}, w.namespace),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: ptr.To(true)},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	if err := controllers.Setup(ctx, manager, controllers.Options{
		Platform: controllers.Platform{
			ServerImage: "frontdesk.example/server:1.2.3", ServerVersion: "1.2.3", ImagePullPolicy: corev1.PullIfNotPresent,
			HostSuffixes: []controllers.HostSuffix{{Suffix: ".book.example", Namespaces: []string{"*"}}}, DatabaseServers: w.databaseServers(),
		},
		OperatorNamespace: w.namespace, Namespaces: []string{w.namespace}, MaxConcurrentReconciles: 2, StatusTransport: w.servers,
	}); err != nil {
		w.t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- manager.Start(ctx) }()
	w.t.Cleanup(sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Errorf("the operator ended with: %v", err)
		}
	}))
}

// databaseServers is one server of the platform, which is not open to the test's namespace.
func (w *world) databaseServers() controllers.DatabaseServers {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "servers.yaml")
	text := "[{name: shared, host: postgres.platform.svc, adminSecret: {name: shared-admin}, allowedNamespaces: [elsewhere]}]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	servers, err := controllers.ReadDatabaseServers(path)
	if err != nil {
		w.t.Fatal(err)
	}
	return servers
}

// apply creates or replaces the objects of a YAML stream as a user would, in this namespace.
func (w *world) apply(stream string) {
	w.t.Helper()
	for document := range strings.SplitSeq(stream, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			w.t.Fatal(err)
		}
		object.SetNamespace(w.namespace)
		if err := w.cluster.Client.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("user"), client.ForceOwnership); err != nil {
			w.t.Fatalf("apply %s %s: %v", object.GetKind(), object.GetName(), err)
		}
	}
}

// awaitCondition waits until a Tenant has a condition with a reason for its newest generation.
func (w *world) awaitCondition(tenant string, kind v1alpha1.ConditionType, reason v1alpha1.ConditionReason) {
	w.t.Helper()
	w.await(tenant, kind, string(reason), func(c *metav1.Condition) bool { return c.Reason == string(reason) })
}

// awaitMessage waits until a condition says something for the Tenant's newest generation.
func (w *world) awaitMessage(tenant string, kind v1alpha1.ConditionType, part string) {
	w.t.Helper()
	w.await(tenant, kind, part, func(c *metav1.Condition) bool { return strings.Contains(c.Message, part) })
}

func (w *world) await(tenant string, kind v1alpha1.ConditionType, what string, holds func(*metav1.Condition) bool) {
	w.t.Helper()
	said := "nothing"
	err := wait.PollUntilContextTimeout(w.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var t v1alpha1.Tenant
		if err := w.cluster.Client.Get(ctx, client.ObjectKey{Namespace: w.namespace, Name: tenant}, &t); err != nil {
			return false, err
		}
		c := meta.FindStatusCondition(t.Status.Conditions, string(kind))
		if c == nil {
			return false, nil
		}
		said = c.Reason + ": " + c.Message
		return holds(c) && c.ObservedGeneration == t.Generation, nil
	})
	if err != nil {
		w.t.Fatalf("%s of %s did not come to %s: %v; last: %s", kind, tenant, what, err, said)
	}
}

// awaitPolicies waits until the operator has looked at every BookingPolicy.
func (w *world) awaitPolicies() {
	w.t.Helper()
	err := wait.PollUntilContextTimeout(w.t.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		var policies v1alpha1.BookingPolicyList
		err := w.cluster.Client.List(ctx, &policies, client.InNamespace(w.namespace))
		return !slices.ContainsFunc(policies.Items, func(p v1alpha1.BookingPolicy) bool { return len(p.Status.Conditions) == 0 }), err
	})
	if err != nil {
		w.t.Fatalf("the operator has not looked at the policies: %v", err)
	}
}

// outcome is what one run of the program came to.
type outcome struct {
	code     int
	out, err string
}

// run runs the program in this namespace.
func (w *world) run(args ...string) outcome {
	w.t.Helper()
	return runProgram(w.t.Context(), "", append(args, "--kubeconfig", w.kubeconfig, "-n", w.namespace)...)
}

func runProgram(ctx context.Context, stdin string, args ...string) outcome {
	var out, errOut bytes.Buffer
	code := command.Run(ctx, args, genericiooptions.IOStreams{In: strings.NewReader(stdin), Out: &out, ErrOut: &errOut})
	return outcome{code, out.String(), errOut.String()}
}

var changing = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`revision [0-9a-f]{8}\b`), "revision 01234567"},
	// Which objects there are is the operator's business and tested there.
	{regexp.MustCompile(`✓ there: .*`), "✓ there: …"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "REVISION"},
	{regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`), "UID"},
}

// awaitGolden runs the program until it prints, apart from what differs in each run, what is in a file, and returns that
// run: the operator hears of policies, Secrets, claims and pods in any order, and what it says settles only with the last.
func (w *world) awaitGolden(name string, args ...string) outcome {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := w.run(args...)
		diff := compareGolden(w.t, name, strings.ReplaceAll(got.out, w.namespace, "dental"))
		switch {
		case diff == "":
			return got
		case time.Now().After(deadline):
			w.t.Error(diff)
			return got
		}
		select {
		case <-w.t.Context().Done():
			w.t.Fatal(diff)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// compareGolden compares a text, without what differs in each run, with a file, and says how they differ.
func compareGolden(t *testing.T, name, text string) (difference string) {
	t.Helper()
	for _, c := range changing {
		text = c.pattern.ReplaceAllString(text, c.replacement)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text); diff != "" {
		return fmt.Sprintf("%s differs; if that is meant, run `go test ./cmd/kubectl-frontdesk/command -update` and read the diff (-want +got):\n%s", path, diff)
	}
	return ""
}
