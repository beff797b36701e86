package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

// few is a plan by which all tenants go in one wave, three of them at a time.
func few() rollout.Plan {
	p := plan()
	p.Canary, p.Batches, p.Parallelism = mustSize("100%"), nil, 3
	return p
}

// halfway is a world in which the first three of a wave have taken the template, and are not healthy yet.
func halfway(t *testing.T, count int) *world {
	t.Helper()
	w := newWorld(few(), count)
	for _, tenant := range w.tenants {
		tenant.heals = time.Hour
	}
	w.decide()
	w.take()
	if len(w.state.Wave.Members) != 3 || w.state.Wave.Left != count-3 {
		t.Fatalf("the wave begins as %+v", w.state.Wave)
	}
	w.now = w.now.Add(time.Minute)
	return w
}

// first is the tenant that was admitted first of those that are in the wave.
func (w *world) first() *tenant {
	for _, t := range w.tenants {
		if t.name == w.state.Wave.Members[0].Tenant {
			return t
		}
	}
	return nil
}

func TestWhoBecomesHealthyMakesRoom(t *testing.T) {
	t.Parallel()
	w := halfway(t, 10)
	w.decide()
	if len(w.state.Wave.Members) != 3 {
		t.Errorf("%d tenants are rolled, and nobody has become healthy", len(w.state.Wave.Members))
	}
	w.first().heals = 0
	w.decide()
	if len(w.state.Wave.Members) != 4 || w.state.Wave.Left != 6 || w.unsettled() != 3 {
		t.Fatalf("one has become healthy, and the wave is %+v", w.state.Wave)
	}
	if joined := w.state.Wave.Members[3]; !joined.AdmittedAt.Equal(w.now) {
		t.Errorf("who joined at %s has been admitted at %s", w.now, joined.AdmittedAt)
	}
	// Its deadline is its own, too: those before it fail first, and the rollout halts.
	w.take()
	w.now = w.now.Add(w.plan.Deadline - time.Minute)
	w.decide()
	if len(w.state.Failed) != 2 || len(w.state.Wave.Members) != 1 {
		t.Errorf("failed %v, under way %v", w.state.Failed, w.state.Wave.Members)
	}
}

// Whoever is slow to take the template is not admitted twice.
func TestWhoHasNotTakenTheTemplateTakesARoom(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 6)
	w.decide()
	quick := w.first()
	quick.runs, quick.rolled, quick.heals = "v2", w.now, 0
	w.now = w.now.Add(time.Second)
	w.decide()
	members := map[string]bool{}
	for _, m := range w.state.Wave.Members {
		members[m.Tenant] = true
	}
	if len(members) != 4 || len(w.state.Wave.Members) != 4 || w.state.Wave.Left != 2 {
		t.Errorf("one of three has become healthy, two have taken nothing yet, and the wave is %+v", w.state.Wave)
	}
}

// A wave of ten, of which three at a time take half a minute, is through after two minutes; only then it soaks.
func TestAWaveSoaksWhileItFills(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 10)
	if !w.run(100) || len(w.behind()) > 0 || w.state.FinishedAt == nil {
		t.Fatalf("behind %v, state %+v", w.behind(), w.state)
	}
	if w.atOnce != 3 || w.waves[1] != 10 || w.state.Wave.Number != 1 {
		t.Errorf("%d were rolled at once in %d waves; to the first were admitted %d", w.atOnce, w.state.Wave.Number, w.waves[1])
	}
	took, least := w.state.FinishedAt.Sub(*w.state.StartedAt), 4*30*time.Second+w.plan.Soak
	if took < least || took > least+10*time.Second {
		t.Errorf("took %s, want about %s", took, least)
	}
}

func TestABadTargetReachesNoMoreThanAreRolledAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 20)
	for _, tenant := range w.tenants {
		tenant.broken["v2"] = true
	}
	if !w.run(100) || w.state.Halted == nil || w.state.Wave.Left != 0 || len(w.behind()) != 17 {
		t.Fatalf("halted %v with %d tenants left; wave %+v", w.state.Halted, len(w.behind()), w.state.Wave)
	}
	for _, tenant := range w.tenants {
		tenant.broken = nil
	}
	w.plan.Canary = mustSize("1")
	w.resume = "now"
	w.decide()
	if w.state.Wave.Number != 1 || len(w.state.Wave.Members) != 1 || w.state.Wave.Left != 0 {
		t.Errorf("does not begin with a canary again: %+v", w.state.Wave)
	}
}

