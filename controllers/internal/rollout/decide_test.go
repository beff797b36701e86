package rollout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/rollout"
)

func TestWavesGrowAndEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 20)
	var sizes []int
	for wave := 0; len(w.behind()) > 0 && wave < 50; {
		w.decide()
		w.take()
		if w.state.Wave.Number != wave {
			wave = w.state.Wave.Number
			sizes = append(sizes, len(w.state.Wave.Members))
		}
		w.now = w.now.Add(time.Minute)
	}
	if diff := cmp.Diff([]int{1, 2, 10, 7}, sizes); diff != "" {
		t.Errorf("sizes of the waves (-want +got):\n%s", diff)
	}
	if !w.run(50) || w.state.FinishedAt == nil {
		t.Errorf("all tenants run the target, and it is not finished: %+v", w.state)
	}
	// Four waves, each with half a minute to become ready and five to prove it.
	if took := w.state.FinishedAt.Sub(*w.state.StartedAt); took < 4*(5*time.Minute+30*time.Second) {
		t.Errorf("took only %s", took)
	}
}

func TestNothingToRollIsNothingToWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 5)
	for _, tenant := range w.tenants {
		tenant.runs = "v2"
	}
	w.decide()
	if w.state.Target.Revision != "" || !w.again.IsZero() {
		t.Errorf("state %+v, again at %s", w.state, w.again)
	}
}

// haltedWorld is one whose canary has failed: the target breaks every tenant.
func haltedWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(plan(), 20)
	for _, tenant := range w.tenants {
		tenant.broken["v2"] = true
	}
	if !w.run(100) {
		t.Fatal("does not come to rest")
	}
	return w
}

func TestFailedCanaryHalts(t *testing.T) {
	t.Parallel()
	w := haltedWorld(t)
	if w.state.Halted == nil || len(w.behind()) != 19 {
		t.Fatalf("halted %v with %d tenants left", w.state.Halted, len(w.behind()))
	}
	for _, want := range []string{"tenants that failed: 1", "budget of 0", w.state.Failed[0].Tenant, "1 of 2 pods are ready"} {
		if !strings.Contains(w.state.Halted.Message, want) {
			t.Errorf("the message does not say %q: %s", want, w.state.Halted.Message)
		}
	}
	if got := w.now.Sub(*w.state.StartedAt); got > w.plan.Deadline+2*time.Second {
		t.Errorf("halted only after %s", got)
	}
}

func TestWhatFollowsAHalt(t *testing.T) {
	t.Parallel()
	w := haltedWorld(t)
	t.Run("the target of before mends", func(t *testing.T) {
		back := *w
		failed := w.state.Failed[0].Tenant
		back.tenants = clone(w.tenants)
		back.target = rollout.Target{Revision: "v1", Release: "1.0.0"}
		back.decide()
		if !back.state.Member(failed) || len(back.state.Wave.Members) != 1 {
			t.Fatalf("the wave is %v, want %s alone, whose update failed", back.state.Wave.Members, failed)
		}
		if !back.run(100) || len(back.behind()) > 0 || back.state.FinishedAt == nil || back.state.Halted != nil {
			t.Errorf("%v do not run v1; state %+v", back.behind(), back.state)
		}
	})
	t.Run("a mended target begins with the victim", func(t *testing.T) {
		mended := *w
		mended.tenants = clone(w.tenants)
		mended.target = rollout.Target{Revision: "v3", Release: "3.0.0"}
		mended.decide()
		if want := w.state.Failed[0].Tenant; !mended.state.Member(want) || len(mended.state.Wave.Members) != 1 {
			t.Errorf("the wave is %v, want %s alone", mended.state.Wave.Members, want)
		}
		if !mended.run(100) || len(mended.behind()) > 0 {
			t.Errorf("%v do not run v3", mended.behind())
		}
	})
	t.Run("resumed", func(t *testing.T) {
		resumed := *w
		resumed.tenants = clone(w.tenants)
		for _, tenant := range resumed.tenants {
			tenant.broken = nil
		}
		resumed.resume = "now"
		resumed.decide()
		if resumed.state.Halted != nil || resumed.state.Wave.Number != 1 || len(resumed.state.Wave.Members) != 1 {
			t.Errorf("does not begin with a canary again: %+v", resumed.state)
		}
		if !resumed.run(100) || len(resumed.behind()) > 0 {
			t.Errorf("%v are left behind", resumed.behind())
		}
	})
	t.Run("resumed without a mend halts again", func(t *testing.T) {
		again := *w
		again.tenants = clone(w.tenants)
		again.resume = "now"
		if !again.run(100) || again.state.Halted == nil || len(again.behind()) != 18 {
			t.Errorf("halted %v with %d left", again.state.Halted, len(again.behind()))
		}
	})
}

