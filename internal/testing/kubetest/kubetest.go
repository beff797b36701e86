package kubetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// Options add to what every test cluster has.
type Options struct {
	// CRDPaths are files or folders with further CustomResourceDefinitions to install. Relative paths start at
	// the root of the repository. Those of this project are always installed.
	CRDPaths []string

	// AddToScheme registers further types with the cluster's scheme, which has those of client-go and of this
	// project.
	AddToScheme []func(*runtime.Scheme) error
}

// Cluster is a running Kubernetes API.
type Cluster struct {
	// Config is for an administrator and has no client-side rate limit.
	Config *rest.Config
	// Client reads and writes without a cache, as Config's user.
	Client client.Client
	// Scheme knows every type that the client does.
	Scheme *runtime.Scheme
	// Env is the environment beneath, for what this package does not offer, such as AddUser.
	Env *envtest.Environment

	dir        string
	assets     string
	kubeconfig string
}

// shared is the one cluster of this test binary.
var shared struct {
	once    sync.Once
	options Options
	cluster *Cluster
	err     error
}

// Runner runs the tests and returns the exit code: *testing.M, or something around it that starts more than a cluster.
type Runner interface{ Run() int }

// Main runs the tests of a package and exits. It belongs in TestMain. The cluster starts when the first test
// asks for it, so tests that need none do not wait.
func Main(m Runner, options Options) {
	shared.options = options
	code := m.Run()
	if shared.cluster != nil {
		if err := shared.cluster.stop(); err != nil {
			fmt.Fprintf(os.Stderr, "kubetest: stop the test cluster: %v\n", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Start returns the cluster that the tests of this package share, and starts it when it is the first to ask.
// It fails the test when the cluster cannot be had.
func Start(t testing.TB) *Cluster {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = start(shared.options) })
	if shared.err != nil {
		t.Fatalf("kubetest: %v", shared.err)
	}
	return shared.cluster
}

// Namespace makes a namespace for one test and returns its name. It is not deleted: no controller runs that
// could finish that, and the cluster ends with the tests.
func (c *Cluster) Namespace(t testing.TB) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	if err := c.Client.Create(t.Context(), namespace); err != nil {
		t.Fatalf("kubetest: create a namespace: %v", err)
	}
	return namespace.Name
}

func start(options Options) (_ *Cluster, err error) {
	root, err := repositoryRoot()
	if err != nil {
		return nil, err
	}
	assets, err := findAssets(root)
	if err != nil {
		return nil, err
	}
	dir, err := newRunDir()
	if err != nil {
		return nil, err
	}
	scheme, err := newScheme(options)
	if err != nil {
		return nil, err
	}
	binaries, err := tieToThisProcess(assets, filepath.Join(dir, "bin"))
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{
		Scheme: scheme,
		Env:    newEnvironment(root, dir, binaries, scheme, options),
		dir:    dir,
		assets: assets,
	}
	defer func() {
		if err != nil {
			_ = cluster.stop()
		}
	}()
	if cluster.Config, err = cluster.Env.Start(); err != nil {
		return nil, fmt.Errorf("start etcd and kube-apiserver from %s: %w", assets, err)
	}
	// The API server decides how much it can take; a limit in the client would only measure itself.
	cluster.Config.QPS = -1
	if cluster.Client, err = client.New(cluster.Config, client.Options{Scheme: scheme}); err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	cluster.kubeconfig = filepath.Join(dir, "kubeconfig")
	if err = os.WriteFile(cluster.kubeconfig, cluster.Env.KubeConfig, 0o600); err != nil {
		return nil, fmt.Errorf("write the kubeconfig: %w", err)
	}
	if err = cluster.waitForDefaultNamespace(context.Background()); err != nil {
		return nil, err
	}
	return cluster, nil
}

func newScheme(options Options) (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	adders := append([]func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme}, options.AddToScheme...)
	for _, add := range adders {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("build the scheme: %w", err)
		}
	}
	return scheme, nil
}

func newEnvironment(root, dir, binaries string, scheme *runtime.Scheme, options Options) *envtest.Environment {
	paths := []string{filepath.Join(root, "config", "crd", "bases")}
	for _, path := range options.CRDPaths {
		if !filepath.IsAbs(path) {
			path = filepath.Join(root, path)
		}
		paths = append(paths, path)
	}
	env := &envtest.Environment{
		Scheme:                scheme,
		BinaryAssetsDirectory: binaries,
		CRDDirectoryPaths:     paths,
		ErrorIfCRDPathMissing: true,
	}
	env.ControlPlane.Etcd = &envtest.Etcd{DataDir: filepath.Join(dir, "etcd")}
	server := env.ControlPlane.GetAPIServer()
	server.CertDir = filepath.Join(dir, "apiserver")
	// The default, a /24, is used up by about 250 Services.
	server.Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	return env
}

func (c *Cluster) stop() error {
	err := c.Env.Stop()
	if removeErr := os.RemoveAll(c.dir); err == nil {
		err = removeErr
	}
	return err
}
