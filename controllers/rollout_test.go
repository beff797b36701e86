package controllers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/controllers"
	"github.com/frontdesk-dev/frontdesk/controllers/fleet"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

const serverImage = "frontdesk.example/server:"

// waves is a plan for tests: a canary, then two tenants at a time. On a loaded machine none is late for it.
func waves(t *testing.T) controllers.RolloutPlan {
	t.Helper()
	two, err := controllers.ParseRolloutSize("2")
	if err != nil {
		t.Fatal(err)
	}
	return controllers.RolloutPlan{Batches: []controllers.RolloutSize{two}, Soak: time.Second, Deadline: patience}
}

// failQuickly is for a plan whose tenants are meant to be late.
func failQuickly(o *controllers.Options) { o.Rollout.Deadline = 4 * time.Second }

// newFleet is a world with tenants on a database of their own, whose pods are replaced one by one.
func newFleet(t *testing.T, names ...string) *world {
	t.Helper()
	w := newWorld(t)
	w.apply(simplePolicy)
	w.apply("apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {url: \"postgres://u:p@db.example/x\"}\n")
	for _, name := range names {
		w.apply(strings.Replace(simpleTenant(postgresShop), "name: shop", "name: "+name, 1))
	}
	for _, name := range names {
		w.waitReady(name)
	}
	return w
}

// upgrade replaces the operator by one that wants servers of another release.
func (w *world) upgrade(release string, more func(*controllers.Options)) {
	w.t.Helper()
	w.stop()
	plan := waves(w.t)
	w.tune = func(o *controllers.Options) {
		o.Platform.ServerImage, o.Platform.ServerVersion, o.Rollout = serverImage+release, release, plan
		if more != nil {
			more(o)
		}
	}
	w.startOperator()
}

