package controllers_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
)

func TestOperatorRestartsInTheMiddleOfARollout(t *testing.T) {
	t.Parallel()
	names := []string{"amber", "birch", "cedar", "delta"}
	w := newFleet(t, names...)
	generations := map[string]int64{}
	for _, name := range names {
		generations[name] = w.deployment(name).Generation
	}
	w.upgrade("1.2.4", nil)
	for wave := range 3 {
		w.eventually("a wave", func() string {
			if w.state().Wave.Number <= wave {
				return "has not begun"
			}
			return ""
		})
		w.stop()
		w.startOperator()
	}
	w.waitFinished()
	if got := w.state(); got.Wave.Number != 3 || len(got.Failed) > 0 {
		t.Errorf("the restarts left their mark: %+v", got)
	}
	for _, name := range names {
		w.waitReady(name)
		if got := w.deployment(name).Generation - generations[name]; got != 1 {
			t.Errorf("the Deployment of %s was changed %d times", name, got)
		}
	}
	// With nothing left to roll a restart writes nothing.
	w.quiet()
	w.stop()
	w.startOperator()
	for _, name := range names {
		w.waitReady(name)
	}
	w.quiet()
	requests, _ := w.requests.since(0)
	if diff := cmp.Diff([]string(nil), writes(requests)); diff != "" {
		t.Errorf("requests that write (-want +got):\n%s", diff)
	}
}

// Of such a tenant nothing can be said, and no other waits until something can.
func TestATenantThatTakesNoFinalizerHoldsUpNoRollout(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	w.stop()
	w.apply(strings.Replace(simpleTenant(postgresShop), "name: shop", "name: stuck", 1))
	w.elect = func(o *ctrl.Options) {
		o.NewClient = func(config *rest.Config, options client.Options) (client.Client, error) {
			next, err := client.NewWithWatch(config, options)
			return interceptor.NewClient(next, interceptor.Funcs{Patch: refusePatches("stuck")}), err
		}
	}
	w.upgrade("1.2.4", nil)
	w.waitFinished()
	w.waitRelease("amber", "1.2.4")
	w.waitRelease("birch", "1.2.4")
}

// refusePatches refuses those of one tenant, as an admission policy of somebody else's may.
func refusePatches(tenant string) func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
	return func(ctx context.Context, next client.WithWatch, object client.Object, patch client.Patch, options ...client.PatchOption) error {
		if _, found := object.(*v1alpha1.Tenant); found && object.GetName() == tenant {
			return errors.New("a policy refuses it")
		}
		return next.Patch(ctx, object, patch, options...)
	}
}

// Nobody is rolled by a state that cannot be read, and it is said where people look.
func TestUnreadableStateIsSaid(t *testing.T) {
	w := newFleet(t, "amber", "birch")
	w.stop()
	damaged := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.home, Name: fleet.StateName}, Data: map[string]string{fleet.StateKey: `{"version": 99}`},
	}
	if err := w.cluster.Client.Create(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	w.upgrade("1.2.4", nil)
	for _, name := range []string{"amber", "birch"} {
		condition := w.waitFor(name, v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutHalted)
		for _, want := range []string{"version 99", "kubectl delete configmap -n " + w.home + " " + fleet.StateName} {
			if !strings.Contains(condition.Message, want) {
				t.Errorf("the message does not say %q: %s", want, condition.Message)
			}
		}
	}
	w.waitEvents("RolloutStateUnreadable")
	if got := total(t, "frontdesk_rollout_state_unreadable"); got != 1 {
		t.Errorf("the metric says %v", got)
	}
	w.quiet()
	if got := w.release("amber"); got != "1.2.3" {
		t.Errorf("a tenant was rolled to %s", got)
	}
	if err := w.cluster.Client.Delete(t.Context(), damaged); err != nil {
		t.Fatal(err)
	}
	w.waitFinished()
	w.waitRelease("amber", "1.2.4")
	w.waitReady("amber")
	if got := total(t, "frontdesk_rollout_state_unreadable"); got != 0 {
		t.Errorf("the metric says %v of a state that can be read", got)
	}
}

func TestRestartWhileHeldWritesNothing(t *testing.T) {
	w := newFleet(t, "amber", "birch")
	w.upgrade("1.2.4", func(o *controllers.Options) { o.Rollout.Paused = true })
	for _, name := range []string{"amber", "birch"} {
		w.waitFor(name, v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutPaused)
	}
	w.quiet()
	w.stop()
	passes := total(t, "frontdesk_reconcile_outcomes_total")
	w.startOperator()
	w.eventually("the first passes", func() string {
		if got := total(t, "frontdesk_reconcile_outcomes_total") - passes; got < 3 { // of the policy, and of each tenant with the answers of its pods
			return "not all have happened"
		}
		return ""
	})
	w.quiet()
	requests, _ := w.requests.since(0)
	if diff := cmp.Diff([]string(nil), writes(requests)); diff != "" {
		t.Errorf("requests that write (-want +got):\n%s", diff)
	}
}

