package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const routeUpdate = "PATCH /api/v1/bookings/{id}"

// CustomFields are facts of the business's own about a booking, by name.
type CustomFields map[string]string

// Schema describes the fields. It is written by hand because an example of a map cannot be given in a tag.
func (CustomFields) Schema(huma.Registry) *huma.Schema {
	longest := 500
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString, MaxLength: &longest},
		Description: "Facts of the business's own, by name: at most 50, each of at most 500 characters. Names have letters, digits, hyphens, underscores and dots.",
		Examples:    []any{map[string]any{"insurer": "Acme Health"}},
	}
}

// CustomFieldChanges are new values of custom fields; null removes one.
type CustomFieldChanges map[string]*string

// Schema describes the changes.
func (CustomFieldChanges) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString, Nullable: true},
		Description: "Sets the named fields, and removes those that are null. Others stay.",
		Examples:    []any{map[string]any{"insurer": "Acme Health", "referral": nil}},
	}
}

// BookingChanges are what is to change in what a booking says about itself.
type BookingChanges struct {
	Notes        *string            `json:"notes,omitempty" nullable:"false" maxLength:"2000" doc:"Replaces the notes." example:"Needs step-free access"`
	CustomFields CustomFieldChanges `json:"customFields,omitempty"`
}

type updateInput struct {
	Idempotency
	BookingID
	IfMatch string `header:"If-Match" doc:"The ETag of the booking as you read it. If it has changed since, nothing is done (412)." example:"\"1\""`
	Body    BookingChanges
}

func (a *api) registerEditing() {
	register(a, operation{
		id: "update-booking", method: http.MethodPatch, path: "/api/v1/bookings/{id}", tag: tagBookings,
		summary: "Change notes and custom fields",
		description: "Changes what a booking says about itself, whatever its status. With `If-Match` it does so only if the booking is still what you " +
			"read, else the answer is VERSION_CONFLICT (412). Times and people have operations of their own.",
		scope: auth.ScopeBookingsWrite, timeout: 10 * time.Second, errors: append([]int{http.StatusPreconditionFailed}, changeErrors...),
	}, a.update)
}

func (a *api) update(ctx context.Context, in *updateInput) (*changed, error) {
	version, err := versionOf(in.IfMatch)
	if err != nil {
		return nil, err
	}
	claim, err := in.claim(ctx, routeUpdate, in.ID, version)
	if err != nil {
		return nil, err
	}
	updated, replayed, err := tenant.FromContext(ctx).Bookings.Update(ctx, booking.UpdateRequest{
		ID: in.ID, Notes: in.Body.Notes, CustomFields: in.Body.CustomFields, Version: version, Actor: actorOf(ctx), Idempotency: claim,
	})
	return a.answer(ctx, "update", updated, replayed, err)
}

// etag is a booking's version as an entity tag.
func etag(b booking.Booking) string { return strconv.Quote(strconv.Itoa(b.Version)) }

// versionOf reads the version out of an If-Match header; 0 is any.
func versionOf(ifMatch string) (int, error) {
	if ifMatch == "" || ifMatch == "*" {
		return 0, nil
	}
	text, err := strconv.Unquote(ifMatch)
	if err == nil {
		if version, err := strconv.Atoi(text); err == nil && version > 0 {
			return version, nil
		}
	}
	return 0, invalidField("If-Match", `If-Match is not the ETag of a booking. Send it as it was given, such as "3", or leave it out.`)
}
