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

const (
	// maxElement bounds one row or property in bytes, because a decoder holds each whole. A row that is above MaxRow and
	// within this is reported like any other bad row; beyond it the body cannot be read.
	maxElement = 1 << 20
	// maxEnvelope bounds how many properties beside "leads" are looked at.
	maxEnvelope = 16
)

var errElement = errors.New("an element is too large")

// elements lets its reader have maxElement bytes, then as many again after each call of next.
type elements struct {
	in   io.Reader
	left int
}

func (e *elements) next() { e.left = maxElement }

func (e *elements) Read(into []byte) (int, error) {
	if e.left <= 0 {
		return 0, errElement
	}
	n, err := e.in.Read(into[:min(len(into), e.left)])
	e.left -= n
	return n, err
}

// json reads a list of objects, or an object with such a list as "leads", to its end.
func (r *reading) json(in io.Reader) error {
	bounded := &elements{in: in, left: maxElement}
	envelope, err := r.body(json.NewDecoder(bounded), bounded)
	if err == nil && r.options.Envelope != nil {
		err = r.options.Envelope(envelope)
	}
	return err
}

// body returns the properties beside the list.
func (r *reading) body(decoder *json.Decoder, bounded *elements) (map[string]json.RawMessage, error) {
	start, err := decoder.Token()
	switch {
	case err != nil:
		return nil, jsonError(err)
	case start == json.Delim('['):
		return nil, r.list(decoder, bounded)
	case start != json.Delim('{'):
		return nil, notAList()
	}
	found, envelope := false, map[string]json.RawMessage{}
	for decoder.More() {
		bounded.next()
		name, err := decoder.Token()
		if err != nil {
			return nil, jsonError(err)
		}
		if name != "leads" {
			var value json.RawMessage
			if err := decoder.Decode(&value); err != nil {
				return nil, jsonError(err)
			}
			if text, ok := name.(string); ok && len(envelope) < maxEnvelope {
				envelope[text] = value
			}
			continue
		}
		if start, err = decoder.Token(); err != nil {
			return nil, jsonError(err)
		}
		if found || start != json.Delim('[') {
			return nil, notAList()
		}
		found = true
		if err := r.list(decoder, bounded); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, notAList()
	}
	_, err = decoder.Token()
	return envelope, jsonError(err)
}

// list reads objects up to the end of their list.
func (r *reading) list(decoder *json.Decoder, bounded *elements) error {
	for row := 1; decoder.More(); row++ {
		bounded.next()
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
	if errors.Is(err, errElement) {
		return booking.Errorf(lead.CodeUnreadableFile, "One element of the body is larger than %d bytes. Nothing was imported.", maxElement)
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("read JSON: %w", io.ErrUnexpectedEOF)
	}
	return err
}
