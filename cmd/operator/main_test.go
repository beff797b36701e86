package main

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }

func TestVersion(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := Main{Args: []string{"--version"}, Stdout: &out, Stderr: io.Discard}
	if err := m.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "operator ") {
		t.Errorf("printed %q", out.String())
	}
}

func TestBadFlagsAreAllReported(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	m := Main{Args: []string{"--log-level=loud", "--max-concurrent-reconciles=0", "--rollout-canary=0", "--rollout-batches=10%,all", "--rollout-parallelism=-1", "--rollout-failure-budget=-1", "--monitoring-label=release=not a label"}, Stdout: io.Discard, Stderr: io.Discard}
	err := m.Run(t.Context())
	for _, want := range []string{"--server-image is required", "--operator-namespace is required", `--log-level is "loud"`, "--max-concurrent-reconciles is 0", `--rollout-canary: "0"`, `--rollout-batches: "all"`, "--rollout-parallelism is -1", "--rollout-failure-budget is -1", "--monitoring-label: Invalid value"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

func TestPairsFlag(t *testing.T) {
	t.Parallel()
	var i pairs
	for _, text := range []string{"1.2.3=registry.example/server:1.2.3", "1.2.2=registry.example/server@sha256:0=1"} {
		if err := i.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if want := "1.2.2=registry.example/server@sha256:0=1,1.2.3=registry.example/server:1.2.3"; i.String() != want {
		t.Errorf("got %q, want %q", i.String(), want)
	}
	for _, text := range []string{"1.2.3", "=image", "1.2.3="} {
		if err := i.Set(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestNamespacesFlag(t *testing.T) {
	t.Parallel()
	var n list
	for _, text := range []string{"a, b", "", "c"} {
		if err := n.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if n.String() != "a,b,c" {
		t.Errorf("got %q", n.String())
	}
}

// TestRun runs the whole program as the chart does, with its arguments and its rights: it leads, works on tenants of all
// namespaces, shows metrics to those who may read them, and steps down when it ends.
func TestRun(t *testing.T) {
	cluster := kubetest.Start(t)
	installed, away, metrics := install(t, cluster), cluster.Namespace(t), freeAddress(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	m := Main{
		Args: append(slices.Clone(installed.args), "--operator-namespace="+chartNamespace,
			"--metrics-bind-address="+metrics, "--health-probe-bind-address=127.0.0.1:0", "--log-level=error"),
		Stdout: io.Discard, Stderr: io.Discard, Config: installed.config,
	}
	go func() { done <- m.Run(ctx) }()
	defer cancel()

	for _, object := range []client.Object{policyIn(away), tenantIn(away)} {
		if err := cluster.Client.Create(ctx, object); err != nil {
			t.Fatal(err)
		}
	}
	lease := &coordinationv1.Lease{}
	eventually(t, "the tenant's config Secret and the lease", func() error {
		if err := cluster.Client.Get(ctx, client.ObjectKey{Namespace: away, Name: "frontdesk-shop-config"}, &corev1.Secret{}); err != nil {
			return err
		}
		return cluster.Client.Get(ctx, client.ObjectKey{Namespace: chartNamespace, Name: leaseName}, lease)
	})
	installed.metricsAreForReaders(metrics)
	cancel()
	if err := <-done; err != nil {
		t.Errorf("the operator ended with: %v", err)
	}
	if err := cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(lease), lease); err != nil {
		t.Fatal(err)
	}
	if holder := ptr.Deref(lease.Spec.HolderIdentity, ""); holder != "" {
		t.Errorf("the lease is still held by %s: the next leader has to wait for it to expire", holder)
	}
}

func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func policyIn(namespace string) *v1alpha1.BookingPolicy {
	return &v1alpha1.BookingPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "hours"},
		Spec: v1alpha1.BookingPolicySpec{Hours: v1alpha1.WeekSchedule{{
			Days: []v1alpha1.Weekday{v1alpha1.Monday}, Spans: v1alpha1.Spans{{From: "09:00", To: "17:00"}},
		}}},
	}
}

func tenantIn(namespace string) *v1alpha1.Tenant {
	return &v1alpha1.Tenant{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "shop"},
		Spec: v1alpha1.TenantSpec{
			DisplayName: "Corner Shop", TimeZone: "Europe/Berlin",
			BookingPolicyRef: v1alpha1.LocalReference{Name: "hours"},
			Resources:        []v1alpha1.Resource{{ID: "desk", Kind: v1alpha1.ResourceKindRoom, Name: "Desk"}},
			Services: []v1alpha1.Service{{
				ID: "visit", Name: "Visit", Duration: "30m", Requires: []v1alpha1.Requirement{{AnyOf: []v1alpha1.Identifier{"desk"}}},
			}},
		},
	}
}
