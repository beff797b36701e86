package booking

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// The bounds of what a caller may send, in characters.
const (
	maxCustomerName = 120
	maxEmail        = 254
	maxPhone        = 40
	maxNotes        = 2000
	maxReason       = 500

	// MaxCustomFields bounds how many custom fields a booking has.
	MaxCustomFields    = 50
	maxCustomFieldName = 64
	maxCustomFieldText = 500
)

// The years in which a moment makes sense. Beyond them it is a slip of the caller, not a date to judge.
const (
	firstYear = 1970
	lastYear  = 2199
)

// invalid makes a VALIDATION_ERROR about a field.
func invalid(field, format string, args ...any) *Error {
	return Errorf(CodeValidation, format, args...).WithField(field)
}

// clean checks what can be checked without asking anything, and brings the request into its
// canonical form: texts trimmed, the phone number in E.164, the start in UTC.
func (r *Request) clean(region string) error {
	if err := checkStart(r.Start); err != nil {
		return err
	}
	r.Start = r.Start.UTC()
	if err := r.Customer.clean(region); err != nil {
		return err
	}
	notes, err := cleanNotes(r.Notes)
	if err != nil {
		return err
	}
	r.Notes = notes
	return checkCustomFields(r.CustomFields)
}

func cleanNotes(notes string) (string, error) {
	return cleanText("notes", "The notes", notes, maxNotes, "\n\r\t")
}

// checkCustomFields accepts names of letters, digits, hyphens, underscores and dots, and any text that can be stored.
func checkCustomFields(fields map[string]string) error {
	if len(fields) > MaxCustomFields {
		return tooManyCustomFields()
	}
	for name, text := range fields {
		if err := checkCustomField(name, text); err != nil {
			return err
		}
	}
	return nil
}

func tooManyCustomFields() *Error {
	return invalid("customFields", "A booking has at most %d custom fields. Leave some out.", MaxCustomFields)
}

func checkCustomField(name, text string) error {
	// Trimming what is allowed leaves something only where there is something else.
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
	if name == "" || len(name) > maxCustomFieldName || strings.Trim(name, allowed) != "" {
		return invalid("customFields", "%q cannot be the name of a custom field. Use 1 to %d letters, digits, hyphens, underscores and dots.",
			clip(name), maxCustomFieldName)
	}
	_, err := cleanText("customFields."+name, "The custom field "+name, text, maxCustomFieldText, "\n\r\t")
	return err
}

func checkStart(start time.Time) error {
	switch {
	case start.IsZero():
		return invalid("start", "The start is missing. Send the date and time at which the appointment begins.")
	case start.Nanosecond() != 0:
		return invalid("start", "The start has fractions of a second. Send one of the offered times unchanged.")
	}
	return checkYear("start", start)
}

func checkYear(field string, at time.Time) error {
	if year := at.UTC().Year(); year < firstYear || year > lastYear {
		return invalid(field, "The year is %d. Check the date.", year)
	}
	return nil
}

func (c *Customer) clean(region string) error {
	name, err := cleanText("customer.name", "The customer's name", c.Name, maxCustomerName, "")
	if err != nil {
		return err
	}
	if name == "" {
		return invalid("customer.name", "The customer's name is missing. Ask for it and send it along.")
	}
	email, err := CleanEmail("customer.email", c.Email)
	if err != nil {
		return err
	}
	phone, err := CleanPhone("customer.phone", c.Phone, region)
	if err != nil {
		return err
	}
	if phone == "" && email == "" {
		return invalid("customer.phone", "There is no way to reach the customer. Send a phone number or an e-mail address.")
	}
	c.Name, c.Email, c.Phone = name, email, phone
	return nil
}

// cleanText trims a text and refuses what cannot be stored or shown: broken UTF-8, and control
// characters other than those allowed.
func cleanText(field, what, text string, longest int, allowed string) (string, error) {
	if !utf8.ValidString(text) {
		return "", invalid(field, "%s cannot be read: it is not valid UTF-8 text.", what)
	}
	for _, char := range text {
		if unicode.IsControl(char) && !strings.ContainsRune(allowed, char) {
			return "", invalid(field, "%s has the control character %U in it. Leave it out.", what, char)
		}
	}
	text = strings.TrimSpace(text)
	if length := utf8.RuneCountInString(text); length > longest {
		return "", invalid(field, "%s has %d characters; at most %d are allowed. Shorten it.", what, length, longest)
	}
	return text, nil
}

// bookingID returns the canonical form of a booking's id. A text that is no UUID names no booking.
func bookingID(text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil || len(text) != len(uuid.Nil.String()) {
		return "", Errorf(CodeNotFound, "There is no booking %q. Check its number.", clip(text))
	}
	return id.String(), nil
}

// clip makes text that a caller sent fit to be repeated in a message.
func clip(text string) string {
	const longest = 60
	text = strings.ToValidUTF8(text, "\uFFFD")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}
