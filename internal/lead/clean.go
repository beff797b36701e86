package lead

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// The bounds of what is kept about a person, in characters unless they say otherwise.
const (
	MaxName        = 120
	MaxSource      = 100
	MaxNotes       = 4000
	MaxTags        = 50
	MaxTag         = 64
	MaxCustom      = 50
	MaxCustomName  = 64
	MaxCustomValue = 1000
	// MaxOptOutReason bounds the reason of an opt-out.
	MaxOptOutReason = 500
)

const lineBreaks = "\n\r\t"

// customName is what a custom field may be called: what fits into a column's header, a template and a query.
var customName = regexp.MustCompile(`^[\p{L}\p{N}_][\p{L}\p{N}_ .-]*$`)

// Clean checks a draft and brings it into its canonical form: texts trimmed, the number in E.164 as the region writes it,
// tags in lower case. Errors: VALIDATION_ERROR with the field.
func (d Draft) Clean(region string) (Draft, error) {
	var err error
	if d.Phone, err = requiredPhone(d.Phone, region); err != nil {
		return Draft{}, err
	}
	if d.Name, err = booking.CleanText("name", "The name", d.Name, MaxName, ""); err != nil {
		return Draft{}, err
	}
	if d.Email, err = booking.CleanEmail("email", d.Email); err != nil {
		return Draft{}, err
	}
	if d.Source, err = booking.CleanText("source", "The source", d.Source, MaxSource, ""); err != nil {
		return Draft{}, err
	}
	if d.Notes, err = booking.CleanText("notes", "The note", d.Notes, MaxNotes, lineBreaks); err != nil {
		return Draft{}, err
	}
	if d.Tags, err = cleanTags(d.Tags); err != nil {
		return Draft{}, err
	}
	if d.Custom, err = cleanCustom(d.Custom); err != nil {
		return Draft{}, err
	}
	if d.Status != "" && !d.Status.Known() {
		return Draft{}, unknownStatus(d.Status)
	}
	return d, nil
}

func requiredPhone(text, region string) (string, error) {
	phone, err := booking.CleanPhone("phone", text, region)
	if err == nil && phone == "" {
		err = invalid("phone", "The phone number is missing. It says who this is; send it.")
	}
	return phone, err
}

func unknownStatus(s Status) error {
	return invalid("status", "There is no status %q. Use one of %v.", short(string(s)), Statuses)
}

func cleanTags(tags []string) ([]string, error) {
	if len(tags) > MaxTags {
		return nil, invalid("tags", "There are %d tags; at most %d are allowed.", len(tags), MaxTags)
	}
	var cleaned []string
	for _, tag := range tags {
		tag, err := booking.CleanText("tags", "A tag", tag, MaxTag, "")
		switch {
		case err != nil:
			return nil, err
		case strings.ContainsAny(tag, ",;"):
			return nil, invalid("tags", "The tag %q has a comma or a semicolon in it. Send two tags, or another word.", short(tag))
		case tag != "":
			cleaned = append(cleaned, strings.ToLower(tag))
		}
	}
	slices.Sort(cleaned)
	return slices.Compact(cleaned), nil
}

func cleanCustom(fields map[string]string) (map[string]string, error) {
	if len(fields) > MaxCustom {
		return nil, tooManyCustom()
	}
	var cleaned map[string]string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if err := checkCustomName(name); err != nil {
			return nil, err
		}
		value, err := booking.CleanText("customFields", "The field "+name, fields[name], MaxCustomValue, lineBreaks)
		if err != nil {
			return nil, err
		}
		if value == "" {
			continue
		}
		if cleaned == nil {
			cleaned = map[string]string{}
		}
		cleaned[name] = value
	}
	return cleaned, nil
}

func checkCustomName(name string) error {
	if _, err := booking.CleanText("customFields", "The name of a field", name, MaxCustomName, ""); err != nil {
		return err
	}
	if !customName.MatchString(name) || strings.TrimSpace(name) != name {
		return invalid("customFields", "%q cannot be the name of a field. Use letters, digits, spaces, dots, dashes and underscores.", short(name))
	}
	return nil
}

func tooManyCustom() error {
	return invalid("customFields", "A person has at most %d custom fields.", MaxCustom)
}

// clean is Draft.Clean for a patch.
func (p Patch) clean(region string, now time.Time) (Patch, error) {
	for _, text := range []struct {
		field, what, allowed string
		value                **string
		longest              int
	}{
		{"name", "The name", "", &p.Name, MaxName},
		{"source", "The source", "", &p.Source, MaxSource},
		{"notes", "The note", lineBreaks, &p.Notes, MaxNotes},
	} {
		if err := cleanOptional(text.value, func(s string) (string, error) {
			return booking.CleanText(text.field, text.what, s, text.longest, text.allowed)
		}); err != nil {
			return Patch{}, err
		}
	}
	if err := cleanOptional(&p.Email, func(s string) (string, error) { return booking.CleanEmail("email", s) }); err != nil {
		return Patch{}, err
	}
	if err := cleanOptional(&p.Phone, func(s string) (string, error) { return requiredPhone(s, region) }); err != nil {
		return Patch{}, err
	}
	if p.Status != nil && !p.Status.Known() {
		return Patch{}, unknownStatus(*p.Status)
	}
	if p.Tags != nil {
		tags, err := cleanTags(*p.Tags)
		if err != nil {
			return Patch{}, err
		}
		p.Tags = &tags
	}
	if at := p.LastContactedAt; at != nil {
		if at.After(now.Add(time.Minute)) || at.Year() < 1970 {
			return Patch{}, invalid("lastContactedAt", "The last contact must be in the past.")
		}
		utc := at.UTC().Truncate(time.Microsecond)
		p.LastContactedAt = &utc
	}
	return p, p.checkCustom()
}

func (p Patch) checkCustom() error {
	for name, value := range p.Custom {
		if err := checkCustomName(name); err != nil {
			return err
		}
		if value != nil {
			if _, err := booking.CleanText("customFields", "The field "+name, *value, MaxCustomValue, lineBreaks); err != nil {
				return err
			}
		}
	}
	return nil
}

// cleanOptional cleans a text that may be absent, without changing the caller's.
func cleanOptional(text **string, clean func(string) (string, error)) error {
	if *text == nil {
		return nil
	}
	cleaned, err := clean(**text)
	*text = &cleaned
	return err
}

// short makes text that a caller sent fit to be repeated in a message.
func short(text string) string {
	const longest = 60
	if runes := []rune(strings.ToValidUTF8(text, "\uFFFD")); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