func clone(tenants []*tenant) []*tenant {
	var all []*tenant
	for _, t := range tenants {
		c := *t
		all = append(all, &c)
	}
	return all
}

func TestDegradationInTheSoakHaltsNoneOfTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 10)
	w.decide()
	w.take()
	w.now = w.now.Add(3 * time.Minute)
	w.decide()
	canary := w.tenants[slices.IndexFunc(w.tenants, func(t *tenant) bool { return t.runs == "v2" })]
	canary.ill, canary.rolled = true, w.now
	if !w.run(100) || w.state.Halted == nil || len(w.behind()) != 9 {
		t.Errorf("halted %v with %d left", w.state.Halted, len(w.behind()))
	}
}

func TestFailureBudget(t *testing.T) {
	t.Parallel()
	p := plan()
	p.FailureBudget = 1
	w := newWorld(p, 20)
	w.tenants[3].broken["v2"] = true
	if !w.run(200) || w.state.Halted != nil || len(w.behind()) > 0 {
		t.Errorf("one failure is within the budget, and yet: halted %v, behind %v", w.state.Halted, w.behind())
	}
	w = newWorld(p, 20)
	w.tenants[3].broken["v2"], w.tenants[4].broken["v2"] = true, true
	if !w.run(200) || w.state.Halted == nil {
		t.Errorf("two failures are not, and yet it is not halted: %+v", w.state)
	}
}

func TestPausedAdmitsNobody(t *testing.T) {
	t.Parallel()
	p := plan()
	p.Paused = true
	w := newWorld(p, 5)
	if !w.run(5) || len(w.seen) > 0 {
		t.Errorf("%v were admitted", w.seen)
	}
}

func TestTheUnhealthyWaitAndDoNotCount(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 10)
	w.tenants[2].ill = true
	if !w.run(200) || w.state.Halted != nil {
		t.Fatalf("halted %v", w.state.Halted)
	}
	if diff := cmp.Diff([]string{"ns/t002"}, w.behind()); diff != "" {
		t.Errorf("left behind (-want +got):\n%s", diff)
	}
	if got := rollout.Count(w.now, w.fleet(), w.state); got.Held != 1 || got.Current != 9 {
		t.Errorf("counted %+v", got)
	}
	w.tenants[2].ill = false
	if !w.run(200) || len(w.behind()) > 0 || w.state.FinishedAt == nil {
		t.Errorf("healthy again, and still behind: %v", w.behind())
	}
}

func TestSuspendedTenantsAreNoCanaries(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 6)
	for _, tenant := range w.tenants[:5] {
		tenant.idle = true
	}
	w.decide()
	if !w.state.Member("ns/t005") {
		t.Errorf("the canary is %v, want the one that runs", w.state.Wave.Members)
	}
	if !w.run(100) || len(w.behind()) > 0 {
		t.Errorf("%v are left behind", w.behind())
	}
}