// state reads the rollout's state; the zero State while there is none.
func (w *world) state() rollout.State {
	w.t.Helper()
	config := &corev1.ConfigMap{}
	err := w.cluster.Client.Get(w.t.Context(), client.ObjectKey{Namespace: w.home, Name: fleet.StateName}, config)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	state, err := rollout.Decode(config.Data[fleet.StateKey])
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

func (w *world) waitFinished() {
	w.t.Helper()
	w.eventually("the rollout", func() string {
		if state := w.state(); state.FinishedAt == nil {
			return fmt.Sprintf("has not finished: %+v", state)
		}
		return ""
	})
}

func (w *world) deployment(tenant string) *appsv1.Deployment {
	w.t.Helper()
	d := &appsv1.Deployment{}
	w.get(d, "frontdesk-"+tenant)
	return d
}

func (w *world) release(tenant string) string {
	w.t.Helper()
	return strings.TrimPrefix(w.deployment(tenant).Spec.Template.Spec.Containers[0].Image, serverImage)
}

func (w *world) waitRelease(tenant, release string) {
	w.t.Helper()
	w.eventually("the release of "+tenant, func() string {
		if got := w.release(tenant); got != release {
			return "is " + got
		}
		return ""
	})
}

// podsOf lists the UIDs of a tenant's pods.
func (w *world) podsOf(tenant string) []types.UID {
	w.t.Helper()
	var pods corev1.PodList
	if err := w.cluster.Client.List(w.t.Context(), &pods, client.InNamespace(w.namespace), client.MatchingLabels{"frontdesk.dev/tenant": tenant}); err != nil {
		w.t.Fatal(err)
	}
	var uids []types.UID
	for _, pod := range pods.Items {
		uids = append(uids, pod.UID)
	}
	slices.Sort(uids)
	return uids
}

func TestUpgradeRollsInWaves(t *testing.T) {
	t.Parallel()
	names := []string{"amber", "birch", "cedar", "delta"}
	w := newFleet(t, names...)
	if state := w.state(); state.Target != (rollout.Target{}) {
		t.Errorf("new tenants are no rollout, and yet its state is %+v", state)
	}
	generations := map[string]int64{}
	for _, name := range names {
		generations[name] = w.deployment(name).Generation
	}
	w.upgrade("1.2.4", nil)
	w.eventually("all releases", func() string {
		// Whoever is rolled is in the wave, or has been in one before.
		state := w.state()
		for _, name := range names {
			c := meta.FindStatusCondition(w.tenant(name).Status.Conditions, string(v1alpha1.ConditionProgressing))
			if c.Reason == string(v1alpha1.ReasonUpdatePending) && w.release(name) == "1.2.4" && !state.Member(w.namespace+"/"+name) && state.FinishedAt == nil {
				return name + " says that its update is pending while it has it"
			}
		}
		if len(state.Wave.Members) > 2 {
			t.Fatalf("%d tenants are in one wave", len(state.Wave.Members))
		}
		for _, name := range names {
			if got := w.release(name); got != "1.2.4" {
				return name + " runs " + got
			}
		}
		return ""
	})
	w.waitFinished()
	if got := w.state().Wave.Number; got != 3 {
		t.Errorf("%d waves, want a canary, two, and the last one", got)
	}
	for _, name := range names {
		if tenant := w.waitReady(name); tenant.Status.Version != "1.2.4" {
			t.Errorf("%s reports release %s", name, tenant.Status.Version)
		}
		if got := w.deployment(name).Generation - generations[name]; got != 1 {
			t.Errorf("the Deployment of %s was changed %d times", name, got)
		}
	}
}

// What is held back is the platform's part alone: the tenant's own edits, drift and deletion are seen to.
func TestHeldTenantsKeepTheirTemplate(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber")
	before, pods := w.deployment("amber"), w.podsOf("amber")
	w.upgrade("1.2.4", func(o *controllers.Options) { o.Rollout.Paused = true })
	condition := w.waitFor("amber", v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutPaused)
	if !strings.Contains(condition.Message, "1.2.4") {
		t.Errorf("the message does not name the release: %s", condition.Message)
	}
	w.waitReady("amber")
	w.quiet()
	if diff := cmp.Diff(before.Spec, w.deployment("amber").Spec); diff != "" {
		t.Errorf("the Deployment was changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(pods, w.podsOf("amber")); diff != "" {
		t.Errorf("pods were replaced (-before +after):\n%s", diff)
	}

	t.Run("own edit", func(t *testing.T) { editsWhileHeld(t, w, before.Spec) })
	t.Run("drift", func(*testing.T) {
		edit(w, &appsv1.Deployment{}, "frontdesk-amber", func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = serverImage + "1.2.4" })
		w.waitRelease("amber", "1.2.3")
	})
	t.Run("deletion", func(t *testing.T) {
		gone := w.deployment("amber")
		if err := w.cluster.Client.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		w.eventually("the Deployment", func() string {
			d := &appsv1.Deployment{}
			if err := w.cluster.Client.Get(t.Context(), client.ObjectKeyFromObject(gone), d); err != nil || d.UID == gone.UID {
				return "is not back"
			}
			return ""
		})
		w.waitRelease("amber", "1.2.3")
		w.waitReady("amber")
	})
	t.Run("request", func(*testing.T) {
		edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) {
			o.Annotations = map[string]string{"frontdesk.dev/update-requested-at": "now"}
		})
		w.waitRelease("amber", "1.2.4")
		w.waitReady("amber")
	})
	t.Run("new tenant", func(*testing.T) {
		w.apply(strings.Replace(simpleTenant(postgresShop), "name: shop", "name: birch", 1))
		w.waitReady("birch")
		w.waitRelease("birch", "1.2.4")
	})
}

// editsWhileHeld changes what is the tenant's own of a Deployment, and no more than that must come of it.
func editsWhileHeld(t *testing.T, w *world, before appsv1.DeploymentSpec) {
	t.Helper()
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) {
		o.Spec.Server = &v1alpha1.Server{Replicas: ptr.To(int32(3)), Pod: &v1alpha1.PodSettings{Labels: map[string]v1alpha1.MetadataValue{"team": "front"}}}
	})
	w.eventually("the edit", func() string {
		if d := w.deployment("amber"); d.Spec.Template.Labels["team"] != "front" || *d.Spec.Replicas != 3 {
			return "is not applied"
		}
		return ""
	})
	want := before.DeepCopy()
	want.Replicas, want.Template.Labels["team"] = ptr.To(int32(3)), "front"
	if diff := cmp.Diff(*want, w.deployment("amber").Spec); diff != "" {
		t.Errorf("more was changed than asked for (-want +got):\n%s", diff)
	}
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) { o.Spec.Server.Pod = nil })
	w.eventually("the edit back", func() string {
		if d := w.deployment("amber"); d.Spec.Template.Labels["team"] != "" {
			return "is not applied"
		}
		return ""
	})
}

