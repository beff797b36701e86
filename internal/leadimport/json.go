package leadimport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// json reads a list of objects, or an object with such a list as "leads", to its end.
func (r *reading) json(in io.Reader) error {
	decoder := json.NewDecoder(in)
	start, err := decoder.Token()
	switch {
	case err != nil:
		return jsonError(err)
	case start == json.Delim('['):
		return r.list(decoder)
	case start != json.Delim('{'):
		return notAList()
	}
	found := false
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return jsonError(err)
		}
		if name != "leads" {
			var passedOver json.RawMessage
			if err := decoder.Decode(&passedOver); err != nil {
				return jsonError(err)
			}
			continue
		}
		if start, err = decoder.Token(); err != nil {
			return jsonError(err)
		}
		if found || start != json.Delim('[') {
			return notAList()
		}
		found = true
		if err := r.list(decoder); err != nil {
			return err
		}
	}
	if !found {
		return notAList()
	}
	_, err = decoder.Token()
	return jsonError(err)
}

// list reads objects up to the end of their list.
func (r *reading) list(decoder *json.Decoder) error {
	for row := 1; decoder.More(); row++ {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return jsonError(err)
		}
		at := Problem{Row: row}
		d, err := r.object(raw)
		if err != nil {
			r.report.Rows++
			at.Column, at.Reason = reasonOf(err)
			r.report.invalid(at)
			continue
		}
		if err := r.draft(d, at); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return jsonError(err)
}

// object reads one person. Properties are recognised as columns are, those of "customFields" are custom fields, and
// numbers and booleans are taken as they are written.
func (r *reading) object(raw json.RawMessage) (lead.Draft, error) {
	var properties map[string]json.RawMessage
	if len(raw) > MaxRow {
		return lead.Draft{}, booking.Errorf(booking.CodeValidation, "The object is too long.")
	}
	if err := json.Unmarshal(raw, &properties); err != nil || properties == nil {
		return lead.Draft{}, booking.Errorf(booking.CodeValidation, "This is not an object with the properties of a person.")
	}
	var header, cells []string
	custom := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if name == "customFields" {
			if err := customFields(properties[name], custom); err != nil {
				return lead.Draft{}, err
			}
			continue
		}
		text, err := cellOf(properties[name])
		if err != nil {
			return lead.Draft{}, booking.Errorf(booking.CodeValidation, "%q is neither a text nor a list of texts.", name).WithField(name)
		}
		header, cells = append(header, name), append(cells, text)
	}
	mapping := maps.Clone(r.options.Mapping)
	maps.DeleteFunc(mapping, func(name, _ string) bool { return !slices.Contains(header, name) })
	columns, err := MapColumns(header, mapping)
	if booking.CodeOf(err) == lead.CodeUnreadableFile {
		return lead.Draft{}, booking.Errorf(booking.CodeValidation, "The phone number is missing.").WithField("phone")
	}
	if err != nil {
		return lead.Draft{}, err
	}
	d := columns.draft(cells)
	for name, value := range custom {
		if d.Custom == nil {
			d.Custom = map[string]string{}
		}
		d.Custom[name] = value
	}
	return d, nil
}

func customFields(raw json.RawMessage, into map[string]string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return booking.Errorf(booking.CodeValidation, "The custom fields are not an object.").WithField("customFields")
	}
	for name, value := range fields {
		text, err := cellOf(value)
		if err != nil {
			return booking.Errorf(booking.CodeValidation, "The custom field %q is not a text.", name).WithField("customFields")
		}
		into[name] = text
	}
	return nil
}

// cellOf is a JSON value as a cell would hold it.
func cellOf(raw json.RawMessage) (string, error) {
	var (
		text string
		list []string
	)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", nil
	case json.Unmarshal(raw, &text) == nil:
		return text, nil
	case json.Unmarshal(raw, &list) == nil:
		return strings.Join(list, ","), nil
	case raw[0] == '{' || raw[0] == '[':
		return "", errors.New("nested")
	}
	return string(raw), nil
}

func notAList() error {
	return booking.Errorf(lead.CodeUnreadableFile, `The body is no list of people. Send [{"phone": …}, …] or {"leads": […]}.`)
}

// jsonError tells syntax errors from those of reading.
func jsonError(err error) error {
	syntax := &json.SyntaxError{}
	if errors.As(err, &syntax) {
		return booking.Errorf(lead.CodeUnreadableFile, "The body is not valid JSON: %v, at byte %d. Nothing was imported.", err, syntax.Offset)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read JSON: %w", io.ErrUnexpectedEOF)
	}
	return err
}
