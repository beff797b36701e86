package controllers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/controllers"
)

// A wave of all is no reason to roll all at once. What it costs of the state is a write when a tenant is admitted and one
// when it has passed, less those that fall together.
func TestAWaveRollsOneTenantAtATime(t *testing.T) {
	t.Parallel()
	names := []string{"amber", "birch", "cedar", "delta"}
	w := newFleet(t, names...)
	all, err := controllers.ParseRolloutSize("100%")
	if err != nil {
		t.Fatal(err)
	}
	w.node.LoseImage(serverImage+"1.2.4", true)
	w.upgrade("1.2.4", func(o *controllers.Options) { o.Rollout.Canary, o.Rollout.Parallelism = all, 1 })
	w.eventually("the first tenant", func() string {
		if len(w.changing(names, "1.2.4")) == 0 {
			return "has not been told"
		}
		return ""
	})
	w.quiet()
	if changing, state := w.changing(names, "1.2.4"), w.state(); len(changing) != 1 || state.Wave.Left != 3 {
		t.Errorf("while the first does not become healthy, %q have been told, and the wave is %+v", changing, state.Wave)
	}
	w.node.LoseImage(serverImage+"1.2.4", false)
	w.eventually("the rollout", func() string {
		if changing := w.changing(names, "1.2.4"); len(changing) > 1 {
			t.Fatalf("%q replace their pods at the same time", changing)
		}
		if w.state().FinishedAt == nil {
			return "has not finished"
		}
		return ""
	})
	if got := w.state().Wave.Number; got != 1 {
		t.Errorf("%d waves, want one", got)
	}
	requests, _ := w.requests.since(0)
	stored := slices.DeleteFunc(writes(requests), func(r string) bool { return !strings.Contains(r, "/configmaps") })
	// One for the target, and one for each tenant that is admitted or has passed, unless they fall together.
	if len(stored) < len(names)+1 || len(stored) > 2*len(names)+1 {
		t.Errorf("the state was written %d times:\n%s", len(stored), strings.Join(stored, "\n"))
	}
}

// changing lists the tenants that have been told to run the release, and whose pods are not all of it yet. All are read
// before any is read again: whoever made room for the last one is through by then.
func (w *world) changing(names []string, release string) []string {
	w.t.Helper()
	told := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return w.release(name) != release })
	return slices.DeleteFunc(told, func(name string) bool {
		d := w.deployment(name)
		wanted, is := *d.Spec.Replicas, d.Status
		return is.ObservedGeneration == d.Generation && is.UpdatedReplicas == wanted && is.Replicas == wanted && is.AvailableReplicas == wanted
	})
}
