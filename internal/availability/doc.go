// Package availability answers one question: at which times can this service
// be booked, and if not at this one, why not?
//
// It is a pure interval engine. It reads no clock (now is an input), does no
// I/O, logs nothing and keeps no state but compiled schedules. It reserves
// nothing: two callers with the same facts get the same slots, and only the
// store decides who wins one.
//
// # Finding the way
//
//   - [NewSchedule] compiles opening hours: weekly spans, exceptions by date,
//     public holidays, in one time zone. A [Schedule] is immutable, safe for
//     concurrent use, and meant to be kept as long as its policy does not change.
//   - [Policy] joins a schedule with the [Rules] of booking: slot grid, notice,
//     buffers, limits. It is the engine's view of one BookingPolicy.
//   - [Snapshot] holds the facts of one question: now, the [Service], its
//     [Resource] list with everything that occupies them, group sessions.
//   - [New] checks a snapshot and returns an [Engine]. Then [Engine.Slots] lists
//     what can be booked in a window, [Engine.Check] judges one start and says
//     which units would serve it, [Engine.Explain] gives only the [Reason],
//     [Engine.AppendCandidates] lists every free unit, to try another one after
//     a lost race, and [Engine.Nearest] finds alternatives to a time that is gone.
//
// All of them evaluate the same conditions: a start is listed by Slots if and
// only if Explain says [OK].
//
// # Time
//
// Instants are whole seconds since the Unix epoch, ranges are half-open
// [start, end). Wall-clock times become instants per local date with package
// localtime: a time that does not exist moves later by the gap, one that exists
// twice is the first. So hours of 09:00 to 17:00 are just that on every day of
// every zone; a date that a zone skipped has no hours; a span that begins in a
// gap may shrink to nothing.
//
// # Open spans
//
// An appointment's own [start, end) must lie within one open span. Spans that
// touch or overlap count as one, also across midnight. A span belongs to the
// date on which it starts: 22:00 to 26:00 on Friday is closed by an exception or
// a holiday on Friday, not by one on Saturday. An exception beats a public
// holiday; of two exceptions for one date the later in the list wins.
//
// # The grid
//
// Starts lie on a grid whose step is independent of the duration. Its [Anchor]:
//
//   - SpanStart counts elapsed time from the start of the span as it was
//     written (of the earlier one, where spans overlap);
//   - DayStart counts elapsed time from the first instant of the span's date;
//   - Clock takes the readings of the wall clock that are multiples of the step
//     since midnight, whatever the offset from UTC.
//
// The first two count elapsed time, so on a day on which clocks change in
// between, a 60-minute grid keeps its 60 minutes and shifts on the clock face by
// the change (Lord Howe: by half an hour). Clock keeps the face and yields both
// passes of an hour that is repeated.
//
// Where a service requires several resources, the grid is that of the resource
// that serves the first requirement. Hours, notice and limits hold for each.
//
// # Buffers
//
// What occupies a unit is given already widened by the buffers frozen when it
// was booked. The candidate is widened by its own, so adjacent buffers add.
// Buffers may reach outside opening hours, and external busy time keeps the
// same distance.
//
// # Units, requirements, fairness
//
// A resource with n units is n numbered ones, 1 to n; each has its own
// timetable, and free is decided per unit, never by counting. A unit serves at
// most one requirement of an appointment. Among resources that could serve, the
// one with the least [Resource].Load is proposed, ties in order of ID, and of
// its units the lowest. With several requirements an earlier choice gives way
// when that is the only way to serve them all.
//
// # Groups
//
// A service with GroupSize above 1 is held as sessions. A [Session] with enough
// places left is offered at its own times, even off today's grid, as long as its
// resources are open and their rules allow. Where none exists or all are full, a
// new one is offered like any other slot.
package availability
