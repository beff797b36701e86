package command

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bookingapi"
)

// The exit codes. Scripts rely on them.
const (
	ExitDone    = 0
	ExitNo      = 1
	ExitFailed  = 2
	ExitTimeout = 3
)

// errNo ends a command with ExitNo after it has said everything itself.
var errNo = errors.New("no")

// errTimeout marks a wait that took too long.
var errTimeout = errors.New("timed out")

// usageError is a wrong command line.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usage(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exitCode sorts an error.
func exitCode(err error) int {
	var refusal *bookingapi.Refusal
	switch {
	case err == nil:
		return ExitDone
	case errors.Is(err, errNo), errors.As(err, &refusal):
		return ExitNo
	case errors.Is(err, errTimeout):
		return ExitTimeout
	default:
		return ExitFailed
	}
}

// advice says what to do about an error; empty when the error says it itself.
func advice(err error) string {
	var (
		refusal *bookingapi.Refusal
		network *url.Error
	)
	switch {
	case errors.As(err, &refusal):
		return refusalAdvice(refusal)
	case meta.IsNoMatchError(err):
		return "This cluster does not know the kinds of Frontdesk. Install the chart: helm upgrade --install frontdesk charts/frontdesk -n frontdesk-system --create-namespace"
	case apierrors.IsForbidden(err):
		return "You lack the right to do that. Ask the platform's team for it; `kubectl auth can-i --list` shows what you may do."
	case apierrors.IsUnauthorized(err):
		return "The API server does not know you. Log in to the cluster again."
	case clientcmd.IsEmptyConfig(err), strings.Contains(err.Error(), "context was not found"):
		return "Choose a cluster: `kubectl config get-contexts` lists those that you have; --context and --kubeconfig select one."
	case errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &network), strings.Contains(err.Error(), "connection refused"):
		return "The API server does not answer. Is it the right cluster (`kubectl config current-context`), and does it run?"
	}
	return ""
}

func refusalAdvice(refusal *bookingapi.Refusal) string {
	switch refusal.Code {
	case "INVALID_API_KEY", "MISSING_API_KEY":
		return "The server does not take the tenant's own key. It may not serve the newest configuration yet: look at `kubectl frontdesk status TENANT`."
	case "RATE_LIMIT_EXCEEDED":
		return "Wait a moment and try again; spec.access.rateLimit of the Tenant sets the limit."
	}
	return ""
}
