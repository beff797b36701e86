package rollout

import (
	"fmt"
	"slices"
)

// Note is something that happened to a rollout.
type Note struct {
	Warning bool
	Reason  string
	Message string
}

// Transitions lists what is new in a state.
func Transitions(before, next State) []Note {
	var notes []Note
	note := func(warning bool, reason, format string, args ...any) {
		notes = append(notes, Note{warning, reason, fmt.Sprintf(format, args...)})
	}
	release := next.Target.Release
	switch {
	case before.Target.Revision == next.Target.Revision && before.Target.Pins != next.Target.Pins:
		note(false, "OtherVersionsChanged", "tenants may be pinned to other releases than before; who is pinned to one whose image has changed is rolled in waves")
	case before.Target.Revision != next.Target.Revision:
		note(false, "NewTarget", "release %s is to be rolled out; tenants that the former target left unhealthy, which come first: %d", release, len(next.Rescue))
		before = State{Target: next.Target}
	}
	if before.Halted != nil && next.Halted == nil {
		note(false, "RolloutResumed", "the rollout of release %s goes on, with the canaries", release)
	}
	for _, failure := range next.Failed {
		if !before.HasFailed(failure.Tenant) {
			note(true, "TenantFailed", "tenant %s %s", failure.Tenant, failure.Message)
		}
	}
	if next.Halted != nil && before.Halted == nil {
		note(true, "RolloutHalted", "the rollout of release %s is halted: %s", release, next.Halted.Message)
	}
	if begun(before, next) {
		note(false, "WaveStarted", "wave %d of release %s begins; tenants in it: %d", next.Wave.Number, release, len(next.Wave.Members)+next.Wave.Left)
	}
	if next.FinishedAt != nil && before.FinishedAt == nil {
		note(false, "RolloutFinished", "every tenant runs what release %s asks for", release)
	}
	return notes
}

// begun says that the wave is another one than before: somebody has been admitted who was not left of that.
func begun(before, next State) bool {
	if before.Wave.Left > 0 && before.Wave.Number == next.Wave.Number && before.Wave.Pool == next.Wave.Pool {
		return false
	}
	return slices.ContainsFunc(next.Wave.Members, func(m Member) bool { return !before.Member(m.Tenant) })
}
