package lead

import "slices"

// Status is how far the business has come with a person.
type Status string

// The statuses.
const (
	// StatusNew is somebody nobody has tried to reach yet.
	StatusNew Status = "new"
	// StatusContacted was reached, or written to.
	StatusContacted Status = "contacted"
	// StatusNoAnswer was called and did not answer.
	StatusNoAnswer Status = "no_answer"
	// StatusEngaged answered and is interested.
	StatusEngaged Status = "engaged"
	// StatusBooked has, or had, an appointment.
	StatusBooked Status = "booked"
	// StatusCancelled called the last appointment off.
	StatusCancelled Status = "cancelled"
	// StatusNotInterested said no.
	StatusNotInterested Status = "not_interested"
	// StatusOptedOut must not be contacted.
	StatusOptedOut Status = "opted_out"
)

// Statuses are all of them, in the order of the pipeline.
var Statuses = []Status{
	StatusNew, StatusContacted, StatusNoAnswer, StatusEngaged, StatusBooked, StatusCancelled, StatusNotInterested, StatusOptedOut,
}

// next is the pipeline: what a person of a status may be given by hand.
var next = map[Status][]Status{
	StatusNew:           {StatusContacted, StatusNoAnswer, StatusEngaged, StatusBooked, StatusNotInterested, StatusOptedOut},
	StatusContacted:     {StatusNoAnswer, StatusEngaged, StatusBooked, StatusNotInterested, StatusOptedOut},
	StatusNoAnswer:      {StatusContacted, StatusEngaged, StatusBooked, StatusNotInterested, StatusOptedOut},
	StatusEngaged:       {StatusContacted, StatusNoAnswer, StatusBooked, StatusNotInterested, StatusOptedOut},
	StatusBooked:        {StatusContacted, StatusEngaged, StatusCancelled, StatusNotInterested, StatusOptedOut},
	StatusCancelled:     {StatusContacted, StatusNoAnswer, StatusEngaged, StatusBooked, StatusNotInterested, StatusOptedOut},
	StatusNotInterested: {StatusContacted, StatusEngaged, StatusBooked, StatusOptedOut},
	StatusOptedOut:      {},
}

// Known says whether there is such a status.
func (s Status) Known() bool { return slices.Contains(Statuses, s) }

// Next returns the statuses that a person of this one may be given by hand.
func (s Status) Next() []Status { return slices.Clone(next[s]) }

// MayBecome says whether a person of this status may be given the other one by hand. Staying is always allowed.
func (s Status) MayBecome(other Status) bool { return s == other || slices.Contains(next[s], other) }

// contact says whether somebody who gets this status was just called or written to.
func (s Status) contact() bool {
	return s == StatusContacted || s == StatusNoAnswer || s == StatusEngaged
}

// precedence orders statuses for merging: of two, the person keeps the one that says more.
var precedence = map[Status]int{
	StatusNew: 0, StatusNoAnswer: 1, StatusContacted: 2, StatusNotInterested: 3, StatusEngaged: 4, StatusCancelled: 5, StatusBooked: 6, StatusOptedOut: 7,
}
