package request

import (
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// IsSimple says whether one statement can decide the booking: no group, no counted limit, and each candidate
// a single unit. Everything else needs locks.
func IsSimple(r booking.NewBooking) bool {
	return !IsGroup(r.Booking) && len(r.Limits) == 0 &&
		!slices.ContainsFunc(r.Candidates, func(a booking.Assignment) bool { return len(a) != 1 })
}

// IsGroup says whether the booking is a place in a session that others share.
func IsGroup(b booking.Booking) bool { return b.GroupSize > 1 }

// TryOrder returns the candidates in the order in which to try them. Candidates that differ only in the unit
// numbers are interchangeable and are shuffled among themselves, at the place of the first of them: requests
// that race for a pool then collide rarely, where "lowest free unit" would make all of them want the same.
func TryOrder(candidates []booking.Assignment) []booking.Assignment {
	if len(candidates) < 2 {
		return candidates
	}
	ranks := Ranks(candidates)
	order := make([]int, len(candidates))
	for i := range order {
		order[i] = i
	}
	//nolint:gosec // this spreads load and keeps no secret
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b int) int { return ranks[a] - ranks[b] })
	sorted := make([]booking.Assignment, len(candidates))
	for i, from := range order {
		sorted[i] = candidates[from]
	}
	return sorted
}

// Ranks numbers the candidates by preference; interchangeable ones have the same rank.
func Ranks(candidates []booking.Assignment) []int {
	first := make(map[string]int, len(candidates))
	ranks := make([]int, len(candidates))
	for i, candidate := range candidates {
		ids := make([]string, len(candidate))
		for j, unit := range candidate {
			ids[j] = unit.ResourceID
		}
		key := strings.Join(ids, "\x00")
		if _, seen := first[key]; !seen {
			first[key] = i
		}
		ranks[i] = first[key]
	}
	return ranks
}

// FirstFree is the candidate to take: the most preferred of those that are not taken, by index.
func FirstFree(candidates []booking.Assignment, taken map[int]bool) (booking.Assignment, bool) {
	var free []booking.Assignment
	for i, candidate := range candidates {
		if !taken[i] {
			free = append(free, candidate)
		}
	}
	if len(free) == 0 {
		return nil, false
	}
	return TryOrder(free)[0], true
}

// Locks names what a booking that is not simple must lock, sorted and without duplicates.
//
// Two bookings whose limits count each other always share a name. A limit on named resources is
// covered by these resources' locks, because a booking that it counts and that is limited itself locks
// every resource it may occupy. A limit on all resources is covered by one lock of its own. That on a customer has the lock
// of the identity under which the person is kept, whichever of the person's identities the booking came with.
func Locks(r booking.NewBooking, identity string) []string {
	names := locks(r.Candidates, r.Limits)
	if LimitsCustomer(r) {
		names = append(names, "customer/"+identity)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// LimitsCustomer says whether a limit counts the customer's own bookings.
func LimitsCustomer(r booking.NewBooking) bool {
	return slices.ContainsFunc(r.Limits, func(l booking.Limit) bool { return l.Kind == booking.LimitOpenPerCustomer })
}

// MoveLocks names what a booking on these units must lock to be moved, sorted and without duplicates.
func MoveLocks(r booking.Rescheduling, from booking.Assignment) []string {
	names := locks(append([]booking.Assignment{from}, r.Candidates...), r.Limits)
	slices.Sort(names)
	return slices.Compact(names)
}

func locks(candidates []booking.Assignment, limits []booking.Limit) (names []string) {
	for _, candidate := range candidates {
		for _, unit := range candidate {
			names = append(names, resourceLock(unit.ResourceID))
		}
	}
	for _, limit := range limits {
		if limit.Kind != booking.LimitOpenPerCustomer && len(limit.Resources) == 0 {
			names = append(names, "limits")
		}
		for _, id := range limit.Resources {
			names = append(names, resourceLock(id))
		}
	}
	return names
}

// ResourceLocks names the locks of the units' resources, sorted and without duplicates.
func ResourceLocks(units booking.Assignment) []string {
	names := make([]string, len(units))
	for i, unit := range units {
		names[i] = resourceLock(unit.ResourceID)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func resourceLock(id string) string { return "resource/" + id }

// Identity is what makes two customers one: the phone number, else the e-mail address without regard to case.
func Identity(c booking.Customer) string {
	if c.Phone != "" {
		return c.Phone
	}
	return "mailto:" + strings.ToLower(c.Email)
}

// AllowTransition says why a booking of this status, by the clock, cannot get the status asked for: ErrNotLive when
// it has ended without taking place, else ErrWrongStatus.
func AllowTransition(r booking.Transition, status booking.Status) error {
	switch {
	case r.AllowedFrom(status):
		return nil
	case status == booking.StatusCancelled || status == booking.StatusExpired:
		return booking.ErrNotLive
	default:
		return booking.ErrWrongStatus
	}
}

// EventType is the event that a booking causes when it gets this status; cancelling is not among them.
func EventType(status booking.Status) booking.EventType {
	switch status {
	case booking.StatusHeld:
		return booking.EventHeld
	case booking.StatusPending:
		return booking.EventRequested
	case booking.StatusCompleted:
		return booking.EventCompleted
	case booking.StatusNoShow:
		return booking.EventNoShow
	default:
		return booking.EventConfirmed
	}
}
