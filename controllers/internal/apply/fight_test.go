package apply

import (
	"testing"
	"time"
)

func TestFightSlowsDownAndEnds(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	f := &fight{}
	repair := func() {
		t.Helper()
		if wait := f.wait(now); wait != 0 {
			t.Fatalf("a repair has to wait %s", wait)
		}
		f.repaired(now)
	}
	for range peacefulRepairs + 1 {
		repair()
	}
	for want := firstPause; want < longestPause; want *= 2 {
		if wait := f.wait(now); wait != want {
			t.Fatalf("the pause is %s, want %s", wait, want)
		}
		now = f.until
		repair()
	}
	if wait := f.wait(now); wait != longestPause {
		t.Fatalf("the longest pause is %s", wait)
	}
	now = f.until.Add(fightWindow + time.Second)
	for range peacefulRepairs {
		repair()
	}
}

func TestRareRepairsAreNoFight(t *testing.T) {
	t.Parallel()
	f, now := &fight{}, time.Unix(0, 0)
	for range 10 * peacefulRepairs {
		if wait := f.wait(now); wait != 0 {
			t.Fatalf("a repair has to wait %s", wait)
		}
		f.repaired(now)
		now = now.Add(fightWindow/peacefulRepairs + time.Second)
	}
}
