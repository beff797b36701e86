package leadimport

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// Field is what a column can be.
type Field string

// The fields. A column may also be a custom field: "custom." and its name.
const (
	FieldPhone     Field = "phone"
	FieldName      Field = "name"
	FieldFirstName Field = "firstName"
	FieldLastName  Field = "lastName"
	FieldEmail     Field = "email"
	FieldStatus    Field = "status"
	FieldTags      Field = "tags"
	FieldSource    Field = "source"
	FieldNotes     Field = "notes"
	// FieldIgnore leaves a column out that would be recognised by its name.
	FieldIgnore Field = "ignore"
)

const customPrefix = "custom."

// fields in the order in which columns are looked for.
var fields = []Field{FieldPhone, FieldName, FieldFirstName, FieldLastName, FieldEmail, FieldStatus, FieldTags, FieldSource, FieldNotes}

// knownNames are the headers by which a column is recognised, normalised (see normalise). Of two columns for one field the
// one whose name stands first here is taken.
var knownNames = map[Field][]string{
	FieldPhone: {"phone", "phonenumber", "phoneno", "mobile", "mobilenumber", "mobilephone", "cell", "cellphone", "telephone", "tel",
		"telephonenumber", "contactnumber", "leadphone", "customerphone", "primaryphone", "number", "telefon", "handy", "telefono", "telephoneportable"},
	FieldName:      {"name", "fullname", "leadname", "customername", "contactname", "contact", "customer", "lead", "clientname", "nombre", "nom"},
	FieldFirstName: {"firstname", "givenname", "forename", "first", "vorname", "prenom"},
	FieldLastName:  {"lastname", "surname", "familyname", "last", "nachname"},
	FieldEmail:     {"email", "emailaddress", "mail", "leademail", "customeremail", "correo"},
	FieldStatus:    {"status", "leadstatus", "stage"},
	FieldTags:      {"tags", "tag", "labels", "label"},
	FieldSource:    {"source", "leadsource", "origin", "channel"},
	FieldNotes:     {"notes", "note", "comments", "comment", "remarks", "description"},
}

// normalise makes headers comparable: letters and digits only, in lower case.
func normalise(header string) string {
	return strings.Map(func(char rune) rune {
		if unicode.IsLetter(char) || unicode.IsDigit(char) {
			return unicode.ToLower(char)
		}
		return -1
	}, header)
}

// Columns says for each column of a file which field it is; "" where it is none.
type Columns []Field

// MapColumns finds out which column is which. A mapping of headers to fields decides for the headers that it names; others
// are recognised by their names, or are not imported. Errors: VALIDATION_ERROR for a mapping that makes no sense,
// UNREADABLE_FILE when no column is the phone number.
func MapColumns(header []string, mapping map[string]string) (Columns, error) {
	columns := make(Columns, len(header))
	taken := map[Field]bool{}
	for _, name := range slices.Sorted(maps.Keys(mapping)) {
		at := slices.IndexFunc(header, func(h string) bool { return strings.TrimSpace(h) == strings.TrimSpace(name) })
		if at < 0 {
			at = slices.IndexFunc(header, func(h string) bool { return normalise(h) != "" && normalise(h) == normalise(name) })
		}
		if at < 0 {
			return nil, mappingError("The file has no column %q. It has %s.", name, quoted(header))
		}
		field, err := parseField(mapping[name])
		if err != nil {
			return nil, err
		}
		if taken[field] && field != FieldIgnore || columns[at] != "" {
			return nil, mappingError("The mapping names %q, or the field %q, twice.", name, field)
		}
		columns[at], taken[field] = field, true
	}
	recognise(header, columns, taken)
	if !taken[FieldPhone] {
		return nil, booking.Errorf(lead.CodeUnreadableFile,
			"No column is recognised as the phone number. The file has %s. Call one of them \"phone\", or say in the mapping which it is.", quoted(header))
	}
	return columns, nil
}

// recognise fills in what the mapping leaves open.
func recognise(header []string, columns Columns, taken map[Field]bool) {
	for _, field := range fields {
		if taken[field] {
			continue
		}
		for _, known := range knownNames[field] {
			at := -1
			for i, name := range header {
				if columns[i] == "" && normalise(name) == known {
					at = i
					break
				}
			}
			if at >= 0 {
				columns[at], taken[field] = field, true
				break
			}
		}
	}
	for i, name := range header { // the columns of our own export
		if custom, found := strings.CutPrefix(strings.TrimSpace(name), customPrefix); found && columns[i] == "" && custom != "" {
			if field, err := parseField(customPrefix + custom); err == nil && !taken[field] {
				columns[i], taken[field] = field, true
			}
		}
	}
}

func parseField(text string) (Field, error) {
	field := Field(strings.TrimSpace(text))
	if field == "" || field == FieldIgnore {
		return FieldIgnore, nil
	}
	if custom, found := strings.CutPrefix(string(field), customPrefix); found {
		if _, err := (lead.Draft{Phone: "+442079460000", Custom: map[string]string{custom: "x"}}).Clean("GB"); err != nil {
			return "", mappingError("%q cannot be the name of a custom field.", custom)
		}
		return field, nil
	}
	if !slices.Contains(fields, field) {
		return "", mappingError("There is no field %q. Use one of %v, custom.<name>, or ignore.", text, fields)
	}
	return field, nil
}

// draft puts the cells of a row together.
func (c Columns) draft(cells []string) lead.Draft {
	var d lead.Draft
	var first, last string
	for i, field := range c[:min(len(c), len(cells))] {
		cell := unguard(strings.TrimSpace(cells[i]))
		switch {
		case cell == "":
		case field == FieldFirstName:
			first = cell
		case field == FieldLastName:
			last = cell
		default:
			put(&d, field, cell)
		}
	}
	if d.Name == "" {
		d.Name = strings.TrimSpace(first + " " + last)
	}
	return d
}

// put sets the field of a draft from the text of its cell.
func put(d *lead.Draft, field Field, cell string) {
	switch field {
	case FieldPhone:
		d.Phone = cell
	case FieldName:
		d.Name = cell
	case FieldEmail:
		d.Email = cell
	case FieldStatus:
		d.Status = parseStatus(cell)
	case FieldTags:
		d.Tags = strings.FieldsFunc(cell, func(char rune) bool { return strings.ContainsRune(",;|", char) })
	case FieldSource:
		d.Source = cell
	case FieldNotes:
		d.Notes = cell
	case FieldIgnore, "":
	default:
		if d.Custom == nil {
			d.Custom = map[string]string{}
		}
		d.Custom[strings.TrimPrefix(string(field), customPrefix)] = cell
	}
}

// parseStatus reads a status as people write it: "No answer", "opted-out".
func parseStatus(text string) lead.Status {
	status := strings.ToLower(strings.TrimSpace(text))
	status = strings.NewReplacer(" ", "_", "-", "_").Replace(status)
	if status == "pending" { // what the earlier system called people who wait to be called
		return lead.StatusNew
	}
	return lead.Status(status)
}

func mappingError(format string, args ...any) error {
	return booking.Errorf(booking.CodeValidation, format, args...).WithField("mapping")
}

// quoted lists headers for a message, as far as there is room.
func quoted(header []string) string {
	const most = 20
	names := make([]string, 0, most)
	for i, name := range header {
		if i == most {
			names = append(names, "…")
			break
		}
		if runes := []rune(strings.ToValidUTF8(name, "\uFFFD")); len(runes) > 40 {
			name = string(runes[:40]) + "…"
		}
		names = append(names, fmt.Sprintf("%q", name))
	}
	return "the columns " + strings.Join(names, ", ")
}
