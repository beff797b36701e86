package httpapi

import (
	"bytes"
	"slices"
	"strconv"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// freeSlots is a FreeSlots that is not encoded yet.
type freeSlots struct {
	service ServiceRef
	zone    *time.Location
	slots   []booking.Slot
	more    bool
}

// slotSize is about how long one slot is when it is encoded.
const slotSize = 192

// appendJSON appends the whole answer, as encode(Success[FreeSlots]{…}) would write it. That takes ten times as long, and
// a week has more than a hundred slots.
func (f *freeSlots) appendJSON(out []byte) []byte {
	out = append(slices.Grow(out, 256+len(f.slots)*slotSize), `{"ok":true,"data":{"service":{"id":`...)
	out = appendText(out, f.service.ID)
	out = append(out, `,"name":`...)
	out = appendText(out, f.service.Name)
	out = append(out, `},"timeZone":`...)
	out = appendText(out, f.zone.String())
	out = append(out, `,"slots":[`...)
	var who resourceLists
	for i, slot := range f.slots {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendTime(append(out, `{"start":`...), slot.Start.In(f.zone))
		out = appendTime(append(out, `,"end":`...), slot.End.In(f.zone))
		out = appendTime(append(out, `,"startUtc":`...), slot.Start.UTC())
		out = append(append(out, `,"resources":`...), who.encoded(slot.Candidates)...)
		out = strconv.AppendInt(append(out, `,"placesLeft":`...), int64(slot.PlacesLeft), 10)
		out = append(out, '}')
	}
	out = append(out, `],"more":`...)
	return append(strconv.AppendBool(out, f.more), "}}\n"...)
}

// appendTime appends a time as time.Time encodes itself. Its year has four digits: others are refused before.
func appendTime(out []byte, at time.Time) []byte {
	return append(at.AppendFormat(append(out, '"'), time.RFC3339Nano), '"')
}

// appendText appends a text as encode would. Names and ids rarely have anything in them that must be escaped.
func appendText(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return append(out, escaped(text)...)
		}
	}
	return append(append(append(out, '"'), text...), '"')
}

func escaped(text string) []byte {
	encoded, err := encode(text)
	if err != nil {
		return []byte(`""`) // a string can always be encoded
	}
	return bytes.TrimSuffix(encoded, []byte("\n"))
}

// maxResourceLists bounds how many lists are compared with for each slot.
const maxResourceLists = 8

// resourceLists are lists of resources that are encoded already. Slots share the slices that they are made from.
type resourceLists []resourceList

type resourceList struct {
	of      *booking.Assignment
	encoded []byte
}

// encoded is the list of a slot's resources.
func (l *resourceLists) encoded(candidates []booking.Assignment) []byte {
	if len(candidates) == 0 {
		return []byte("[]")
	}
	for _, known := range *l {
		if known.of == &candidates[0] {
			return known.encoded
		}
	}
	encoded := []byte{'['}
	for i, id := range freeResources(candidates) {
		if i > 0 {
			encoded = append(encoded, ',')
		}
		encoded = appendText(encoded, id)
	}
	encoded = append(encoded, ']')
	if len(*l) < maxResourceLists {
		*l = append(*l, resourceList{&candidates[0], encoded})
	}
	return encoded
}
