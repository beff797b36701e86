// Package icalendar writes calendars as RFC 5545 has them, for programs that subscribe to an address.
//
// All times are in UTC: an appointment is one instant, which needs no VTIMEZONE and cannot be read wrongly when a zone's
// rules change. The same content gives the same bytes, so that an ETag can be made of them.
//
// The package decides nothing about bookings and about who may see what; it is given what is to be shown.
package icalendar
