package docs

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/command"
	"github.com/frontdesk-dev/frontdesk/internal/auth"
)

// The plugin lists what a key may do, and does not share the server's packages.
func TestEveryScopeIsInTheHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := command.Run(t.Context(), []string{"keys", "create", "--help"}, genericiooptions.IOStreams{In: &bytes.Buffer{}, Out: &out, ErrOut: &out}); code != 0 {
		t.Fatalf("help ends with %d: %s", code, out.String())
	}
	for _, scope := range auth.Scopes() {
		if !strings.Contains(out.String(), "\n  "+string(scope)+" ") {
			t.Errorf("the help does not explain %s:\n%s", scope, out.String())
		}
	}
}
