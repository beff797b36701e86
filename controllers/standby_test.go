package controllers_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
)

// electionLease is that of cmd/operator: the rights are for this name.
const electionLease = "frontdesk-operator"

// inPairs has operators elect a leader, who gives nothing back when it ends: as if it were killed. A leader on a loaded
// machine must not lose the lease before.
func (w *world) inPairs(o *ctrl.Options) {
	o.LeaderElection, o.LeaderElectionID, o.LeaderElectionNamespace = true, electionLease, w.home
	o.LeaseDuration, o.RenewDeadline, o.RetryPeriod = ptr.To(10*time.Second), ptr.To(8*time.Second), ptr.To(500*time.Millisecond)
	o.Controller.EnableWarmup = ptr.To(true)
}

// leader is who holds the lease of the election; empty while nobody does.
func (w *world) leader() string {
	w.t.Helper()
	lease := &coordinationv1.Lease{}
	err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.home, Name: electionLease}, lease)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	return ptr.Deref(lease.Spec.HolderIdentity, "")
}

// waitLeader waits until somebody other than the given one leads.
func (w *world) waitLeader(former string) string {
	w.t.Helper()
	var found string
	w.eventually("a leader", func() string {
		if found = w.leader(); found == "" || found == former {
			return "there is no other than " + former
		}
		return ""
	})
	return found
}

// ofTenants are the writes that are not about the election.
func ofTenants(requests []string) []string {
	return slices.DeleteFunc(writes(requests), func(request string) bool {
		return strings.HasSuffix(request, "/leases") || strings.HasSuffix(request, "/events")
	})
}

// Two operators: one leads, the other stands by and writes nothing. The leader dies; the other goes on, and writes what is
// needed and no more.
func TestStandbyTakesOver(t *testing.T) {
	w := newWorld(t)
	w.apply(simplePolicy)
	names := []string{"amber", "birch", "cedar"}
	for _, name := range names {
		w.apply(named(simpleTenant(""), name))
	}
	for _, name := range names {
		w.waitReady(name)
	}
	w.quiet()
	w.stop()

	w.elect = w.inPairs
	w.startOperator()
	kill, leading, first := w.stop, w.requests, w.waitLeader("")
	w.startOperator()
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) { o.Spec.DisplayName = "While both are there" })
	w.waitReady("amber")
	w.quietOf(leading) // what it leaves undone would be the other's to write
	passes := total(t, "frontdesk_reconcile_outcomes_total")
	requests, count := w.requests.since(0)
	kill()
	if diff := cmp.Diff([]string(nil), ofTenants(requests)); diff != "" {
		t.Errorf("the standby wrote (-want +got):\n%s", diff)
	}
	w.waitLeader(first)
	w.eventually("the passes of the other", func() string {
		if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got < float64(len(names)) {
			return "not all have been made"
		}
		return ""
	})
	for _, name := range names {
		w.waitReady(name)
	}
	edit(w, &v1alpha1.Tenant{}, "birch", func(o *v1alpha1.Tenant) { o.Spec.DisplayName = "After one has died" })
	w.waitReady("birch")

	requests, _ = w.requests.since(count)
	allowed := []string{"/secrets/frontdesk-birch-config", "/tenants/birch/status"}
	excess := slices.DeleteFunc(ofTenants(requests), func(request string) bool {
		return strings.HasSuffix(request, "/status") && strings.Contains(request, "/pods/frontdesk-birch-") ||
			slices.ContainsFunc(allowed, func(end string) bool { return strings.HasSuffix(request, end) })
	})
	if diff := cmp.Diff([]string(nil), excess); len(excess) > 0 {
		t.Errorf("the one that took over wrote more than the edit takes (-want +got):\n%s", diff)
	}
}
