package server_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNoKubernetesInTheServer holds the line between the planes: the server never talks to the Kubernetes API.
func TestNoKubernetesInTheServer(t *testing.T) {
	t.Parallel()
	const module = "github.com/frontdesk-dev/frontdesk/"
	output, err := exec.Command("go", "list", "-deps", module+"cmd/server").Output()
	if err != nil {
		t.Fatal(err)
	}
	dependencies := strings.Fields(string(output))
	if len(dependencies) < 50 {
		t.Fatalf("only %d dependencies were listed; this test looks in the wrong place", len(dependencies))
	}
	for _, dependency := range dependencies {
		for _, forbidden := range []string{"k8s.io/", "sigs.k8s.io/controller-runtime", module + "api/", module + "controllers/"} {
			if strings.HasPrefix(dependency, forbidden) {
				t.Errorf("cmd/server depends on %s", dependency)
			}
		}
	}
}
