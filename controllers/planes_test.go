package controllers_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestControlPlaneStaysOutOfTheData holds the line between the two planes.
func TestControlPlaneStaysOutOfTheData(t *testing.T) {
	t.Parallel()
	const module = "github.com/frontdesk-dev/frontdesk/"
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./...", "../cmd/operator").Output()
	if err != nil {
		t.Fatal(err)
	}
	dependencies := strings.Fields(string(output))
	seen := false
	for _, dependency := range dependencies {
		seen = seen || dependency == module+"internal/tenantconfig"
		for _, forbidden := range []string{"internal/store", "internal/booking", "internal/httpapi"} {
			if dependency == module+forbidden || strings.HasPrefix(dependency, module+forbidden+"/") {
				t.Errorf("the operator depends on %s", dependency)
			}
		}
	}
	if !seen {
		t.Error("the list of dependencies lacks internal/tenantconfig: this test looks at the wrong thing")
	}
}
