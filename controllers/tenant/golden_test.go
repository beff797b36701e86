package tenant

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/apply"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/optional"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The hash is of the key below, at bcrypt's default cost.
var fixedKey = apiKey{
	key:  "fd_k3v7q2m9x4ab_ABCDEFGHIJKLMNOPQRSTUVWXYZ234567ABCDEFGH",
	hash: "$2a$10$UDjsq6veqAdJNEmaAuqjoOmwSwYzTcaWMTW/L7LAjkz/XhJp24n9O",
}

// golden is a tenant whose objects have a golden file, in the folder of its name.
type golden struct{ name, input string }

// goldens are some that change nothing but what they are named after, and the samples.
func goldens() []golden {
	samples := filepath.Join("..", "..", "config", "samples")
	all := []golden{
		{"dentist", filepath.Join(samples, "dentist.yaml")},
		{"hair-salon", filepath.Join(samples, "hair-salon.yaml")},
		{"gym", filepath.Join(samples, "gym.yaml")},
	}
	for _, name := range []string{
		"postgres", "database-server", "cloudnativepg", "migration", "json-file", "autoscaled", "autoscaled-suspended",
		"exposed-gateway", "exposed-ingress", "suspended", "missing-policy",
	} {
		all = append(all, golden{name, filepath.Join("testdata", name, "input.yaml")})
	}
	return all
}

// intentsOf are the intents of a first pass.
func intentsOf(t *testing.T, s *scope) []apply.Intent {
	t.Helper()
	s.compose()
	intents, err := s.render()
	if err != nil {
		t.Fatal(err)
	}
	return intents
}

func TestRenderedObjects(t *testing.T) {
	t.Parallel()
	for _, golden := range goldens() {
		t.Run(golden.name, func(t *testing.T) {
			t.Parallel()
			s := readScope(t, golden.input)
			intents := intentsOf(t, s)
			compareGolden(t, filepath.Join("testdata", golden.name, "objects.yaml"), readable(t, intents))
			for _, intent := range intents {
				if gvk := intent.GroupVersionKind; !isData(gvk.GroupKind()) && !slices.ContainsFunc(ownable(s.tenant), func(item apply.Item) bool {
					return item.GroupVersionKind == gvk && item.Name == intent.Name
				}) {
					t.Errorf("%s %s is not among what a tenant may own: without a status it would not be found", gvk.Kind, intent.Name)
				}
			}
		})
	}
}

// readScope makes a scope of the objects in a file, as the API server would have defaulted them.
func readScope(t testing.TB, path string) *scope {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &scope{
		platform: Platform{ServerImage: "registry.example/frontdesk:1.2.3", ServerVersion: "1.2.3", ImagePullPolicy: corev1.PullIfNotPresent, Isolation: fixedIsolation(), OperatorNamespace: "frontdesk-system"},
		policies: map[string]*v1alpha1.BookingPolicy{},
		secrets:  map[string]*corev1.Secret{},
		apiKey:   fixedKey,
		derived:  derivedKeys{session: "derived-session-key", statusToken: "derived-status-token"},
		// What monitors a tenant has golden files of its own: see monitoring_test.go.
		absent: optional.Absent{podMonitorKind.GroupKind(): true, prometheusRuleKind.GroupKind(): true, alertmanagerConfigKind.GroupKind(): true},
	}
	for document := range bytes.SplitSeq(data, []byte("\n---\n")) {
		switch kind(t, document) {
		case "Tenant":
			s.tenant = defaulted[v1alpha1.Tenant](t, document, "tenants")
		case "BookingPolicy":
			policy := defaulted[v1alpha1.BookingPolicy](t, document, "bookingpolicies")
			s.policies[policy.Name] = policy
		case "Deployment":
			s.deployment = &appsv1.Deployment{}
			if err := yaml.UnmarshalStrict(document, s.deployment); err != nil {
				t.Fatal(err)
			}
		case "Secret":
			secret := &corev1.Secret{Data: map[string][]byte{}}
			if err := yaml.UnmarshalStrict(document, secret); err != nil {
				t.Fatal(err)
			}
			for key, value := range secret.StringData {
				secret.Data[key] = []byte(value)
			}
			s.secrets[secret.Name] = secret
		}
	}
	s.host = s.wantedHost()
	if s.tenant.Namespace == "" {
		s.tenant.Namespace = "default"
	}
	if onServer(s.tenant) {
		s.server = fixedDatabase(t)
	}
	if s.tenant.Spec.Database.MigrateFrom != "" {
		s.migration = migrationCopying
	}
	if s.tenant.UID == "" {
		s.tenant.UID = types.UID("7d5b2c1e-0000-4000-8000-000000000000")
	}
	s.previewCluster()
	return s
}

// fixedDatabase is in the middle of its first rotation.
func fixedDatabase(t testing.TB) *serverDatabase {
	t.Helper()
	servers, err := provision.ParseServers([]byte(`[{name: shared, host: postgres.platform.example, adminSecret: {name: admin}, allowedNamespaces: [salons]}]`))
	if err != nil {
		t.Fatal(err)
	}
	servers[0].CACertificate = "(a certificate in PEM)\n"
	return &serverDatabase{server: servers[0], credential: &provision.Credential{
		Serial: 2, Password: "derived-password", RotatedAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Request: "now please",
	}}
}

// fixedIsolation is what a platform could say.
func fixedIsolation() *Isolation {
	dns := namespacePeer("kube-system")
	dns.PodSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": "kube-dns"}}
	return &Isolation{
		PublicFrom:  []networkingv1.NetworkPolicyPeer{namespacePeer("ingress")},
		MetricsFrom: []networkingv1.NetworkPolicyPeer{namespacePeer("monitoring")},
		DNS:         []networkingv1.NetworkPolicyPeer{dns},
	}
}

// readable joins the objects as YAML, with the data of Secrets in clear.
func readable(t *testing.T, intents []apply.Intent) []byte {
	t.Helper()
	var out bytes.Buffer
	for i, intent := range intents {
		object := intent.Object().Object
		if data, isSecret := object["data"].(map[string]any); isSecret {
			decodedData := map[string]any{}
			for key, value := range data {
				decoded, err := base64.StdEncoding.DecodeString(fmt.Sprint(value))
				if err != nil {
					t.Fatal(err)
				}
				decodedData[key] = string(decoded)
			}
			delete(object, "data")
			object["data (decoded)"] = decodedData
		}
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			out.WriteString("---\n")
		}
		out.Write(text)
	}
	return out.Bytes()
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if diff := diffGolden(t, path, got); diff != "" {
		t.Errorf("%s differs; if the change is meant, run `go test ./controllers/tenant -update` and read the diff (-want +got):\n%s", path, diff)
	}
}

// diffGolden is empty for what is in the golden file, and after it was written anew.
func diffGolden(t *testing.T, path string, got []byte) string {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return ""
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return cmp.Diff(string(want), string(got))
}
