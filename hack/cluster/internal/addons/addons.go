package addons

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/config"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/provision"
)

//go:embed manifests/dns.yaml
var dnsManifest string

//go:embed manifests/storage.yaml
var storageManifest string

// fieldManager owns the fields of what is applied.
const fieldManager = "frontdesk-local-cluster"

// resources maps the kinds in our manifests to their resource, which saves a
// round of discovery.
var resources = map[string]schema.GroupVersionResource{
	"ServiceAccount":     corev1.SchemeGroupVersion.WithResource("serviceaccounts"),
	"ConfigMap":          corev1.SchemeGroupVersion.WithResource("configmaps"),
	"Service":            corev1.SchemeGroupVersion.WithResource("services"),
	"Node":               corev1.SchemeGroupVersion.WithResource("nodes"),
	"Deployment":         appsv1.SchemeGroupVersion.WithResource("deployments"),
	"ClusterRole":        rbacv1.SchemeGroupVersion.WithResource("clusterroles"),
	"ClusterRoleBinding": rbacv1.SchemeGroupVersion.WithResource("clusterrolebindings"),
	"StorageClass":       storagev1.SchemeGroupVersion.WithResource("storageclasses"),
}

// ApplyDNS installs cluster DNS.
func ApplyDNS(ctx context.Context, client dynamic.Interface) error {
	filled := strings.NewReplacer("IMAGE", config.DNSImage, "ADDRESS", netplan.DNSAddress).Replace(dnsManifest)
	return apply(ctx, client, filled)
}

// ApplyStorage installs the default StorageClass.
func ApplyStorage(ctx context.Context, client dynamic.Interface) error {
	return apply(ctx, client, strings.Replace(storageManifest, "PROVISIONER", provision.Name, 1))
}

// ApplyNodes registers simulated nodes, node-1 to node-n.
func ApplyNodes(ctx context.Context, client dynamic.Interface, n int) error {
	var manifest strings.Builder
	for i := range n {
		fmt.Fprintf(&manifest, `---
apiVersion: v1
kind: Node
metadata:
  name: node-%[1]d
  labels: {kubernetes.io/hostname: node-%[1]d, kubernetes.io/os: linux, kubernetes.io/arch: amd64, type: kwok}
`, i+1)
	}
	return apply(ctx, client, manifest.String())
}

func apply(ctx context.Context, client dynamic.Interface, manifest string) error {
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
	for {
		var u unstructured.Unstructured
		err := decoder.Decode(&u.Object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("decode manifest: %w", err)
		}
		if len(u.Object) == 0 {
			continue
		}
		resource, known := resources[u.GetKind()]
		if !known {
			return fmt.Errorf("apply %s %s: kind is not in the table of resources", u.GetKind(), u.GetName())
		}
		options := metav1.ApplyOptions{FieldManager: fieldManager, Force: true}
		_, err = client.Resource(resource).Namespace(u.GetNamespace()).Apply(ctx, u.GetName(), &u, options)
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", u.GetKind(), u.GetName(), err)
		}
	}
}

// poll is how often conditions are looked at.
const poll = 100 * time.Millisecond

// WaitNodes waits until n nodes are Ready.
func WaitNodes(ctx context.Context, client kubernetes.Interface, n int, since time.Time) error {
	err := wait.PollUntilContextCancel(ctx, poll, true, func(ctx context.Context) (bool, error) {
		ready, err := ReadyNodes(ctx, client, since)
		return err == nil && ready >= n, nil
	})
	if err != nil {
		return fmt.Errorf("wait for %d node(s) to be Ready: %w", n, err)
	}
	return nil
}

// ReadyNodes counts the nodes that are Ready and said so since the given time:
// after a restart the API still shows what was true before it. The zero time
// takes any word.
func ReadyNodes(ctx context.Context, client kubernetes.Interface, since time.Time) (int, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, fmt.Errorf("list nodes: %w", err)
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, c := range node.Status.Conditions {
			fresh := !c.LastHeartbeatTime.Time.Before(since.Truncate(time.Second))
			if c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue && fresh {
				ready++
			}
		}
	}
	return ready, nil
}

// WaitDNS waits until cluster DNS answers at its Service's address. The caller
// must be in the cluster's network.
func WaitDNS(ctx context.Context) error {
	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, net.JoinHostPort(netplan.DNSAddress, "53"))
	}}
	err := wait.PollUntilContextCancel(ctx, poll, true, func(ctx context.Context) (bool, error) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		found, err := resolver.LookupHost(ctx, "kubernetes.default.svc.cluster.local.")
		return err == nil && slices.Contains(found, netplan.APIServiceAddress), nil
	})
	if err != nil {
		return fmt.Errorf("wait for CoreDNS: %w", err)
	}
	return nil
}
