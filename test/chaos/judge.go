package main

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/frontdesk-dev/frontdesk/test/internal/audit"
)

// checkTimeout bounds the search for an order in which the history could have happened.
const checkTimeout = 2 * time.Minute

// verdict is what became of the promises.
type verdict struct {
	lost, overlaps, duplicates int
	linearizable               porcupine.CheckResult
	// faults says what is wrong, for people.
	faults []string
}

func (v *verdict) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// judge holds the history against what the database holds in the end. Kept is ordered as by audit.Bookings.
func judge(h *history, kept []audit.Booking, repeatedEvents int) verdict {
	var v verdict
	byKey := map[string][]audit.Booking{}
	final := map[string]string{}
	for _, b := range kept {
		byKey[b.Notes] = append(byKey[b.Notes], b)
		if b.Live() {
			final[slotName(b.Resource, b.From)] = b.Notes
		}
	}
	for key, bookings := range byKey {
		if len(bookings) > 1 {
			v.duplicates += len(bookings) - 1
			v.fault("the request %s made %d bookings", key, len(bookings))
		}
	}
	if repeatedEvents > 0 {
		v.duplicates += repeatedEvents
		v.fault("%d events were written twice", repeatedEvents)
	}
	for _, overlap := range audit.FindOverlaps(kept) {
		v.overlaps++
		v.fault("%+v and %+v overlap", overlap.One, overlap.Other)
	}
	v.findLost(h, byKey)
	v.judgeOrder(h.close(final))
	return v
}

// judgeOrder looks for an order in which the history could have happened, slot by slot: they do not touch each other.
func (v *verdict) judgeOrder(list []porcupine.Operation) {
	deadline := time.Now().Add(checkTimeout)
	v.linearizable = porcupine.Ok
	for _, slot := range bySlot(list) {
		result := porcupine.CheckOperationsTimeout(model(), slot, max(time.Until(deadline), time.Second))
		if result == porcupine.Ok {
			continue
		}
		v.fault("the history of %s is not linearizable: %s\n%s", slot[0].Input.(asked).Slot, result, transcript(slot))
		if v.linearizable != porcupine.Illegal { // which is certain, and worse than unknown
			v.linearizable = result
		}
	}
}

// findLost looks for acknowledged changes that the database does not know. A booking that somebody cancelled, or may
// have, need not live; a cancelled one never lives again.
func (v *verdict) findLost(h *history, byKey map[string][]audit.Booking) {
	wanted := map[string]outcome{} // the best that is known of each key's cancellation
	cancelled := map[string]bool{}
	for _, op := range h.list {
		if in := op.Input.(asked); in.Kind == cancel {
			cancelled[in.Key] = true
			if out := op.Output.(told).Outcome; out == done {
				wanted[in.Key] = done
			}
		}
	}
	for _, op := range h.list {
		in, out := op.Input.(asked), op.Output.(told)
		if in.Kind != book || out.Outcome != done {
			continue
		}
		switch bookings := byKey[in.Key]; {
		case len(bookings) == 0:
			v.lost++
			v.fault("the acknowledged booking %s is not there", in.Key)
		case !bookings[0].Live() && !cancelled[in.Key]:
			v.lost++
			v.fault("the acknowledged booking %s is %s, and nobody cancelled it", in.Key, bookings[0].Status)
		}
	}
	for key := range wanted {
		for _, b := range byKey[key] {
			if b.Live() {
				v.lost++
				v.fault("the acknowledged cancellation of %s is not there", key)
			}
		}
	}
}
