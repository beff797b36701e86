package command

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestSwitchedOn(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want bool
	}{
		"absent":            {[]string{"--isolation=namespace"}, false},
		"as the chart does": {[]string{"--alert-emails=true"}, true},
		"bare":              {[]string{"--isolation=namespace", "--alert-emails"}, true},
		"a digit":           {[]string{"--alert-emails=1"}, true},
		"in capitals":       {[]string{"--alert-emails=TRUE"}, true},
		"off":               {[]string{"--alert-emails=false"}, false},
		"off by a digit":    {[]string{"--alert-emails=0"}, false},
		"on and off":        {[]string{"--alert-emails", "--alert-emails=false"}, false},
		"refused":           {[]string{"--alert-emails=yes"}, false},
		"empty":             {[]string{"--alert-emails="}, false},
		"longer name":       {[]string{"--alert-emails-of=true"}, false},
	} {
		operator := &appsv1.Deployment{}
		operator.Spec.Template.Spec.Containers = []corev1.Container{{Args: test.args}}
		if got := switchedOn(operator, "--alert-emails"); got != test.want {
			t.Errorf("%s: %v of %q", name, got, test.args)
		}
	}
	if switchedOn(&appsv1.Deployment{}, "--alert-emails") {
		t.Error("a Deployment without containers has it on")
	}
}
