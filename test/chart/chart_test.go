package chart

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var update = flag.Bool("update", false, "rewrite the golden files under testdata")

func TestLint(t *testing.T) {
	t.Parallel()
	if out, said, err := helm(t, "lint", "--strict", chartPath); err != nil {
		t.Fatalf("helm lint: %v\n%s%s", err, out, said)
	}
}

// The golden files show a reviewer what a change of the chart does to what is installed.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, set := range map[string][]string{
		"default":    {},
		"namespaced": {"tenantNamespaces={dental,salons}"},
		"monitored":  {"monitoring.enabled=true", "monitoring.labels.release=prometheus", "monitoring.alertEmails=true"},
		"production": {
			"replicas=3", "flowSchema.enabled=true", "networkPolicy.egress.enabled=true", "global.imageRegistry=mirror.example",
			"image.digest=sha256:" + strings.Repeat("a", 64), "global.imagePullSecrets[0].name=mirror",
			"databaseServers[0].name=shared", "databaseServers[0].host=postgres.platform.svc", "databaseServers[0].adminSecret.name=shared-admin",
			"databaseServers[0].allowedNamespaces={dental,salons}",
			"priorityClassName=platform", "server.image.tag=0.0.9", "server.version=0.0.9", "logging.level=error",
			"server.otherVersions[0].version=0.0.8", "rollout.canary=1%", "rollout.batches={5,50%}", "rollout.soak=30m", "rollout.failureBudget=2",
			"hostSuffixes[0].suffix=.book.example", "hostSuffixes[0].namespaces={dental,salons}", "trustedProxies={10.0.0.0/8}",
			"isolation.metricsFrom[0].namespaceSelector.matchLabels.team=monitoring",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := render(t, append(set, "crds.install=false")...)
			path := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(readFile(t, path), got); diff != "" {
				t.Errorf("rendered differently than %s (-golden +got); if that is meant: go test ./test/chart -update\n%s", path, diff)
			}
		})
	}
}

func TestRulesAreThoseOfTheControllers(t *testing.T) {
	t.Parallel()
	markers := documents(t, readFile(t, root+"/config/rbac/role.yaml"))
	own := only[rbacv1.Role](t, markers, "Role").Rules
	var tenants, reviews, apis []rbacv1.PolicyRule
	for _, rule := range only[rbacv1.ClusterRole](t, markers, "ClusterRole").Rules {
		switch {
		case slices.Contains(rule.Resources, "tokenreviews") || slices.Contains(rule.Resources, "subjectaccessreviews"):
			reviews = append(reviews, rule)
		case slices.Contains(rule.Resources, "customresourcedefinitions"):
			apis = append(apis, rule)
		default:
			tenants = append(tenants, rule)
		}
	}

	t.Run("cluster mode", func(t *testing.T) {
		t.Parallel()
		rendered := documents(t, render(t, "rbac.aggregateToUserRoles=false"))
		reader := []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}}
		want := map[string][]rbacv1.PolicyRule{
			namespace + "-frontdesk":                tenants,
			namespace + "-frontdesk-apis":           apis,
			namespace + "-frontdesk-metrics-auth":   reviews,
			namespace + "-frontdesk-metrics-reader": reader,
		}
		got := map[string][]rbacv1.PolicyRule{}
		for _, object := range ofKind(rendered, "ClusterRole") {
			got[object.GetName()] = as[rbacv1.ClusterRole](t, object).Rules
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ClusterRoles (-config/rbac +chart):\n%s", diff)
		}
		if diff := cmp.Diff(own, only[rbacv1.Role](t, rendered, "Role").Rules); diff != "" {
			t.Errorf("Role (-config/rbac +chart):\n%s", diff)
		}
	})
	t.Run("namespaced mode", func(t *testing.T) {
		t.Parallel()
		rendered := documents(t, render(t, "tenantNamespaces={dental,salons}", "metrics.secure=false", "optionalAPIs.watch=false"))
		for _, kind := range []string{"ClusterRole", "ClusterRoleBinding"} {
			if found := ofKind(rendered, kind); len(found) > 0 {
				t.Errorf("%s %s: namespaced mode must create nothing cluster-wide", kind, found[0].GetName())
			}
		}
		want := map[string][]rbacv1.PolicyRule{"dental": tenants, "salons": tenants, namespace: own}
		got := map[string][]rbacv1.PolicyRule{}
		for _, object := range ofKind(rendered, "Role") {
			got[object.GetNamespace()] = as[rbacv1.Role](t, object).Rules
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("rules by namespace (-want +got):\n%s", diff)
		}
		if args := operator(t, rendered).Args; !slices.Contains(args, "--watch-namespaces=dental,salons") {
			t.Errorf("the operator is not told its namespaces: %q", args)
		}
	})
}

