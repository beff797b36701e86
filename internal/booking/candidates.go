package booking

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/availability"
)

// maxCombinations bounds how many combinations of units are looked at to find MaxCandidates of them.
const maxCombinations = 4096

// assignments returns up to n ways to serve a start that the engine offers, the best first.
//
// For a group the engine's proposal comes first, which is the session to join, and the rest follow in
// the engine's order, so that people who do not know of each other end up in the same session.
// Everything else is in random order: requests spread fairly over the staff, and do not race for the
// same unit of a room.
func assignments(engine *availability.Engine, slot availability.Slot, group bool, n int) []Assignment {
	free := engine.AppendCandidates(nil, time.Unix(slot.Start, 0))
	proposed := newAssignment(slot.Units)
	if group {
		return combine([]Assignment{proposed}, free, len(proposed), n)
	}
	//nolint:gosec // fairness is wanted here, not a secret
	rand.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
	found := combine(nil, free, len(proposed), n)
	if len(found) == 0 {
		return []Assignment{proposed}
	}
	return found
}

// combine appends combinations of the free units to found, none twice and no unit twice in one, until
// there are n. They run diagonally: neighbours differ in every requirement, so that one busy person
// does not use up all tries.
func combine(found []Assignment, free []availability.Candidate, requirements, n int) []Assignment {
	options := make([][]Unit, requirements)
	for _, candidate := range free {
		unit := Unit{ResourceID: candidate.Unit.Resource, Number: candidate.Unit.Number}
		options[candidate.Requirement] = append(options[candidate.Requirement], unit)
	}
	combinations := 1
	for _, units := range options {
		combinations = min(combinations*len(units), maxCombinations)
	}
	given := found
	for k := 0; k < combinations && len(found) < n; k++ {
		next, ok := combination(options, k)
		if ok && !slices.ContainsFunc(given, func(a Assignment) bool { return slices.Equal(a, next) }) {
			found = append(found, next)
		}
	}
	return found
}

// combination returns the k-th combination: k in the mixed radix of the options' lengths, each digit
// shifted by the one before it. It reports false when a unit would serve twice.
func combination(options [][]Unit, k int) (Assignment, bool) {
	chosen := make(Assignment, 0, len(options))
	shift := 0
	for _, units := range options {
		shift = (k%len(units) + shift) % len(units)
		k /= len(units)
		if slices.Contains(chosen, units[shift]) {
			return nil, false
		}
		chosen = append(chosen, units[shift])
	}
	return chosen, true
}

func newAssignment(units []availability.Unit) Assignment {
	assignment := make(Assignment, len(units))
	for i, unit := range units {
		assignment[i] = Unit{ResourceID: unit.Resource, Number: unit.Number}
	}
	return assignment
}
