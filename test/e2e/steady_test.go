//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
)

// The API server itself counts the operator's writes: a flow schema takes them, and it alone, so its counter of
// dispatched requests is their number. The lease, which a leader must renew, is taken by another one before.
const flowSchemas = `
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: e2e-operator-lease}
spec:
  priorityLevelConfiguration: {name: workload-low}
  matchingPrecedence: 100
  rules:
    - subjects: [{kind: ServiceAccount, serviceAccount: {name: %[1]s, namespace: %[2]s}}]
      resourceRules: [{verbs: ["*"], apiGroups: [coordination.k8s.io], resources: [leases], namespaces: ["*"]}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: e2e-operator-writes}
spec:
  priorityLevelConfiguration: {name: workload-low}
  matchingPrecedence: 101
  rules:
    - subjects: [{kind: ServiceAccount, serviceAccount: {name: %[1]s, namespace: %[2]s}}]
      resourceRules: [{verbs: [create, update, patch, delete, deletecollection], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true}]
`

// steadyWindow is how long the operator must keep quiet.
const steadyWindow = 30 * time.Second

// When nothing changes the operator writes nothing: not a status, not an event, not an object. It takes a site in which
// nobody else changes anything.
func steadyStateWritesNothing(t *testing.T, fleet []tenancy) {
	tenant, where := fleet[0], fleet[0].site
	if err := where.kubectl.Apply(t.Context(), "default", fmt.Sprintf(flowSchemas, walkthrough.Release, walkthrough.OperatorNamespace)); err != nil {
		t.Fatal(err)
	}
	// An edit must be counted, or the count means nothing.
	interval := 10
	eventually(t, time.Minute, func() error {
		interval += 5
		tenant.patch("bookingpolicy/always", fmt.Sprintf(`{"spec":{"slots":{"interval":"%dm"}}}`, interval))
		tenant.awaitReady()
		if writes := where.operatorWrites(t); writes == 0 {
			return fmt.Errorf("an edit was served and no write was counted")
		}
		return nil
	})
	// The edit's last echoes may still be on their way: find a moment from which on nothing is written.
	deadline := time.Now().Add(2 * time.Minute)
	for since, count := time.Now(), where.operatorWrites(t); time.Since(since) < steadyWindow; {
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(time.Second):
		}
		if now := where.operatorWrites(t); now != count {
			if time.Now().After(deadline) {
				t.Fatalf("the operator keeps writing: %d writes while nothing changed", now-count)
			}
			t.Logf("%d writes %s after the last", now-count, time.Since(since).Round(time.Second))
			since, count = time.Now(), now
		}
	}
}

var dispatched = regexp.MustCompile(`(?m)^apiserver_flowcontrol_dispatched_requests_total\{[^}]*flow_schema="e2e-operator-writes"[^}]*\} (\S+)$`)

func (s *site) operatorWrites(t *testing.T) int {
	t.Helper()
	metrics, err := s.kubectl.Run(t.Context(), "get", "--raw", "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, sample := range dispatched.FindAllStringSubmatch(metrics, -1) {
		value, err := strconv.ParseFloat(sample[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		total += value
	}
	return int(total)
}
