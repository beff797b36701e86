package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

// What the chart gives the operator with its default values: the account, its rights, and the arguments.
const (
	chartNamespace = "frontdesk-system"
	chartAccount   = "frontdesk"
	metricsReader  = "frontdesk-system-frontdesk-metrics-reader"
)

// installation is the chart on a cluster, but for its Deployment, which this process stands in for.
type installation struct {
	t       *testing.T
	cluster *kubetest.Cluster
	// args are those of the Deployment.
	args []string
	// config is the operator's account and no more.
	config *rest.Config
}

func install(t *testing.T, cluster *kubetest.Cluster) *installation {
	t.Helper()
	rendered, err := exec.CommandContext(t.Context(), filepath.Join("..", "..", "hack", "install-file.sh")).Output()
	if err != nil {
		t.Fatalf("hack/install-file.sh, which needs helm (`make tools`): %v", err)
	}
	i := &installation{t: t, cluster: cluster}
	for document := range strings.SplitSeq(string(rendered), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		switch object.GetKind() {
		case "Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			if err := cluster.Client.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		case "Deployment":
			var deployment appsv1.Deployment
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &deployment); err != nil {
				t.Fatal(err)
			}
			i.args = deployment.Spec.Template.Spec.Containers[0].Args
		}
	}
	i.config = rest.AnonymousClientConfig(cluster.Config)
	i.config.BearerToken = i.token(chartAccount)
	for _, right := range []authorizationv1.SubjectAccessReviewSpec{
		{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "list", Group: "frontdesk.dev", Resource: "tenants"}},
		{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Resource: "secrets", Namespace: chartNamespace}},
		{ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Group: "authentication.k8s.io", Resource: "tokenreviews"}},
		{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Verb: "watch", Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions", Name: "httproutes.gateway.networking.k8s.io",
		}},
	} {
		i.awaitRight(chartAccount, right)
	}
	return i
}

// token is one of an account in the operator's namespace.
func (i *installation) token(account string) string {
	i.t.Helper()
	request := &authenticationv1.TokenRequest{}
	owner := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: chartNamespace, Name: account}}
	if err := i.cluster.Client.SubResource("token").Create(i.t.Context(), owner, request); err != nil {
		i.t.Fatal(err)
	}
	return request.Status.Token
}

// awaitRight returns when the API server's authorizer has seen the binding that gives it: it learns of them by watches.
func (i *installation) awaitRight(account string, right authorizationv1.SubjectAccessReviewSpec) {
	i.t.Helper()
	right.User = "system:serviceaccount:" + chartNamespace + ":" + account
	eventually(i.t, fmt.Sprintf("the right of %s", account), func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: right}
		if err := i.cluster.Client.Create(i.t.Context(), review); err != nil {
			return err
		}
		if !review.Status.Allowed {
			return fmt.Errorf("%+v is not given", right)
		}
		return nil
	})
}

// account makes one in the operator's namespace, bound to a ClusterRole unless that is empty.
func (i *installation) account(name, role string) {
	i.t.Helper()
	objects := []client.Object{&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: chartNamespace, Name: name}}}
	if role != "" {
		objects = append(objects, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: chartNamespace, Name: name}},
		})
	}
	for _, object := range objects {
		if err := i.cluster.Client.Create(i.t.Context(), object); err != nil {
			i.t.Fatal(err)
		}
	}
}

// metricsAreForReaders asks for the metrics as nobody, as somebody, and as who may.
func (i *installation) metricsAreForReaders(address string) {
	i.t.Helper()
	i.account("stranger", "")
	i.account("prometheus", metricsReader)
	i.awaitRight("prometheus", authorizationv1.SubjectAccessReviewSpec{
		NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: "/metrics", Verb: "get"},
	})
	for _, c := range []struct {
		who, token string
		status     int
	}{
		{"nobody", "", http.StatusUnauthorized},
		{"an account without the role", i.token("stranger"), http.StatusForbidden},
		{"an account with the role", i.token("prometheus"), http.StatusOK},
	} {
		const metric = "controller_runtime_active_workers"
		eventually(i.t, "the metrics for "+c.who, func() error {
			status, body, err := readMetrics(i.t.Context(), address, c.token)
			switch {
			case err != nil:
				return err
			case status != c.status:
				return fmt.Errorf("status %d, want %d: %.200s", status, c.status, body)
			case strings.Contains(body, metric) != (c.status == http.StatusOK):
				return fmt.Errorf("status %d with: %.200s", status, body)
			}
			return nil
		})
	}
}

// readMetrics is what a scraper does that does not know the operator's self-signed certificate.
func readMetrics(ctx context.Context, address, token string) (status int, body string, err error) {
	scraper := http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // as a ServiceMonitor has it
		DisableKeepAlives: true,
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/metrics", nil)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := scraper.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// freeAddress is one on loopback on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return listener.Addr().String()
}
