package chart

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// oneServer are the values of a database server, with more of them.
func oneServer(more ...string) []string {
	values := []string{
		"databaseServers[0].name=shared", "databaseServers[0].host=postgres.platform.svc",
		"databaseServers[0].adminSecret.name=shared-admin", "databaseServers[0].allowedNamespaces={dental}",
	}
	for _, value := range more {
		values = append(values, "databaseServers[0]."+value)
	}
	return values
}

func TestDatabaseServersReachTheOperator(t *testing.T) {
	t.Parallel()
	rendered := documents(t, render(t, oneServer()...))
	list := only[corev1.ConfigMap](t, rendered, "ConfigMap").Data["database-servers.yaml"]
	if !strings.Contains(list, "host: postgres.platform.svc") {
		t.Errorf("the operator is told of:\n%s", list)
	}
	container := operator(t, rendered)
	if !slices.Contains(container.Args, "--database-servers=/etc/frontdesk/database-servers.yaml") {
		t.Errorf("the operator does not read them: %q", container.Args)
	}
	mounted := slices.ContainsFunc(container.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == "/etc/frontdesk" && m.ReadOnly })
	if !mounted {
		t.Errorf("they are not mounted: %v", container.VolumeMounts)
	}
	want := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"shared-admin"}, Verbs: []string{"get"}}
	granted := false
	for _, role := range ofKind(rendered, "Role") {
		for _, rule := range as[rbacv1.Role](t, role).Rules {
			granted = granted || (rule.String() == want.String() && role.GetNamespace() == namespace)
		}
	}
	if !granted {
		t.Error("the operator may not read the administrator's Secret, and no other")
	}
}

func TestBadDatabaseServersAreRefused(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"port=70000":               "port",
		"sslMode=prefer":           "sslMode",
		"hots=x":                   "hots",
		"passwordRotation=monthly": "passwordRotation",
		"prefix=1fd":               "prefix",
		"host=pg:5432/":            "host",
		"adminSecret.name=":        "name",
	} {
		args := []string{"template", "frontdesk", chartPath, "--namespace", namespace}
		for _, each := range oneServer(value) {
			args = append(args, "--set", each)
		}
		if _, said, err := helm(t, args...); err == nil || !strings.Contains(said, want) {
			t.Errorf("%s: taken, or refused without naming %s: %s", value, want, said)
		}
	}
}
