package httpapi

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// Lead is a person: a lead or a customer.
type Lead struct {
	ID              string            `json:"id" format:"uuid" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
	Name            string            `json:"name" example:"Ann Miller"`
	Phone           string            `json:"phone,omitempty" doc:"In E.164 form; absent only for somebody who booked with an e-mail address alone." example:"+442079460123"`
	OtherPhones     []string          `json:"otherPhones,omitempty" doc:"Numbers of people who were merged into this one." example:"[\"+442079460124\"]"`
	Email           string            `json:"email,omitempty" example:"ann@example.com"`
	Status          lead.Status       `json:"status" enum:"new,contacted,no_answer,engaged,booked,cancelled,not_interested,opted_out" example:"new"`
	OptedOut        bool              `json:"optedOut" doc:"Whether one of the numbers must not be contacted, as the registry has it now." example:"false"`
	Tags            []string          `json:"tags" example:"[\"recall-2026\"]"`
	Source          string            `json:"source,omitempty" example:"website"`
	Notes           string            `json:"notes,omitempty" example:"Prefers mornings"`
	CustomFields    map[string]string `json:"customFields,omitempty" example:"{\"car\": \"Mini\"}"`
	Score           int               `json:"score" minimum:"0" maximum:"100" doc:"How promising it is to contact the person now." example:"70"`
	ScoreFactors    []ScoreFactor     `json:"scoreFactors" doc:"What the score is made of."`
	LastContactedAt *time.Time        `json:"lastContactedAt,omitempty"`
	CreatedAt       time.Time         `json:"createdAt" example:"2026-11-20T14:03:11Z"`
	UpdatedAt       time.Time         `json:"updatedAt" example:"2026-11-20T14:03:11Z"`
	Version         int               `json:"version" doc:"Counts changes, from 1." example:"1"`
}

// ScoreFactor is one reason for a score.
type ScoreFactor struct {
	Factor string `json:"factor" example:"age"`
	Points int    `json:"points" example:"25"`
	Reason string `json:"reason" example:"Came in the last two days"`
}

// LeadPage is one page of people.
type LeadPage struct {
	Leads      []Lead `json:"leads"`
	NextCursor string `json:"nextCursor,omitempty" doc:"Where the next page starts; absent on the last page."`
}

// LeadEvent is one line of a timeline.
type LeadEvent struct {
	Type      lead.EventType    `json:"type" doc:"lead.…, booking.… or waitlist.…" example:"lead.status_changed"`
	At        time.Time         `json:"at" example:"2026-11-20T14:03:11Z"`
	Details   map[string]string `json:"details,omitempty" doc:"Ids, statuses and names of fields; never their content." example:"{\"from\": \"new\", \"to\": \"contacted\"}"`
	BookingID string            `json:"bookingId,omitempty" doc:"The booking it is about, if it is about one."`
	Actor     string            `json:"actor" doc:"Who did it: key:<id>, customer or system." example:"key:k3j9x0a1b2c3"`
	Channel   string            `json:"channel" doc:"Through what: api, web, voice or sms." example:"api"`
}

// Timeline is one page of what happened to a person.
type Timeline struct {
	Events     []LeadEvent `json:"events"`
	NextCursor string      `json:"nextCursor,omitempty" doc:"Where the next page starts; absent on the last page."`
}

// LeadRecord is everything that is kept about one person.
type LeadRecord struct {
	Lead     Lead        `json:"lead"`
	Bookings []Booking   `json:"bookings"`
	Timeline []LeadEvent `json:"timeline"`
}

func leadView(p lead.Person, optedOut bool, now time.Time) Lead {
	score, factors := lead.Score(p, optedOut, now)
	view := Lead{
		ID: p.ID, Name: p.Name, Phone: p.Phone, OtherPhones: p.OtherPhones, Email: p.Email, Status: p.Status, OptedOut: optedOut,
		Tags: append([]string{}, p.Tags...), Source: p.Source, Notes: p.Notes, CustomFields: p.Custom, Score: score,
		ScoreFactors: make([]ScoreFactor, len(factors)), LastContactedAt: optionalTime(p.LastContactedAt),
		CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(), Version: p.Version,
	}
	for i, factor := range factors {
		view.ScoreFactors[i] = ScoreFactor{Factor: factor.Name, Points: factor.Points, Reason: factor.Reason}
	}
	return view
}

type listLeadsInput struct {
	Status []lead.Status `query:"status" enum:"new,contacted,no_answer,engaged,booked,cancelled,not_interested,opted_out" doc:"Only these statuses, separated by commas." example:"[\"new\"]"`
	Tag    []string      `query:"tag" maxItems:"50" doc:"Only people with all of these tags, separated by commas." example:"[\"recall-2026\"]"`
	Source []string      `query:"source" maxItems:"50" doc:"Only people from one of these sources, separated by commas." example:"[\"website\"]"`
	Text   string        `query:"text" maxLength:"120" doc:"Only people with this text in their name, e-mail address or number." example:"miller"`
	Phone  string        `query:"phone" maxLength:"40" doc:"Only who has this number." example:"+442079460123"`
	Since  string        `query:"createdSince" maxLength:"40" doc:"Only people who were created on or after this date or time." example:"2026-11-01"`
	Cursor string        `query:"cursor" maxLength:"200" doc:"Where the page starts: nextCursor of the page before."`
	Limit  int           `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many people." example:"50"`
}

