package main

import (
	"fmt"

	"github.com/anishathalye/porcupine"
)

// model is the specification: each slot is a register with the key of the booking that lives in it, or "".
func model() porcupine.Model {
	return (&porcupine.NondeterministicModel{
		Partition: bySlot,
		Init:      func() []any { return []any{""} },
		Step: func(state, input, output any) []any {
			return step(state.(string), input.(asked), output.(told))
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
	}).ToModel()
}

// step returns the states that can follow; none means that the answer cannot be.
func step(living string, in asked, out told) []any {
	stays := func(possible bool) []any {
		if possible {
			return []any{living}
		}
		return nil
	}
	// A change either leads from one state to another, was refused in every other one, or nobody knows.
	change := func(from, to string) []any {
		switch {
		case out.Outcome == refused:
			return stays(living != from)
		case out.Outcome == done && living == from:
			return []any{to}
		case out.Outcome == unknown && living == from:
			return []any{living, to}
		}
		return stays(out.Outcome == unknown)
	}
	switch in.Kind {
	case book:
		return change("", in.Key)
	case cancel:
		return change(in.Key, "")
	case get:
		return stays((living == in.Key) == (out.Outcome == seenAlive))
	default:
		return stays(living == out.Key)
	}
}

func bySlot(list []porcupine.Operation) (partitions [][]porcupine.Operation) {
	index := map[string]int{}
	for _, op := range list {
		slot := op.Input.(asked).Slot
		i, found := index[slot]
		if !found {
			i = len(partitions)
			index[slot] = i
			partitions = append(partitions, nil)
		}
		partitions[i] = append(partitions[i], op)
	}
	return partitions
}