// A role that may hand out rights, or may do everything, is no least privilege, whoever asked for it.
func TestRulesAreNarrow(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t))
	var rules []rbacv1.PolicyRule
	for _, object := range ofKind(rendered, "ClusterRole") {
		rules = append(rules, as[rbacv1.ClusterRole](t, object).Rules...)
	}
	for _, object := range ofKind(rendered, "Role") {
		rules = append(rules, as[rbacv1.Role](t, object).Rules...)
	}
	for _, rule := range rules {
		for _, forbidden := range []string{"*", "escalate", "bind", "impersonate"} {
			if slices.Contains(rule.Verbs, forbidden) || slices.Contains(rule.Resources, forbidden) || slices.Contains(rule.APIGroups, forbidden) {
				t.Errorf("rule %v contains %q", rule, forbidden)
			}
		}
	}
}

func TestBindingsNameTheServiceAccount(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t, "serviceAccount.name=robot", "tenantNamespaces={dental}"))
	if name := only[corev1.ServiceAccount](t, rendered, "ServiceAccount").Name; name != "robot" {
		t.Errorf("service account %q, want robot", name)
	}
	want := []rbacv1.Subject{{Kind: "ServiceAccount", Name: "robot", Namespace: namespace}}
	for _, object := range ofKind(rendered, "RoleBinding") {
		binding := as[rbacv1.RoleBinding](t, object)
		if diff := cmp.Diff(want, binding.Subjects); diff != "" {
			t.Errorf("%s/%s (-want +got):\n%s", binding.Namespace, binding.Name, diff)
		}
	}
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	want := readDefinitions(t)
	for name, c := range map[string]struct {
		set    []string
		count  int
		policy string
	}{
		"kept by default": {nil, len(want), "keep"},
		"not kept":        {[]string{"crds.keep=false"}, len(want), ""},
		"not installed":   {[]string{"crds.install=false"}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rendered := ofKind(documents(t, render(t, c.set...)), "CustomResourceDefinition")
			if len(rendered) != c.count {
				t.Fatalf("%d definitions, want %d", len(rendered), c.count)
			}
			for _, object := range rendered {
				got := as[apiextensionsv1.CustomResourceDefinition](t, object)
				if diff := cmp.Diff(want[got.Name].Spec, got.Spec); diff != "" {
					t.Errorf("%s differs from config/crd/bases; run `make manifests` (-config +chart):\n%s", got.Name, diff)
				}
				if policy := got.Annotations["helm.sh/resource-policy"]; policy != c.policy {
					t.Errorf("%s: resource-policy %q, want %q", got.Name, policy, c.policy)
				}
			}
		})
	}
}