func TestWhatEndsOrHoldsAWave(t *testing.T) {
	t.Parallel()
	type wave struct{ Number, Members, Left int }
	for name, test := range map[string]struct {
		then func(*world)
		want wave
	}{
		"paused": {func(w *world) { w.plan.Paused = true }, wave{1, 3, 7}},
		"another target drops it": {func(w *world) {
			w.target = rollout.Target{Revision: "v3"}
			w.plan.Canary = mustSize("1")
			for _, tenant := range w.tenants {
				tenant.heals = 0
			}
		}, wave{1, 1, 0}},
		"those that are left are not healthy any more": {func(w *world) {
			for _, tenant := range w.tenants {
				tenant.ill = tenant.runs == "v1"
			}
		}, wave{1, 3, 0}},
		"those that are left are not heard of after a restart": {func(w *world) {
			w.unheard = map[string]bool{}
			for _, tenant := range w.tenants {
				w.unheard[tenant.name] = true
			}
		}, wave{1, 3, 7}},
		"those that are left are gone": {func(w *world) {
			w.tenants = slices.DeleteFunc(w.tenants, func(t *tenant) bool { return t.runs == "v1" })
		}, wave{1, 3, 0}},
		"there is no limit any more": {func(w *world) { w.plan.Parallelism = 0 }, wave{1, 10, 0}},
		"the limit is lower":         {func(w *world) { w.plan.Parallelism = 1; w.first().heals = 0 }, wave{1, 3, 7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := halfway(t, 10)
			test.then(w)
			for range 2 {
				w.decide()
				got := wave{w.state.Wave.Number, len(w.state.Wave.Members), w.state.Wave.Left}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("the wave (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestAPausedRolloutWithNobodyToRollIsFinished(t *testing.T) {
	t.Parallel()
	w := halfway(t, 10)
	w.plan.Paused = true
	w.tenants = slices.DeleteFunc(w.tenants, func(t *tenant) bool { return t.runs == "v1" })
	for _, tenant := range w.tenants {
		tenant.heals = 0
	}
	if !w.run(100) || w.state.FinishedAt == nil || w.state.Wave.Left != 0 {
		t.Errorf("finished at %v, wave %+v", w.state.FinishedAt, w.state.Wave)
	}
}

// One that never says how it is holds a wave open only while there are members.
func TestTheSilentDoNotHoldUpTheNextWave(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 5)
	w.plan.Parallelism = 1
	w.decide()
	silent := w.tenants[0]
	if w.state.Member(silent.name) {
		silent = w.tenants[1]
	}
	w.unheard = map[string]bool{silent.name: true}
	w.run(100)
	if diff := cmp.Diff([]string{silent.name}, w.behind()); diff != "" {
		t.Errorf("behind (-want +got):\n%s", diff)
	}
	if wave := w.state.Wave; wave.Left != 0 || len(wave.Members) > 0 {
		t.Errorf("the wave is %+v, want it ended", wave)
	}
	w.unheard = nil
	if !w.run(100) || len(w.behind()) > 0 || w.state.Wave.Number != 2 {
		t.Errorf("behind %v, wave %+v", w.behind(), w.state.Wave)
	}
}

// What a target broke is down already: the mend reaches all of it, however few may be updated at once, and although one of
// them is beyond it.
func TestVictimsAreMendedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 20)
	w.plan.FailureBudget, w.plan.Parallelism = 3, 5
	for _, tenant := range w.tenants {
		tenant.broken["v2"] = true
	}
	if !w.run(100) || len(w.state.Failed) != 5 {
		t.Fatalf("failed: %v", w.state.Failed)
	}
	victims := w.state.Failed
	hopeless := victims[0].Tenant
	w.tenants[slices.IndexFunc(w.tenants, func(t *tenant) bool { return t.name == hopeless })].broken["v3"] = true
	w.plan.FailureBudget, w.plan.Parallelism = 0, 2
	w.target = rollout.Target{Revision: "v3", Release: "3.0.0"}
	w.decide()
	if got := w.state.Wave; got.Pool != rollout.PoolVictims || got.Number != 0 || len(got.Members) != 5 || got.Left != 0 {
		t.Fatalf("the wave is %+v", got)
	}
	if !w.run(200) || w.state.Halted == nil || !slices.Equal(w.state.Rescue, []string{hopeless}) {
		t.Errorf("halted %v, still to rescue %v", w.state.Halted, w.state.Rescue)
	}
	for _, v := range victims {
		if slices.Contains(w.behind(), v.Tenant) {
			t.Errorf("%s was not given the mend", v.Tenant)
		}
	}
}

func TestAWaveIsAnnouncedOnceAndWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(few(), 10)
	w.plan.Soak = 0
	w.tenants[4].idle = true
	var said []string
	for range 100 {
		before := w.state
		rested := w.run(1)
		for _, n := range rollout.Transitions(before, w.state) {
			_, size, _ := strings.Cut(n.Message, "tenants in it: ")
			said = append(said, strings.TrimSpace(n.Reason+" "+size))
		}
		if rested {
			break
		}
	}
	// The suspended one comes in a wave of its own.
	want := []string{"NewTarget", "WaveStarted 9", "WaveStarted 1", "RolloutFinished"}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// A wave can lose all who are left, and the next begin, in one decision.
func TestAWaveOfOthersIsAnnounced(t *testing.T) {
	t.Parallel()
	target := rollout.Target{Revision: "v2", Release: "2.0.0"}
	before := rollout.State{Target: target, Wave: rollout.Wave{Number: 1, Pool: rollout.PoolCandidates, Left: 1, Members: []rollout.Member{{Tenant: "a/last"}}}}
	next := rollout.State{Target: target, Wave: rollout.Wave{Number: 1, Pool: rollout.PoolSuspended, Members: []rollout.Member{{Tenant: "a/idle"}}}}
	if notes := rollout.Transitions(before, next); len(notes) != 1 || notes[0].Reason != "WaveStarted" {
		t.Errorf("said %+v", notes)
	}
}
