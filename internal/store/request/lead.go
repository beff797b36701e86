package request

import (
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// CheckDraft refuses, with booking.ErrInvalidRequest, what no store could keep: it is the last line, behind Draft.Clean.
func CheckDraft(d lead.Draft, actor booking.Actor, claim *booking.IdempotencyClaim) error {
	if err := CheckActor(actor, claim); err != nil {
		return err
	}
	if d.Phone == "" {
		return invalid("a person without a number cannot be told from others")
	}
	if d.Status != "" && !d.Status.Known() {
		return invalid("there is no status %q", d.Status)
	}
	if err := checkIndexed(d.Phone, d.Email); err != nil {
		return err
	}
	for name, value := range d.Custom {
		if err := checkText(name, value); err != nil {
			return err
		}
	}
	if err := checkText(d.Tags...); err != nil {
		return err
	}
	return checkText(d.Name, d.Source, d.Notes)
}

// CheckActor refuses, with booking.ErrInvalidRequest, an actor or a key that no store could keep.
func CheckActor(actor booking.Actor, claim *booking.IdempotencyClaim) error {
	if err := checkIndexed(claimText(claim)...); err != nil {
		return err
	}
	return checkText(actor.Principal, actor.Channel)
}

// CheckOptOut is CheckDraft for the registry of opt-outs.
func CheckOptOut(r lead.NewOptOut) error {
	if r.Phone == "" {
		return invalid("there is no number to opt out")
	}
	if err := checkIndexed(r.Phone); err != nil {
		return err
	}
	return checkText(r.Reason, r.Actor.Principal, r.Actor.Channel)
}

// CheckLeadFilter refuses, with booking.ErrInvalidRequest, a filter that no listing can serve.
func CheckLeadFilter(f lead.Filter) error {
	if f.After != "" && !IsUUID(f.After) {
		return invalid("the position %q is not a UUID", f.After)
	}
	if f.Limit < 1 {
		return invalid("a page has at least one person, not %d", f.Limit)
	}
	if err := checkText(f.Tags...); err != nil {
		return err
	}
	if err := checkText(f.Sources...); err != nil {
		return err
	}
	return checkText(f.Text, f.Phone)
}

// Changed is what a change makes of a person as the transaction has found it. Errors: lead.ErrVersion, what Apply returns.
func Changed(before lead.Person, r lead.Change) (lead.Person, error) {
	if r.Version != 0 && r.Version != before.Version {
		return lead.Person{}, lead.ErrVersion
	}
	return r.Apply(before)
}

// Created is the entry that begins a person's history.
func Created(p lead.Person) lead.Event {
	return lead.Event{Type: lead.EventCreated, Details: map[string]string{"source": p.Source}}
}

// Merged are the entries of a person that another one became part of.
func Merged(keep, other, united lead.Person) []lead.Event {
	return append([]lead.Event{{Type: lead.EventMerged, Details: map[string]string{"other": other.ID}}}, lead.Differences(keep, united)...)
}