func TestOperatorMeetsTheRestrictedLevel(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t))
	pod := only[appsv1.Deployment](t, rendered, "Deployment").Spec.Template.Spec
	container := operator(t, rendered)
	if pod.SecurityContext == nil || container.SecurityContext == nil {
		t.Fatal("no security context")
	}
	nonRoot, seccomp := pod.SecurityContext.RunAsNonRoot, pod.SecurityContext.SeccompProfile
	if nonRoot == nil || !*nonRoot {
		t.Error("the pod may run as root")
	}
	if seccomp == nil || seccomp.Type != corev1.SeccompProfileTypeRuntimeDefault {
		t.Error("no RuntimeDefault seccomp profile")
	}
	escalation, readOnly, capabilities := container.SecurityContext.AllowPrivilegeEscalation, container.SecurityContext.ReadOnlyRootFilesystem, container.SecurityContext.Capabilities
	if escalation == nil || *escalation {
		t.Error("privilege escalation is possible")
	}
	if readOnly == nil || !*readOnly {
		t.Error("the root file system is writable")
	}
	if capabilities == nil || !slices.Equal(capabilities.Drop, []corev1.Capability{"ALL"}) || len(capabilities.Add) > 0 {
		t.Error("capabilities are kept")
	}
	if container.LivenessProbe == nil || container.ReadinessProbe == nil || container.StartupProbe == nil {
		t.Error("a probe is missing")
	}
}

func TestImages(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("b", 64)
	version := regexp.MustCompile(`(?m)^appVersion: (\S+)$`).FindStringSubmatch(readFile(t, chartPath+"/Chart.yaml"))[1]
	for name, c := range map[string]struct {
		set              []string
		operator, server string
	}{
		"default":              {nil, "docker.io/frontdesk/frontdesk:" + version, "docker.io/frontdesk/frontdesk:" + version},
		"tag":                  {[]string{"image.tag=1.2.3"}, "docker.io/frontdesk/frontdesk:1.2.3", "docker.io/frontdesk/frontdesk:1.2.3"},
		"digest wins":          {[]string{"image.tag=1.2.3", "image.digest=" + digest}, "docker.io/frontdesk/frontdesk@" + digest, "docker.io/frontdesk/frontdesk@" + digest},
		"mirror":               {[]string{"global.imageRegistry=mirror.example/hub"}, "mirror.example/hub/frontdesk/frontdesk:" + version, "mirror.example/hub/frontdesk/frontdesk:" + version},
		"no registry":          {[]string{"image.registry="}, "frontdesk/frontdesk:" + version, "frontdesk/frontdesk:" + version},
		"server of its own":    {[]string{"image.digest=" + digest, "server.image.tag=1.2.2"}, "docker.io/frontdesk/frontdesk@" + digest, "docker.io/frontdesk/frontdesk:1.2.2"},
		"server from a digest": {[]string{"server.image.digest=" + digest}, "docker.io/frontdesk/frontdesk:" + version, "docker.io/frontdesk/frontdesk@" + digest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			container := operator(t, documents(t, render(t, c.set...)))
			if container.Image != c.operator {
				t.Errorf("operator image %s, want %s", container.Image, c.operator)
			}
			if want := "--server-image=" + c.server; !slices.Contains(container.Args, want) {
				t.Errorf("no %s in %q", want, container.Args)
			}
		})
	}
}

func TestRolloutFlags(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("c", 64)
	args := operator(t, documents(t, render(t,
		"rollout.canary=2", "rollout.batches={5%,30}", "rollout.parallelism=3", "rollout.soak=1m", "rollout.deadline=3m", "rollout.failureBudget=1", "rollout.paused=true",
		"server.version=1.2.3", "server.image.tag=v1.2.3", "server.otherVersions[0].version=1.2.2", "server.otherVersions[0].tag=v1.2.2",
		"server.otherVersions[1].version=1.2.1", "server.otherVersions[1].digest="+digest, "global.imageRegistry=mirror.example"))).Args
	for _, want := range []string{
		"--rollout-canary=2", "--rollout-batches=5%,30", "--rollout-parallelism=3", "--rollout-soak=1m", "--rollout-deadline=3m", "--rollout-failure-budget=1", "--rollout-paused=true",
		"--server-version=1.2.3", "--server-image=mirror.example/frontdesk/frontdesk:v1.2.3",
		"--other-server-image=1.2.2=mirror.example/frontdesk/frontdesk:v1.2.2",
		"--other-server-image=1.2.1=mirror.example/frontdesk/frontdesk@" + digest,
	} {
		if !slices.Contains(args, want) {
			t.Errorf("no %s in %q", want, args)
		}
	}
}

func TestBadValuesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ set, message string }{
		"typo":           {"replica=2", "additional properties 'replica' not allowed"},
		"nested typo":    {"image.repo=x", "additional properties 'repo' not allowed"},
		"digest":         {"image.digest=sha256:abc", "/image/digest"},
		"pull policy":    {"image.pullPolicy=Sometimes", "/image/pullPolicy"},
		"replicas":       {"replicas=many", "/replicas"},
		"namespace":      {"tenantNamespaces={Not_A_Name}", "/tenantNamespaces/0"},
		"log level":      {"logging.level=loud", "/logging/level"},
		"host suffix":    {"hostSuffixes[0].suffix=Book.example,hostSuffixes[0].namespaces={dental}", "/hostSuffixes/0/suffix"},
		"no namespace":   {"hostSuffixes[0].suffix=.book.example", "namespaces"},
		"trusted proxy":  {"trustedProxies={everybody}", "/trustedProxies/0"},
		"peer":           {"isolation.publicFrom[0].from=x", "/isolation/publicFrom/0"},
		"concurrency":    {"maxConcurrentReconciles=0", "/maxConcurrentReconciles"},
		"flag":           {"extraArgs={verbose}", "/extraArgs/0"},
		"wave of none":   {"rollout.canary=0", "/rollout/canary"},
		"wave of 200%":   {"rollout.batches={200%}", "/rollout/batches/0"},
		"no batches":     {"rollout.batches=null,rollout.batches={}", "/rollout/batches"},
		"less than none": {"rollout.parallelism=-1", "/rollout/parallelism"},
		"soak":           {"rollout.soak=long", "/rollout/soak"},
		"no release":     {"server.otherVersions[0].version=latest", "/server/otherVersions/0/version"},
		"metrics peer":   {"networkPolicy.metricsFrom[0].team=x", "additional properties 'team' not allowed"},
		"no API port":    {"networkPolicy.egress.apiServerPorts={}", "/networkPolicy/egress/apiServerPorts"},
		"extra object":   {"extraObjects[0].kind=ConfigMap", "missing property 'apiVersion'"},
		"no Service":     {"monitoring.enabled=true,metrics.service.enabled=false", "monitoring.enabled needs metrics.service.enabled"},
		"account absent": {"serviceAccount.create=false", "serviceAccount.name is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said, err := helm(t, "template", "frontdesk", chartPath, "--set", c.set)
			if err == nil {
				t.Fatalf("--set %s was accepted", c.set)
			}
			if !strings.Contains(said, c.message) {
				t.Errorf("--set %s: no %q in the message:\n%s", c.set, c.message, said)
			}
		})
	}
}

func TestNotesSayWhatToDoNext(t *testing.T) {
	t.Parallel()
	out, said, err := helm(t, "install", "frontdesk", chartPath, "--namespace", namespace, "--dry-run=client", "--set", "tenantNamespaces={dental}")
	if err != nil {
		t.Fatalf("helm install --dry-run: %v\n%s", err, said)
	}
	_, notes, _ := strings.Cut(out, "NOTES:")
	for _, want := range []string{"kubectl apply -n dental", "kubectl wait -n dental --for=condition=Ready", "kubectl get secret -n dental", "kubectl port-forward -n dental"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes do not say %q:\n%s", want, notes)
		}
	}
}

// operator returns the Deployment's only container.
func operator(t *testing.T, rendered []unstructured.Unstructured) corev1.Container {
	t.Helper()
	containers := only[appsv1.Deployment](t, rendered, "Deployment").Spec.Template.Spec.Containers
	if len(containers) != 1 {
		t.Fatalf("%d containers, want 1", len(containers))
	}
	return containers[0]
}
