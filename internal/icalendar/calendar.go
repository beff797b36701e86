package icalendar

import (
	"fmt"
	"io"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// ContentType is that of a calendar, RFC 5545 section 8.1.
const ContentType = "text/calendar; charset=utf-8"

// productID names the program that writes, RFC 5545 section 3.7.3.
const productID = "-//Frontdesk//Bookings//EN"

// Status is how certain an event is, RFC 5545 section 3.8.1.11.
type Status string

// The statuses of events.
const (
	Tentative Status = "TENTATIVE"
	Confirmed Status = "CONFIRMED"
	Cancelled Status = "CANCELLED"
)

// Calendar is what a program subscribes to.
type Calendar struct {
	// Name is what the program calls the calendar.
	Name string
	// Refresh is how often the program is asked to look, in whole minutes (RFC 7986 section 5.7). Programs decide that by
	// themselves, some look once a day.
	Refresh time.Duration
	Events  []Event
}

// Event is one appointment. Texts may have any characters but control characters other than line feeds.
type Event struct {
	// ID is unique in the world and never changes.
	ID string
	// Sequence grows with every change, from 0.
	Sequence int
	Status   Status
	// Start and End are kept to the second.
	Start, End           time.Time
	Summary, Description string
	Location             string
	Created, Modified    time.Time
}

// Write writes the calendar. Errors are those of w.
func (c Calendar) Write(w io.Writer) error {
	calendar := ics.NewCalendar()
	calendar.SetProductId(productID)
	calendar.SetCalscale("GREGORIAN")
	name := plain(c.Name)
	calendar.SetName(name)
	calendar.SetXWRCalName(name) // what programs understood before there was NAME
	if c.Refresh > 0 {
		every := fmt.Sprintf("PT%dM", int(c.Refresh.Minutes()))
		calendar.SetRefreshInterval(every)
		calendar.SetXPublishedTTL(every)
	}
	for _, event := range c.Events {
		calendar.AddVEvent(event.component())
	}
	if err := calendar.SerializeTo(w, ics.WithNewLineWindows); err != nil {
		return fmt.Errorf("write calendar: %w", err)
	}
	return nil
}

func (e Event) component() *ics.VEvent {
	event := ics.NewEvent(e.ID)
	// A calendar without a METHOD: DTSTAMP is when the event was last changed, RFC 5545 section 3.8.7.2.
	event.SetDtStampTime(e.Modified)
	event.SetCreatedTime(e.Created)
	event.SetModifiedAt(e.Modified)
	event.SetSequence(e.Sequence)
	event.SetStartAt(e.Start)
	event.SetEndAt(e.End)
	event.SetStatus(ics.ObjectStatus(e.Status))
	event.SetSummary(plain(e.Summary))
	if e.Description != "" {
		event.SetDescription(plain(e.Description))
	}
	if e.Location != "" {
		event.SetLocation(plain(e.Location))
	}
	transparency := ics.TransparencyOpaque
	if e.Status == Cancelled {
		transparency = ics.TransparencyTransparent // it takes nobody's time
	}
	event.SetTimeTransparency(transparency)
	return event
}

// plain leaves out what a text must not have, RFC 5545 section 3.1: control characters would end the line.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
}
