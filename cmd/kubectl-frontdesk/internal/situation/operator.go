package situation

import (
	"cmp"
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// OperatorLabels are those that the chart gives the operator's Deployment.
var OperatorLabels = client.MatchingLabels{"app.kubernetes.io/name": "frontdesk", "app.kubernetes.io/component": "operator"}

// operator is where the operator was installed, for commands that the platform's team runs.
type operator struct{ namespace, release string }

// usualOperator is where the documentation installs it.
var usualOperator = operator{"frontdesk-system", "frontdesk"}

// readOperator looks where the operator is. Who may not look is told where it usually is.
func (s *Situation) readOperator(ctx context.Context, reader client.Reader, _ *v1alpha1.Tenant) error {
	s.operator = usualOperator
	var found appsv1.DeploymentList
	switch err := reader.List(ctx, &found, OperatorLabels); {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return fmt.Errorf("look for the operator: %w", err)
	}
	if len(found.Items) > 0 {
		deployment := found.Items[0]
		s.operator = operator{deployment.Namespace, cmp.Or(deployment.Labels["app.kubernetes.io/instance"], usualOperator.release)}
	}
	return nil
}

// operatorLogs is the command that shows what the operator says.
func (s *Situation) operatorLogs() string {
	return fmt.Sprintf("kubectl logs -n %s -l app.kubernetes.io/name=frontdesk,app.kubernetes.io/component=operator --prefix --tail=100", s.operator.namespace)
}
