package auth

import (
	"slices"
	"strings"
)

// The scopes of calendar feeds name what the calendar is of: the id of a resource, or of one booking. A key that has
// nothing else may be sent in the address of a feed, because all that whoever finds it can do is read that calendar.
const (
	calendarTimes = "calendar:"
	calendarNames = "calendar-names:"
)

// CalendarDetail says how much of a booking a caller may see in a calendar.
type CalendarDetail int

// The details, each with what the one before has.
const (
	// CalendarNothing: the calendar is not for this caller.
	CalendarNothing CalendarDetail = iota
	// CalendarTimes is when, what, and how certain it is; nothing personal.
	CalendarTimes
	// CalendarNames is also the customer's name.
	CalendarNames
	// CalendarContacts is also the customer's number and address, for those who may read bookings anyway.
	CalendarContacts
)

// CalendarOf returns the id that a calendar scope names; false for any other scope.
func (s Scope) CalendarOf() (id string, ok bool) {
	for _, prefix := range []string{calendarTimes, calendarNames} {
		if id, ok = strings.CutPrefix(string(s), prefix); ok {
			return id, id != ""
		}
	}
	return "", false
}

// Calendar says how much the caller may see of what occupies, or is, one of the ids.
func (p Principal) Calendar(ids ...string) CalendarDetail {
	if p.Has(ScopeBookingsRead) {
		return CalendarContacts
	}
	detail := CalendarNothing
	for _, scope := range p.Scopes {
		id, ok := scope.CalendarOf()
		switch {
		case !ok || !slices.Contains(ids, id):
		case strings.HasPrefix(string(scope), calendarNames):
			return CalendarNames
		default:
			detail = CalendarTimes
		}
	}
	return detail
}

// OnlyReadsCalendars says that the caller's key is good for calendar feeds and nothing else.
func (p Principal) OnlyReadsCalendars() bool {
	return !slices.ContainsFunc(p.Scopes, func(scope Scope) bool {
		_, ok := scope.CalendarOf()
		return !ok
	})
}
