package upgrade

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const (
	root      = "../.."
	release   = "frontdesk"
	namespace = "frontdesk-system"
)

func TestMain(m *testing.M) {
	kubetest.Main(m, kubetest.Options{AddToScheme: []func(*runtime.Scheme) error{apiextensionsv1.AddToScheme}})
}

// site is a cluster on which Helm installs.
type site struct {
	t          *testing.T
	cluster    *kubetest.Cluster
	kubeconfig string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, cluster: kubetest.Start(t), kubeconfig: filepath.Join(t.TempDir(), "kubeconfig")}
	if err := os.WriteFile(s.kubeconfig, s.cluster.Env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// removeDefinitions takes away what the test cluster comes with: the chart brings its own.
func (s *site) removeDefinitions() {
	s.t.Helper()
	for name, definition := range s.definitions() {
		if err := s.cluster.Client.Delete(s.t.Context(), definition); err != nil {
			s.t.Fatal(err)
		}
		s.eventually("definition "+name, func() string {
			if err := s.cluster.Client.Get(s.t.Context(), client.ObjectKey{Name: name}, definition); !apierrors.IsNotFound(err) {
				return "is still there"
			}
			return ""
		})
	}
}

// definitions are those of this project, by name.
func (s *site) definitions() map[string]*apiextensionsv1.CustomResourceDefinition {
	s.t.Helper()
	var all apiextensionsv1.CustomResourceDefinitionList
	if err := s.cluster.Client.List(s.t.Context(), &all); err != nil {
		s.t.Fatal(err)
	}
	ours := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for i := range all.Items {
		if all.Items[i].Spec.Group == "frontdesk.dev" {
			ours[all.Items[i].Name] = &all.Items[i]
		}
	}
	return ours
}

func (s *site) helm(args ...string) string {
	s.t.Helper()
	program := filepath.Join(root, ".local", "bin", "helm")
	if _, missing := os.Stat(program); missing != nil {
		var err error
		if program, err = exec.LookPath("helm"); err != nil {
			s.t.Fatal("helm is needed: run `make test-controllers`, which builds it first")
		}
	}
	cmd := exec.CommandContext(s.t.Context(), program, append(args, "--namespace", namespace)...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+s.kubeconfig, "HELM_CONFIG_HOME="+s.t.TempDir(), "HELM_CACHE_HOME="+s.t.TempDir())
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("helm %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), said.String())
	}
	return out.String()
}

// installed reads from the cluster what a release consists of.
func (s *site) installed() map[string]*unstructured.Unstructured {
	s.t.Helper()
	objects := map[string]*unstructured.Unstructured{}
	for document := range strings.SplitSeq("\n"+s.helm("get", "manifest", release), "\n---") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			s.t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		if err := s.cluster.Client.Get(s.t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			s.t.Fatalf("%s %s: %v", object.GetKind(), object.GetName(), err)
		}
		objects[object.GroupVersionKind().GroupKind().String()+" "+object.GetName()] = object
	}
	return objects
}

func (s *site) eventually(what string, check func() string) {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s %s", what, problem)
		}
		select {
		case <-s.t.Context().Done():
			s.t.Fatalf("%s %s", what, problem)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// A release is upgraded in place: every object stays the one it was, definitions included, and what users
// made under them is as it was.
func TestUpgradeFromThePreviousRelease(t *testing.T) {
	t.Parallel()
	previous, err := filepath.Glob("testdata/frontdesk-*.tgz")
	if err != nil || len(previous) != 1 {
		t.Fatalf("found the charts %v in testdata, want that of the previous release (%v)", previous, err)
	}
	s := newSite(t)
	s.removeDefinitions()
	s.helm("install", release, previous[0], "--create-namespace")
	for _, sample := range []string{"dentist.yaml", "dentist-campaign.yaml", "gym.yaml"} {
		s.eventually(sample, func() string {
			if out, err := s.cluster.Kubectl(t.Context(), "", "apply", "-f", filepath.Join(root, "config", "samples", sample)); err != nil {
				return out + err.Error()
			}
			return ""
		})
	}
	objects, users := s.installed(), s.users()

	s.helm("upgrade", release, filepath.Join(root, "charts", "frontdesk"))
	upgraded := s.installed()
	for name, before := range objects {
		after := upgraded[name]
		switch {
		case after == nil:
			t.Errorf("%s went with the upgrade", name)
		case after.GetUID() != before.GetUID():
			t.Errorf("%s was made anew", name)
		}
	}
	if diff := cmp.Diff(users, s.users()); diff != "" {
		t.Errorf("what users made has changed (-before +after):\n%s", diff)
	}
	for name, definition := range s.definitions() {
		if diff := cmp.Diff(s.generated(name).Spec.Versions[0].Schema, definition.Spec.Versions[0].Schema); diff != "" {
			t.Errorf("%s was not upgraded (-config/crd +cluster):\n%s", name, diff)
		}
	}
	// Upgrading once more, to the same, changes nothing.
	s.helm("upgrade", release, filepath.Join(root, "charts", "frontdesk"))
	if diff := cmp.Diff(generations(upgraded), generations(s.installed())); diff != "" {
		t.Errorf("the same chart changed objects (-first +second):\n%s", diff)
	}
}

// users lists the objects of the three kinds with their UID and spec.
func (s *site) users() map[string]map[string]any {
	s.t.Helper()
	found := map[string]map[string]any{}
	for _, kind := range []string{"TenantList", "BookingPolicyList", "CampaignList"} {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(schema.GroupVersionKind{Group: "frontdesk.dev", Version: "v1alpha1", Kind: kind})
		if err := s.cluster.Client.List(s.t.Context(), list); err != nil {
			s.t.Fatal(err)
		}
		for _, item := range list.Items {
			found[item.GetKind()+" "+item.GetName()] = map[string]any{"uid": item.GetUID(), "generation": item.GetGeneration(), "spec": item.Object["spec"]}
		}
	}
	if len(found) < 5 {
		s.t.Fatalf("only %d objects of users were found", len(found))
	}
	return found
}

// generated reads a definition of config/crd/bases, as the API server would return it.
func (s *site) generated(name string) *apiextensionsv1.CustomResourceDefinition {
	s.t.Helper()
	plural, group, _ := strings.Cut(name, ".")
	data, err := os.ReadFile(filepath.Join(root, "config", "crd", "bases", group+"_"+plural+".yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	definition := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.Unmarshal(data, definition); err != nil {
		s.t.Fatal(err)
	}
	return definition
}

func generations(objects map[string]*unstructured.Unstructured) map[string]any {
	found := map[string]any{}
	for name, object := range objects {
		found[name] = struct {
			UID        types.UID
			Generation int64
		}{object.GetUID(), object.GetGeneration()}
	}
	return found
}