func TestBadImageHaltsAndAFixResumes(t *testing.T) {
	t.Parallel()
	names := []string{"amber", "birch", "cedar"}
	w := newFleet(t, names...)
	pods := map[string][]types.UID{}
	for _, name := range names {
		pods[name] = w.podsOf(name)
	}
	w.node.LoseImage(serverImage+"1.2.4", true)
	w.upgrade("1.2.4", failQuickly)
	w.eventually("a halt", func() string {
		if state := w.state(); state.Halted == nil {
			return fmt.Sprintf("has not come: %+v", state)
		}
		return ""
	})
	state := w.state()
	victim := strings.TrimPrefix(state.Failed[0].Tenant, w.namespace+"/")
	if len(state.Failed) != 1 || len(state.Wave.Members) != 0 {
		t.Errorf("failed %v, under way %v", state.Failed, state.Wave.Members)
	}
	for _, name := range names {
		if name == victim {
			condition := w.waitFor(name, v1alpha1.ConditionProgressing, metav1.ConditionTrue, v1alpha1.ReasonRolloutHalted)
			for _, want := range []string{"ImagePullBackOff", "serve meanwhile: 2"} {
				if !strings.Contains(condition.Message, want) {
					t.Errorf("the message does not say %q: %s", want, condition.Message)
				}
			}
			if got := w.podsOf(name); !containsAll(got, pods[name]) {
				t.Errorf("of the pods %v only %v are left", pods[name], got)
			}
			continue
		}
		condition := w.waitFor(name, v1alpha1.ConditionProgressing, metav1.ConditionFalse, v1alpha1.ReasonRolloutHalted)
		if !strings.Contains(condition.Message, victim) {
			t.Errorf("the message does not name %s: %s", victim, condition.Message)
		}
		w.waitReady(name)
		if diff := cmp.Diff(pods[name], w.podsOf(name)); diff != "" {
			t.Errorf("pods of %s were replaced (-before +after):\n%s", name, diff)
		}
	}
	w.upgrade("1.2.5", nil)
	w.eventually("the victim's mend", func() string {
		if release := w.release(victim); release != "1.2.5" {
			return "it still runs " + release
		}
		return ""
	})
	w.waitFinished()
	for _, name := range names {
		w.waitRelease(name, "1.2.5")
		w.waitReady(name)
	}
	w.waitEvents("RolloutHalted", "RolloutFinished")
}

// The canary's owner breaks its configuration for good while it soaks; its pods serve on.
func TestABrokenEditHaltsNoRollout(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) { o.Labels = map[string]string{"frontdesk.dev/canary": "true"} })
	w.upgrade("1.2.4", func(o *controllers.Options) { o.Rollout.Soak, o.Rollout.Deadline = 5*time.Second, 4*time.Second })
	w.waitRelease("amber", "1.2.4")
	edit(w, &v1alpha1.Tenant{}, "amber", func(o *v1alpha1.Tenant) { o.Spec.TimeZone = "Europe/Lundon" })
	w.waitFor("amber", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonConfigurationInvalid)
	if !w.state().Member(w.namespace + "/amber") {
		t.Fatal("it does not soak any more")
	}
	w.waitFinished()
	if state := w.state(); len(state.Failed) > 0 {
		t.Errorf("failed are %+v", state.Failed)
	}
	w.waitRelease("birch", "1.2.4")
}

// waitEvents waits for events about the rollout.
func (w *world) waitEvents(reasons ...string) {
	w.t.Helper()
	w.eventually("events", func() string {
		var events corev1.EventList
		if err := w.cluster.Client.List(w.t.Context(), &events, client.InNamespace(w.home)); err != nil {
			return err.Error()
		}
		for _, reason := range reasons {
			if !slices.ContainsFunc(events.Items, func(e corev1.Event) bool { return e.Reason == reason && e.InvolvedObject.Name == fleet.StateName }) {
				return "none says " + reason
			}
		}
		return ""
	})
}

func containsAll[T comparable](all, wanted []T) bool {
	for _, each := range wanted {
		if !slices.Contains(all, each) {
			return false
		}
	}
	return true
}

func TestHaltedRolloutIsResumedByAnnotation(t *testing.T) {
	t.Parallel()
	w := newFleet(t, "amber", "birch")
	w.node.LoseImage(serverImage+"1.2.4", true)
	w.upgrade("1.2.4", failQuickly)
	w.eventually("a halt", func() string {
		if w.state().Halted == nil {
			return "has not come"
		}
		return ""
	})
	w.upgrade("1.2.4", nil) // the halt stands, and who has the image now is not to be late on a loaded machine
	w.node.LoseImage(serverImage+"1.2.4", false)
	edit(w.atHome(), &corev1.ConfigMap{}, fleet.StateName, func(c *corev1.ConfigMap) {
		c.Annotations = map[string]string{fleet.ResumeAnnotation: "now"}
	})
	w.waitFinished()
	for _, name := range []string{"amber", "birch"} {
		w.waitRelease(name, "1.2.4")
		w.waitReady(name)
	}
}
