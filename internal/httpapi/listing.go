package httpapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

type listInput struct {
	From     string   `query:"from" doc:"Starts at or after this date or time." example:"2026-11-24"`
	To       string   `query:"to" doc:"Starts on or before this date, or before this time." example:"2026-11-24"`
	Status   []string `query:"status" enum:"held,pending,confirmed,cancelled,completed,no_show,expired" doc:"Only these statuses, separated by commas." example:"[\"confirmed\"]"`
	Service  string   `query:"service" doc:"Only this service." example:"checkup"`
	Resource string   `query:"resource" doc:"Only bookings that occupy this resource." example:"dr-khan"`
	Phone    string   `query:"phone" doc:"Only the customer with this number." example:"+442079460123"`
	Cursor   string   `query:"cursor" maxLength:"200" doc:"Where the page starts: nextCursor of the page before."`
	Limit    int      `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many bookings." example:"50"`
}

// Page is one page of bookings.
type Page struct {
	Bookings   []Booking `json:"bookings"`
	NextCursor string    `json:"nextCursor,omitempty" doc:"Where the next page starts; absent on the last page."`
}

func listBookings(ctx context.Context, in *listInput) (*output[Page], error) {
	current := tenant.FromContext(ctx)
	filter, err := in.filter(current.Location)
	if err != nil {
		return nil, err
	}
	bookings, next, more, err := current.Bookings.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	page := Page{Bookings: make([]Booking, len(bookings))}
	for i, b := range bookings {
		page.Bookings[i] = bookingView(b, current.Bookings.Catalog())
	}
	if more {
		page.NextCursor = encodeCursor(next)
	}
	return succeed(page), nil
}

func (in *listInput) filter(zone *time.Location) (booking.Filter, error) {
	filter := booking.Filter{ServiceID: in.Service, ResourceID: in.Resource, Phone: in.Phone, Limit: in.Limit}
	for _, status := range in.Status {
		filter.Statuses = append(filter.Statuses, booking.Status(status))
	}
	var err error
	if filter.From, err = firstMoment("from", in.From, zone); err != nil {
		return filter, err
	}
	if filter.To, err = lastMoment("to", in.To, zone); err != nil {
		return filter, err
	}
	filter.After, err = decodeCursor(in.Cursor)
	return filter, err
}

// A cursor is opaque to callers, so that its content may change.
const cursorVersion = "1"

func encodeCursor(p booking.Position) string {
	text := fmt.Sprintf("%s.%d.%s", cursorVersion, p.Start.UnixMicro(), p.ID)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

func decodeCursor(cursor string) (booking.Position, error) {
	if cursor == "" {
		return booking.Position{}, nil
	}
	malformed := invalidField("cursor", "The cursor is not one of ours. Use nextCursor as it was given, or leave it out to start over.")
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return booking.Position{}, malformed
	}
	parts := strings.Split(string(text), ".")
	if len(parts) != 3 || parts[0] != cursorVersion {
		return booking.Position{}, malformed
	}
	micros, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || uuid.Validate(parts[2]) != nil {
		return booking.Position{}, malformed
	}
	return booking.Position{Start: time.UnixMicro(micros).UTC(), ID: parts[2]}, nil
}
