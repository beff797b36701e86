package command

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// With server.version in the chart's values the servers are of another release than the operator, and it is theirs that
// a Tenant may be pinned to.
func TestPlatformIsWhatTheOperatorWasTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		labels map[string]string
		args   []string
		want   string
	}{
		"told":            {map[string]string{"app.kubernetes.io/version": "1.4.0"}, []string{"--server-version=1.3.2"}, "1.3.2"},
		"by its label":    {map[string]string{"app.kubernetes.io/version": "1.4.0"}, nil, "1.4.0"},
		"by nothing":      {nil, nil, version.Version},
		"one of the past": {nil, []string{"--server-version=1.3.2", "--other-server-image=1.2.0=r.example/s:1.2.0"}, "1.3.2"},
	} {
		operator := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "desk", Labels: test.labels}}
		operator.Spec.Template.Spec.Containers = []corev1.Container{{Args: append(test.args, "--server-image=r.example/s:x")}}
		platform, err := platformOf(operator)
		if err != nil {
			t.Fatal(err)
		}
		if platform.ServerVersion != test.want || platform.ServerImage != "r.example/s:x" || platform.OperatorNamespace != "desk" {
			t.Errorf("%s: release %q in %s of namespace %s, want release %q", name, platform.ServerVersion, platform.ServerImage, platform.OperatorNamespace, test.want)
		}
		if _, supported := platform.Image(test.want); !supported {
			t.Errorf("%s: a pin to %s would be shown as invalid", name, test.want)
		}
	}
}
