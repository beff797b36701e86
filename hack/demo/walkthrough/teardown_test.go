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

// There is no operator here, so a Tenant goes at once and a release is never there; what is watched is what is
// left alone.
func TestDownTakesOnlyWhatTheDemoMade(t *testing.T) {
	demo, said := onSomebodysCluster(t)
	cluster := kubetest.Start(t)
	if err := demo.noteWhatIsThere(t.Context()); err != nil {
		t.Fatal(err)
	}
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
	for _, namespace := range []string{OperatorNamespace, TenantNamespace} {
		if made, err := demo.marked(t.Context(), namespace, markNamespace); err != nil || !made {
			t.Errorf("namespace %s is not marked as the demo's (%v)", namespace, err)
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
