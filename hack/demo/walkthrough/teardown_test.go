package walkthrough

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/testing/kubetest"
)

const repository = "../../.."

func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }

// onSomebodysCluster is a demo on an API server that is not its own and has the definitions already.
func onSomebodysCluster(t *testing.T) (demo *Demo, said *bytes.Buffer) {
	t.Helper()
	cluster := kubetest.Start(t)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, cluster.Env.KubeConfig, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", kubeconfig)
	root, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	where, err := NewCluster("current", root, "", "")
	if err != nil {
		t.Fatal(err)
	}
	said = &bytes.Buffer{}
	return NewDemo(root, where, said), said
}

// release installs something else under the name of the demo's release.
func release(t *testing.T, demo *Demo) {
	t.Helper()
	chart := t.TempDir()
	for name, text := range map[string]string{
		"Chart.yaml":          "apiVersion: v2\nname: frontdesk\nversion: 0.0.1\n",
		"templates/some.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: some}\n",
	} {
		path := filepath.Join(chart, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := demo.helm(t.Context(), "install", Release, chart, "--namespace", OperatorNamespace, "--create-namespace"); err != nil {
		t.Fatal(err)
	}
}

// There is no operator here, so a Tenant goes at once; what is watched is what is left alone.
func TestDownTakesOnlyWhatTheDemoMade(t *testing.T) {
	demo, said := onSomebodysCluster(t)
	cluster := kubetest.Start(t)
	release(t, demo)
	if err := demo.noteWhatIsThere(t.Context()); err == nil || !strings.Contains(err.Error(), "the demo did not make") {
		t.Fatalf("with a release of somebody else's it says: %v", err)
	}
	if found, err := demo.helmUninstall(t.Context()); err != nil || !strings.Contains(found, "left alone") {
		t.Fatalf("the release of somebody else's: %q, %v", found, err)
	}
	if _, err := demo.helm(t.Context(), "uninstall", Release, "--namespace", OperatorNamespace); err != nil {
		t.Fatal(err)
	}
	if err := demo.noteWhatIsThere(t.Context()); err != nil {
		t.Fatal(err)
	}
	release(t, demo) // the demo's own now
	if _, err := demo.applyTenant(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy := "apiVersion: frontdesk.dev/v1alpha1\nkind: BookingPolicy\nmetadata: {name: theirs}\nspec: {hours: [{days: [Mon], spans: [{from: '09:00', to: '17:00'}]}]}\n"
	namespace := cluster.Namespace(t)
	if err := demo.Kubectl.Apply(t.Context(), namespace, policy); err != nil {
		t.Fatal(err)
	}

	err := demo.Down(t.Context())
	if err == nil || !strings.Contains(err.Error(), "BookingPolicy "+namespace+"/theirs") || strings.Contains(err.Error(), TenantNamespace+"/dental-hours") {
		t.Fatalf("with an object of somebody else's it says: %v", err)
	}
	if there, err := demo.exists(t.Context(), "tenant", Tenant, "-n", TenantNamespace); err != nil || !there {
		t.Fatalf("it refused, and has deleted the tenant all the same (%v)", err)
	}

	cluster.MustKubectl(t, "delete", "bookingpolicy", "theirs", "-n", namespace)
	if _, err := demo.refuseWhileUsed(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := demo.deleteTenant(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := demo.list(t.Context(), "tenants,bookingpolicies", "-n", TenantNamespace); err != nil || found != "" {
		t.Errorf("left of the demo: %q (%v)", found, err)
	}
	if found, err := demo.deleteDefinitions(t.Context()); err != nil || !strings.Contains(found, "left alone") {
		t.Errorf("the definitions were there before the demo: %q, %v", found, err)
	}
	if there, err := demo.exists(t.Context(), "-f", demo.definitions()); err != nil || !there {
		t.Errorf("they are gone (%v); %s", err, said)
	}
	if found, err := demo.helmUninstall(t.Context()); err != nil || found != "uninstalled" {
		t.Errorf("the demo's release: %q, %v", found, err)
	}
	for namespace, demos := range map[string]bool{OperatorNamespace: false, TenantNamespace: true} {
		if made, err := demo.marked(t.Context(), namespace, markNamespace); err != nil || made != demos {
			t.Errorf("namespace %s counts as the demo's: %v, want %v (%v)", namespace, made, demos, err)
		}
	}
}

func TestOthersThan(t *testing.T) {
	t.Parallel()
	own := "Tenant   dental   bright-smile\nBookingPolicy   dental   dental-hours\n"
	all := "Tenant          dental   bright-smile\nTenant          dental   second\nBookingPolicy   dental   dental-hours\nTenant  salons  bright-smile\n"
	got := strings.Join(othersThan(own, all), ", ")
	if want := "Tenant dental/second, Tenant salons/bright-smile"; got != want {
		t.Errorf("others are %q, want %q", got, want)
	}
}
