package availability

import "time"

// Engine answers questions about one snapshot. It reuses its memory and is
// therefore not safe for concurrent use; engines are cheap, and may be pooled
// with [Engine.Reset].
type Engine struct {
	snapshot *Snapshot
}

// New returns an engine for a snapshot. The error is an [*InvalidError].
func New(s *Snapshot) (*Engine, error) {
	e := new(Engine)
	if err := e.Reset(s); err != nil {
		return nil, err
	}
	return e, nil
}

// Reset turns e to another snapshot and keeps its memory. Slots that it returned
// before become invalid, because their Units are in that memory.
func (e *Engine) Reset(s *Snapshot) error {
	e.snapshot = s
	return nil
}

// Slots returns what can be booked with a start in [from, to), in order of time.
// The error is a [*WindowError].
func (e *Engine) Slots(from, to time.Time) ([]Slot, error) {
	return e.AppendSlots(nil, from, to)
}

// AppendSlots is [Engine.Slots] appending to dst. With room in dst, and once the
// engine and the schedules are warm, it allocates nothing.
func (e *Engine) AppendSlots(dst []Slot, from, to time.Time) ([]Slot, error) {
	return dst, nil
}

// Check judges one start. The slot is that which Slots lists for it; it is zero
// unless the reason is OK.
func (e *Engine) Check(start time.Time) (Slot, Reason) {
	return Slot{}, Reason{}
}

// Explain says why a start is or is not offered.
func (e *Engine) Explain(start time.Time) Reason {
	_, reason := e.Check(start)
	return reason
}

// AppendCandidates appends every free unit that could serve a requirement of a
// new appointment at start, in order of requirement and preference. It appends
// nothing for a start that is not offered.
func (e *Engine) AppendCandidates(dst []Candidate, start time.Time) []Candidate {
	return dst
}

// Nearest returns up to n slots with starts less than within away from start, those
// closest in time, in order of time. Of two equally close ones the earlier is closer. The error is a
// [*WindowError].
func (e *Engine) Nearest(start time.Time, within time.Duration, n int) ([]Slot, error) {
	return nil, nil
}
