// Package localtime turns wall-clock times into instants, correctly on every
// day of every IANA zone.
//
// A wall-clock time ("09:00 on 28 March in Cairo") may exist once, twice or
// never. [Resolve] follows RFC 5545 section 3.3.5 and Temporal's "compatible"
// rule:
//
//   - a time that does not exist (clocks went forward over it) moves later by
//     the length of the gap: 02:30 becomes 03:30;
//   - a time that exists twice (clocks went back) means the first of the two.
//
// [time.Date] is not enough: it documents that it gives no guarantee in either
// case, and it puts a midnight that does not exist (Havana, Santiago, Cairo,
// Beirut) at 23:00 of the day before.
//
// [Date] is a calendar date without a zone. Days are counted on it and never by
// adding 24 hours to an instant, because a local day has 23, 23½, 24, 24½ or 25
// hours, and now and then does not happen at all (Apia had no 30 December 2011;
// see [Exists]).
//
// The package reads no clock and no environment. It takes the zone as a
// [time.Location]; [LoadZone] finds one by IANA name in whatever zone data the
// program has (mains embed time/tzdata).
package localtime
