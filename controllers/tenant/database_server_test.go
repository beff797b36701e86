package tenant

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/probe"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// A former password is ended only when nobody can have it any more.
func TestWhoMayStillUseTheFormerPassword(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	serves := probe.Answer{Status: tenantconfig.Status{Revision: "new"}}
	for name, test := range map[string]struct {
		phase  corev1.PodPhase
		gone   time.Duration // since it was to be gone; 0 when it was not told to end
		answer *probe.Answer
		want   bool
	}{
		"serves the new one":                  {corev1.PodRunning, 0, &serves, true},
		"was not heard":                       {corev1.PodRunning, 0, nil, false},
		"starts":                              {corev1.PodPending, 0, nil, false},
		"has ended":                           {corev1.PodSucceeded, 0, nil, true},
		"ends, and is asked no more":          {corev1.PodRunning, -20 * time.Second, nil, false},
		"ends, and serves the new one":        {corev1.PodRunning, -20 * time.Second, &serves, true},
		"takes longer to end than it may":     {corev1.PodRunning, 10 * time.Minute, nil, false},
		"is on a node that was lost for long": {corev1.PodRunning, retireBy + time.Second, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{UID: "one"}, Status: corev1.PodStatus{Phase: test.phase}}
			if test.gone != 0 {
				pod.DeletionTimestamp = &metav1.Time{Time: now.Add(-test.gone)}
			}
			s := &scope{
				stored: "new", storedSerial: "2", now: now, pods: []corev1.Pod{pod},
				server: &serverDatabase{credential: &provision.Credential{Serial: 2}}, known: map[types.UID]probe.Answer{},
			}
			if test.answer != nil {
				s.known["one"] = *test.answer
			}
			if got := s.credentialIsEverywhere(); got != test.want {
				t.Errorf("the new password is everywhere: %v", got)
			}
		})
	}
}
