package lead

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

func identity(phone, email string) string {
	if phone != "" {
		return phone
	}
	return "mailto:" + strings.ToLower(email)
}

// Fresh is the person that a clean draft makes, when nobody has the number yet.
func Fresh(id string, d Draft) Person {
	status := d.Status
	if status == "" {
		status = StatusNew
	}
	return Person{
		ID: id, Name: d.Name, Phone: d.Phone, Email: d.Email, Status: status, Tags: d.Tags, Source: d.Source, Notes: d.Notes,
		Custom: d.Custom, Version: 1,
	}
}

// Absorb returns a known person with what a clean draft adds; see the package's description for the rules. Absorbing the
// same draft again changes nothing.
func Absorb(p Person, d Draft) Person {
	if d.Status == StatusOptedOut { // whoever tells us must be heard
		p.Status = StatusOptedOut
	}
	if d.Name != "" {
		p.Name = d.Name
	}
	if d.Email != "" {
		p.Email = d.Email
	}
	if p.Source == "" {
		p.Source = d.Source
	}
	if p.Notes == "" {
		p.Notes = d.Notes
	}
	p.Tags = unite(p.Tags, d.Tags)
	p.Custom = overlay(p.Custom, d.Custom)
	return p
}

// Unite returns the person who is left when other is merged into keep: what keep lacks comes from other, tags, custom
// fields, notes and numbers come together, and the status is the one that says more.
func Unite(keep, other Person) Person {
	keep.Name = firstOf(keep.Name, other.Name)
	keep.Email = firstOf(keep.Email, other.Email)
	keep.Source = firstOf(keep.Source, other.Source)
	others := append(slices.Clone(keep.OtherPhones), other.OtherPhones...)
	if keep.Phone == "" {
		keep.Phone = other.Phone
	} else if other.Phone != "" {
		others = append(others, other.Phone)
	}
	slices.Sort(others)
	keep.OtherPhones = slices.Compact(others)
	keep.Notes = joinNotes(keep.Notes, other.Notes)
	keep.Tags = unite(keep.Tags, other.Tags)
	keep.Custom = overlay(other.Custom, keep.Custom)
	if precedence[other.Status] > precedence[keep.Status] {
		keep.Status = other.Status
	}
	if other.LastContactedAt.After(keep.LastContactedAt) {
		keep.LastContactedAt = other.LastContactedAt
	}
	if other.CreatedAt.Before(keep.CreatedAt) {
		keep.CreatedAt = other.CreatedAt
	}
	return keep
}

// Apply returns the person with a clean patch applied. Errors: INVALID_TRANSITION, VALIDATION_ERROR.
func (p Patch) Apply(person Person, now time.Time) (Person, error) {
	set(&person.Name, p.Name)
	set(&person.Phone, p.Phone)
	set(&person.Email, p.Email)
	set(&person.Source, p.Source)
	set(&person.Notes, p.Notes)
	if p.Tags != nil {
		person.Tags = *p.Tags
	}
	if p.LastContactedAt != nil {
		person.LastContactedAt = *p.LastContactedAt
	}
	if p.Status != nil && *p.Status != person.Status {
		if !person.Status.MayBecome(*p.Status) {
			return Person{}, wrongTransition(person.Status, *p.Status)
		}
		person.Status = *p.Status
		if person.Status.contact() && p.LastContactedAt == nil {
			person.LastContactedAt = now.UTC().Truncate(time.Microsecond)
		}
	}
	person.Custom = maps.Clone(person.Custom)
	for name, value := range p.Custom {
		if value == nil || strings.TrimSpace(*value) == "" {
			delete(person.Custom, name)
			continue
		}
		if person.Custom == nil {
			person.Custom = map[string]string{}
		}
		person.Custom[name] = strings.TrimSpace(*value)
	}
	if len(person.Custom) > MaxCustom {
		return Person{}, tooManyCustom()
	}
	return person, nil
}

func wrongTransition(from, to Status) error {
	err := booking.Errorf(CodeInvalidTransition, "Somebody who is %s cannot become %s. Possible are %v.", from, to, from.Next())
	if from == StatusOptedOut {
		err = booking.Errorf(CodeInvalidTransition, "This person opted out. Only removing the number from the opt-outs changes that.")
	}
	err.Details = map[string]any{"status": from, "allowed": from.Next()}
	return err
}

// Differences are the events of a change: which fields changed, without their content, and the step in the pipeline. There
// are none when nothing changed.
func Differences(before, after Person) []Event {
	var fields []string
	for _, field := range []struct {
		name    string
		changed bool
	}{
		{"name", before.Name != after.Name},
		{"phone", before.Phone != after.Phone},
		{"email", before.Email != after.Email},
		{"tags", !slices.Equal(before.Tags, after.Tags)},
		{"source", before.Source != after.Source},
		{"notes", before.Notes != after.Notes},
		{"customFields", !maps.Equal(before.Custom, after.Custom)},
		{"lastContactedAt", !before.LastContactedAt.Equal(after.LastContactedAt)},
	} {
		if field.changed {
			fields = append(fields, field.name)
		}
	}
	var events []Event
	if len(fields) > 0 {
		events = append(events, Event{EventUpdated, map[string]string{"fields": strings.Join(fields, ",")}})
	}
	if before.Status != after.Status {
		events = append(events, Event{EventStatusChanged, map[string]string{"from": string(before.Status), "to": string(after.Status)}})
	}
	return events
}

// unite is the sorted union of two sorted lists of tags, as far as there is room.
func unite(have, more []string) []string {
	union := slices.Clone(have)
	for _, tag := range more {
		if !slices.Contains(union, tag) && len(union) < MaxTags {
			union = append(union, tag)
		}
	}
	slices.Sort(union)
	return union
}

// overlay sets the fields of more over those of have, as far as there is room.
func overlay(have, more map[string]string) map[string]string {
	if len(more) == 0 {
		return have
	}
	union := maps.Clone(have)
	if union == nil {
		union = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		if _, known := union[name]; known || len(union) < MaxCustom {
			union[name] = more[name]
		}
	}
	return union
}

// joinNotes puts two notes together; what does not fit is cut off at the end.
func joinNotes(first, second string) string {
	if second == "" || strings.Contains(first, second) {
		return first
	}
	joined := strings.TrimPrefix(first+"\n"+second, "\n")
	if utf8.RuneCountInString(joined) > MaxNotes {
		return string([]rune(joined)[:MaxNotes])
	}
	return joined
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func set(field *string, value *string) {
	if value != nil {
		*field = *value
	}
}