func TestCanariesAreThoseWhoCanBearIt(t *testing.T) {
	t.Parallel()
	fleet := []rollout.Tenant{
		{Name: "a/recreated", Pending: true, Health: rollout.Healthy},
		{Name: "a/volunteer", Pending: true, Health: rollout.Healthy, Volunteer: true},
		{Name: "a/rolled", Pending: true, Health: rollout.Healthy, KeepsServing: true},
	}
	var order []string
	for len(fleet) > 0 {
		next, _ := rollout.Decide(rollout.Input{Now: start, Plan: plan(), Target: rollout.Target{Revision: "v2"}, Fleet: fleet, Complete: true}, rollout.State{})
		order = append(order, next.Wave.Members[0].Tenant)
		fleet = slices.DeleteFunc(fleet, func(t rollout.Tenant) bool { return t.Name == next.Wave.Members[0].Tenant })
	}
	if diff := cmp.Diff([]string{"a/volunteer", "a/rolled", "a/recreated"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// Whoever answers first would be the canary, and not the volunteer.
func TestCanariesAreChosenWhenItIsKnownHowTenantsAre(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		first     rollout.Health
		volunteer rollout.Tenant
	}{
		"its pods have not been heard of":                        {rollout.Healthy, rollout.Tenant{Health: rollout.Unknown}},
		"it takes up another configuration":                      {rollout.Healthy, rollout.Tenant{Health: rollout.Unhealthy, Progressing: true}},
		"it takes up another configuration, and others are idle": {rollout.Suspended, rollout.Tenant{Health: rollout.Unhealthy, Progressing: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			volunteer := test.volunteer
			volunteer.Name, volunteer.Pending, volunteer.Volunteer = "a/volunteer", true, true
			decide := func(after time.Duration, before rollout.State) (rollout.State, time.Time) {
				fleet := []rollout.Tenant{{Name: "a/first-to-answer", Pending: true, Health: test.first}, volunteer}
				return rollout.Decide(rollout.Input{
					Now: start.Add(after), Plan: plan(), Target: rollout.Target{Revision: "v2"}, Fleet: fleet, Complete: true,
				}, before)
			}
			early, again := decide(0, rollout.State{})
			if len(early.Wave.Members) > 0 || !again.Equal(start.Add(30*time.Second)) {
				t.Errorf("%v were admitted before the volunteer could be; next decision at %s", early.Wave.Members, again)
			}
			if late, _ := decide(30*time.Second, early); !late.Member("a/first-to-answer") {
				t.Errorf("%v were admitted: one tenant holds up the others", late.Wave.Members)
			}
			volunteer.Health, volunteer.Progressing = rollout.Healthy, false
			if heard, _ := decide(time.Second, early); !heard.Member("a/volunteer") {
				t.Errorf("%v were admitted, want the volunteer", heard.Wave.Members)
			}
		})
	}
}

func TestNobodyIsAdmittedBeforeAllHaveReported(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 10)
	w.restart()
	w.report(9)
	w.decide()
	if len(w.state.Wave.Members) > 0 {
		t.Errorf("%v were admitted while one is unknown", w.state.Wave.Members)
	}
	w.report(1)
	w.decide()
	if len(w.state.Wave.Members) != 1 {
		t.Errorf("%v were admitted", w.state.Wave.Members)
	}
}

func TestWindowsAreWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 3)
	w.tenants[1].windows = []rollout.Window{{Day: time.Tuesday, From: 3 * hour, To: 5 * hour}}
	for len(w.behind()) > 1 && w.now.Before(start.Add(3*time.Hour)) {
		w.decide()
		w.take()
		w.now = w.now.Add(time.Minute)
	}
	for range 10 {
		w.now = w.now.Add(time.Minute)
		w.decide()
	}
	opens := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	if w.state.Member("ns/t001") || !w.again.Equal(opens) {
		t.Fatalf("next decision at %s, want when the window opens, %s; wave %v", w.again, opens, w.state.Wave.Members)
	}
	w.now = opens
	w.decide()
	if !w.state.Member("ns/t001") {
		t.Errorf("the window is open, and the wave is %v", w.state.Wave.Members)
	}
	// It does not take the template while the window is open.
	w.now = opens.Add(2 * time.Hour)
	w.decide()
	if w.state.Member("ns/t001") || len(w.state.Failed) > 0 {
		t.Errorf("the window has closed, and the state is %+v", w.state)
	}
}

func TestNewTargetInTheMiddleBeginsAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 20)
	for len(w.behind()) > 15 {
		w.decide()
		w.take()
		w.now = w.now.Add(time.Minute)
	}
	w.target = rollout.Target{Revision: "v3", Release: "3.0.0"}
	for _, tenant := range w.tenants {
		tenant.rolled = w.now.Add(-time.Hour) // all are healthy, so that nobody has to be rescued
	}
	w.decide()
	if w.state.Wave.Number != 1 || len(w.state.Wave.Members) != 1 {
		t.Errorf("does not begin with a canary: %+v", w.state.Wave)
	}
	if !w.run(200) || len(w.behind()) > 0 {
		t.Errorf("%v are left behind", w.behind())
	}
}

func TestStateOfAnotherVersionIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"version": 2}`, `{`, `{}`} {
		if _, err := rollout.Decode(text); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestParseSize(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"1", "250", "1%", "100%"} {
		if size, err := rollout.ParseSize(good); err != nil || size.String() != good {
			t.Errorf("%q is read as %s, %v", good, size, err)
		}
	}
	for _, bad := range []string{"", "0", "-1", "0%", "101%", "many", "1.5", "%"} {
		if size, err := rollout.ParseSize(bad); err == nil {
			t.Errorf("%q is read as %s", bad, size)
		}
	}
}

func TestTransitions(t *testing.T) {
	t.Parallel()
	w := newWorld(plan(), 3)
	for _, tenant := range w.tenants {
		tenant.broken["v2"] = true
	}
	var reasons []string
	note := func() {
		before := w.state
		w.decide()
		w.take()
		for _, n := range rollout.Transitions(before, w.state) {
			reasons = append(reasons, n.Reason)
		}
	}
	for range 15 {
		note()
		w.now = w.now.Add(time.Minute)
	}
	w.resume = "again"
	note()
	want := []string{"NewTarget", "WaveStarted", "TenantFailed", "RolloutHalted", "RolloutResumed", "WaveStarted"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