// An operator that knows of no record, as after an upgrade from a release that kept none, leaves the pods as
// they are.
func TestWithoutARecordWhatRunsCounts(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	w.stop()
	pods := map[string][]types.UID{}
	for _, name := range []string{"amber", "birch"} {
		pods[name] = w.podsOf(name)
		tenant := w.tenant(name)
		before := tenant.DeepCopy()
		tenant.Status.Template = nil
		if err := w.cluster.Client.Status().Patch(t.Context(), tenant, client.MergeFrom(before)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		t.Helper()
		w.quiet()
		for name, before := range pods {
			w.waitReady(name)
			if diff := cmp.Diff(before, w.podsOf(name)); diff != "" {
				t.Errorf("%s: pods of %s were replaced (-before +after):\n%s", when, name, diff)
			}
		}
	}
	w.startOperator()
	check("same release")
	if state := w.state(); state.StartedAt != nil {
		t.Errorf("nothing had to be rolled, and yet: %+v", state)
	}
	tenant := w.tenant("amber")
	if tenant.Status.Template == nil {
		t.Fatal("there is no record")
	}
	w.stop()
	before := tenant.DeepCopy()
	tenant.Status.Template = nil
	if err := w.cluster.Client.Status().Patch(t.Context(), tenant, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.upgrade("1.2.4", func(o *controllers.Options) { o.Rollout.Paused = true })
	w.waitFor("amber", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutPaused)
	check("another release")
	w.upgrade("1.2.4", nil)
	w.waitFinished()
	w.waitRelease("amber", "1.2.4")
}

func TestPinnedTenants(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	other := func(o *controllers.Options) {
		o.Rollout.Paused = true
		o.Platform.OtherImages = map[string]string{"1.2.3": serverImage + "1.2.3"}
	}
	pin := func(version string) {
		edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) { o.Spec.Updates = &v1alpha1.Updates{Version: version} })
	}
	pin("1.2.3")
	w.waitReady("amber")
	pods := w.podsOf("amber")
	w.upgrade("1.2.4", other)
	w.waitFor("birch", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutPaused)
	// Pinned to what runs, there is nothing to wait for.
	w.waitFor("amber", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonAsExpected)
	// Another pin is the tenant's own edit: neither the wave nor the pause concerns it.
	pin("1.2.4")
	w.waitRelease("amber", "1.2.4")
	w.waitReady("amber")
	pin("1.2.3")
	w.waitRelease("amber", "1.2.3")
	w.waitReady("amber")
	if slices.Equal(pods, w.podsOf("amber")) {
		t.Error("the pods were not replaced")
	}
	// Without a pin it follows the platform, in waves; and those are paused.
	pin("")
	w.waitFor("amber", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutPaused)

	pods = w.podsOf("amber")
	pin("0.9.0")
	condition := w.waitFor("amber", v1alpha1.ConditionConfigurationValid, metav1.ConditionFalse, v1alpha1.ReasonUnsupportedVersion)
	for _, want := range []string{"0.9.0", "1.2.3, 1.2.4"} {
		if !strings.Contains(condition.Message, want) {
			t.Errorf("the message does not say %q: %s", want, condition.Message)
		}
	}
	w.quiet()
	if diff := cmp.Diff(pods, w.podsOf("amber")); diff != "" {
		t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}
}

func TestWindowsAreKept(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) {
		o.Spec.Updates = &v1alpha1.Updates{Windows: v1alpha1.WeekSchedule{{Days: []v1alpha1.Weekday{v1alpha1.Tuesday}, Spans: v1alpha1.Spans{{From: "03:00", To: "05:00"}}}}}
	})
	// The operator's clock runs as ours does, but it is some seconds before three on the next Tuesday in
	// Berlin: later than now, because conditions are stamped with the time of the day.
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	date := time.Now().In(berlin).AddDate(0, 0, 1)
	for date.Weekday() != time.Tuesday {
		date = date.AddDate(0, 0, 1)
	}
	opens := time.Date(date.Year(), date.Month(), date.Day(), 3, 0, 0, 0, berlin)
	var began time.Time
	const early = 6 * time.Second
	w.upgrade("1.2.4", func(o *controllers.Options) {
		began = time.Now()
		o.Now = func() time.Time { return opens.Add(-early).Add(time.Since(began)) }
	})
	condition := w.waitFor("amber", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonUpdateWindowClosed)
	if want := opens.Format("Mon 2006-01-02 15:04 MST"); !strings.Contains(condition.Message, want) {
		t.Errorf("the message does not say %q: %s", want, condition.Message)
	}
	w.waitRelease("amber", "1.2.4")
	if took := time.Since(began); took < early {
		t.Errorf("rolled %s before the window opened", early-took)
	}
	w.waitFinished()
	w.waitReady("amber")
}