func (in *listLeadsInput) filter(zone *time.Location) (lead.Filter, error) {
	since, err := firstMoment("createdSince", in.Since, zone)
	if err != nil {
		return lead.Filter{}, err
	}
	after, err := decodeLeadCursor(in.Cursor)
	return lead.Filter{
		Statuses: in.Status, Tags: in.Tag, Sources: in.Source, Text: in.Text, Phone: in.Phone, CreatedSince: since, After: after, Limit: in.Limit,
	}, err
}

func (a *api) listLeads(ctx context.Context, in *listLeadsInput) (*output[LeadPage], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	filter, err := in.filter(tenant.FromContext(ctx).Location)
	if err != nil {
		return nil, err
	}
	found, next, more, err := service.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	optedOut, err := service.OptedOut(ctx, found)
	if err != nil {
		return nil, err
	}
	page := LeadPage{Leads: make([]Lead, len(found))}
	for i, person := range found {
		page.Leads[i] = leadView(person, optedOut[person.ID], a.Clock())
	}
	if more {
		page.NextCursor = encodeLeadCursor(next)
	}
	return succeed(page), nil
}

// Cursors are opaque to callers, so that their content may change. The letter tells one kind from another.
const (
	leadCursor     = "l1."
	timelineCursor = "t1."
)

func encodeLeadCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(leadCursor + id))
}

func decodeLeadCursor(cursor string) (string, error) {
	text, found := decodeOpaque(cursor, leadCursor)
	if cursor == "" {
		return "", nil
	}
	id, err := uuid.Parse(text)
	if !found || err != nil {
		return "", malformedCursor()
	}
	return id.String(), nil
}

func encodeTimelineCursor(p lead.Position) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s%d.%s.%d", timelineCursor, p.At.UnixMicro(), p.Kind, p.Sequence))
}

func decodeTimelineCursor(cursor string) (lead.Position, error) {
	if cursor == "" {
		return lead.Position{}, nil
	}
	text, found := decodeOpaque(cursor, timelineCursor)
	parts := strings.Split(text, ".")
	if !found || len(parts) != 3 || parts[1] != "b" && parts[1] != "l" {
		return lead.Position{}, malformedCursor()
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	sequence, err2 := strconv.ParseInt(parts[2], 10, 64)
	at := time.UnixMicro(micros).UTC()
	if err != nil || err2 != nil || at.Year() < 1970 || at.Year() > 9999 {
		return lead.Position{}, malformedCursor()
	}
	return lead.Position{At: at, Kind: parts[1], Sequence: sequence}, nil
}

func decodeOpaque(cursor, prefix string) (string, bool) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(text), prefix)
}

func malformedCursor() error {
	return invalidField("cursor", "The cursor is not one of ours. Use nextCursor as it was given, or leave it out to start over.")
}

type timelineInput struct {
	LeadID
	Cursor string `query:"cursor" maxLength:"200" doc:"Where the page starts: nextCursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many events." example:"50"`
}

func (a *api) leadTimeline(ctx context.Context, in *timelineInput) (*output[Timeline], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	after, err := decodeTimelineCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	entries, next, more, err := service.Timeline(ctx, in.ID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	page := Timeline{Events: leadEventViews(entries)}
	if more {
		page.NextCursor = encodeTimelineCursor(next)
	}
	return succeed(page), nil
}

func leadEventViews(entries []lead.Entry) []LeadEvent {
	views := make([]LeadEvent, len(entries))
	for i, e := range entries {
		views[i] = LeadEvent{Type: e.Type, At: e.Position.At, Details: e.Details, BookingID: e.BookingID, Actor: e.Actor, Channel: e.Channel}
	}
	return views
}

func (a *api) exportLead(ctx context.Context, in *LeadID) (*output[LeadRecord], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	record, err := service.Record(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	view := LeadRecord{
		Lead: leadView(record.Person, record.OptedOut, a.Clock()), Bookings: make([]Booking, len(record.Bookings)), Timeline: leadEventViews(record.Timeline),
	}
	catalog := tenant.FromContext(ctx).Bookings.Catalog()
	for i, b := range record.Bookings {
		view.Bookings[i] = bookingView(b, catalog)
	}
	return succeed(view), nil
}

// alsoOK describes the answer 200 of an operation whose usual one is another.
func (a *api) alsoOK(answer reflect.Type, description string) map[string]*huma.Response {
	return map[string]*huma.Response{strconv.Itoa(http.StatusOK): {
		Description: description,
		Content:     map[string]*huma.MediaType{contentTypeJSON: {Schema: a.huma.OpenAPI().Components.Schemas.Schema(answer, true, "")}},
	}}
}
