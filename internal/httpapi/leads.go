package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// NewLead is what somebody says about a person.
type NewLead struct {
	Phone        string            `json:"phone" minLength:"1" maxLength:"40" doc:"Phone number, with its country code or as written in the business's country. It says who this is." example:"+442079460123"`
	Name         string            `json:"name,omitempty" maxLength:"120" example:"Ann Miller"`
	Email        string            `json:"email,omitempty" maxLength:"254" example:"ann@example.com"`
	Status       lead.Status       `json:"status,omitempty" enum:"new,contacted,no_answer,engaged,booked,cancelled,not_interested,opted_out" doc:"For somebody who is not known yet; new without it." example:"new"`
	Tags         []string          `json:"tags,omitempty" maxItems:"50" doc:"In lower case; added to those that are there." example:"[\"recall-2026\"]"`
	Source       string            `json:"source,omitempty" maxLength:"100" doc:"Where you have the person from." example:"website"`
	Notes        string            `json:"notes,omitempty" maxLength:"4000" example:"Prefers mornings"`
	CustomFields map[string]string `json:"customFields,omitempty" doc:"Your own fields, at most 50." example:"{\"car\": \"Mini\"}"`
}

// LeadPatch changes some fields of a person; those that are absent stay.
type LeadPatch struct {
	Phone           *string            `json:"phone,omitempty" minLength:"1" maxLength:"40" example:"+442079460123"`
	Name            *string            `json:"name,omitempty" maxLength:"120" example:"Ann Lee"`
	Email           *string            `json:"email,omitempty" maxLength:"254" example:"ann.lee@example.com"`
	Status          *lead.Status       `json:"status,omitempty" enum:"new,contacted,no_answer,engaged,booked,cancelled,not_interested,opted_out" doc:"Which are possible depends on the present one; a refusal lists them." example:"contacted"`
	Tags            *[]string          `json:"tags,omitempty" maxItems:"50" doc:"Replaces all tags." example:"[\"vip\"]"`
	Source          *string            `json:"source,omitempty" maxLength:"100" example:"referral"`
	Notes           *string            `json:"notes,omitempty" maxLength:"4000" example:"Call after five"`
	CustomFields    map[string]*string `json:"customFields,omitempty" doc:"Sets fields; null, or an empty text, removes one. Others stay." example:"{\"car\": \"Golf\"}"`
	LastContactedAt *time.Time         `json:"lastContactedAt,omitempty" example:"2026-11-20T14:03:11Z"`
}

// LeadID names a person in the path.
type LeadID struct {
	ID string `path:"id" doc:"Id of the person." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
}

// leadOut is an answer with one person.
type leadOut struct {
	Status   int
	ETag     string `header:"ETag" doc:"Version of the person, for If-Match."`
	Replayed string `header:"Idempotency-Replayed" doc:"true when this request repeats an earlier one and nothing was done."`
	Body     Success[Lead]
}

type createLeadInput struct {
	Idempotency
	Body NewLead
}

type patchLeadInput struct {
	Idempotency
	LeadID
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag that you have seen: if the person changed since, nothing is done (412). * or nothing changes whatever is there." example:"\"3\""`
	Body    LeadPatch
}

type mergeLeadsInput struct {
	Idempotency
	LeadID
	Body LeadMerge
}

// LeadMerge names who is to become part of somebody.
type LeadMerge struct {
	Other string `json:"other" format:"uuid" doc:"Id of the person who goes: everything of theirs becomes part of the one in the path." example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c33"`
}

const (
	routeCreateLead = "POST /api/v1/leads"
	routePatchLead  = "PATCH /api/v1/leads/{id}"
	routeMergeLeads = "POST /api/v1/leads/{id}/merge"
	routeImport     = "POST /api/v1/leads/import"
)

func (a *api) registerLeads() {
	writing := []int{http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInsufficientStorage}
	register(a, operation{
		id: "create-lead", method: http.MethodPost, path: "/api/v1/leads", tag: tagLeads, status: http.StatusCreated,
		summary: "Create a person",
		description: "Keeps a person (201). A number that is known already is answered with who has it (200), together with what is new: name and " +
			"e-mail address replace the old ones, tags and custom fields are added, source and notes are filled in only where there are none, and the status stays.",
		scope: auth.ScopeLeadsWrite, timeout: 10 * time.Second, errors: writing, other: a.alsoOK(typeOf[Success[Lead]](), "The number was known already."),
	}, a.createLead)
	register(a, operation{
		id: "list-leads", method: http.MethodGet, path: "/api/v1/leads", tag: tagLeads,
		summary: "List people", description: "Lists people, the newest first, page by page.",
		scope: auth.ScopeLeadsRead, timeout: 10 * time.Second,
	}, a.listLeads)
	register(a, operation{
		id: "get-lead", method: http.MethodGet, path: "/api/v1/leads/{id}", tag: tagLeads,
		summary: "Read a person", description: "Returns a person as it is now. The id of somebody who was merged returns whom they became part of.",
		scope: auth.ScopeLeadsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, a.getLead)
	register(a, operation{
		id: "change-lead", method: http.MethodPatch, path: "/api/v1/leads/{id}", tag: tagLeads,
		summary: "Change a person", description: "Changes the fields that are sent. With If-Match nothing is done if somebody else changed the person in the meantime.",
		scope: auth.ScopeLeadsWrite, timeout: 10 * time.Second, errors: append(writing, http.StatusPreconditionFailed),
	}, a.patchLead)
	register(a, operation{
		id: "erase-lead", method: http.MethodDelete, path: "/api/v1/leads/{id}", tag: tagLeads,
		summary: "Erase a person",
		description: "Removes everything personal for good, in one transaction. Bookings and history stay without it, live bookings keep their time, and an opt-out " +
			"stays in force, as a keyed hash of the number.",
		scope: auth.ScopeLeadsWrite, timeout: 10 * time.Second, errors: []int{http.StatusNotFound},
	}, a.eraseLead)
	register(a, operation{
		id: "merge-leads", method: http.MethodPost, path: "/api/v1/leads/{id}/merge", tag: tagLeads,
		summary: "Merge two people",
		description: "Makes one person of two. What the one in the path lacks comes from the other; numbers, tags, notes, custom fields, bookings and history come " +
			"together. If one of them opted out, all their numbers are opted out.",
		scope: auth.ScopeLeadsWrite, timeout: 15 * time.Second, errors: writing,
	}, a.mergeLeads)
	register(a, operation{
		id: "list-lead-events", method: http.MethodGet, path: "/api/v1/leads/{id}/timeline", tag: tagLeads,
		summary: "Read a person's timeline", description: "Lists what happened to a person and their bookings, the newest first, page by page.",
		scope: auth.ScopeLeadsRead, timeout: 10 * time.Second, errors: []int{http.StatusNotFound},
	}, a.leadTimeline)
	register(a, operation{
		id: "export-lead", method: http.MethodGet, path: "/api/v1/leads/{id}/export", tag: tagLeads,
		summary: "Export everything about a person", description: "Everything that is kept about one person, for a request under data protection law.",
		scope: auth.ScopeLeadsRead, timeout: 15 * time.Second, errors: []int{http.StatusNotFound},
	}, a.exportLead)
}

// people returns the tenant's people.
func people(ctx context.Context) (*lead.Service, error) {
	service := tenant.FromContext(ctx).Leads
	if service == nil {
		return nil, unavailable(string(booking.CodeStorageUnavailable), "This server's database keeps no people.")
	}
	return service, nil
}

func (a *api) createLead(ctx context.Context, in *createLeadInput) (*leadOut, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := in.claim(ctx, routeCreateLead)
	if err != nil {
		return nil, err
	}
	person, outcome, replayed, err := service.Create(ctx, lead.NewPerson{
		Draft: lead.Draft{
			Name: in.Body.Name, Phone: in.Body.Phone, Email: in.Body.Email, Status: in.Body.Status, Tags: in.Body.Tags,
			Source: in.Body.Source, Notes: in.Body.Notes, Custom: in.Body.CustomFields,
		},
		Actor: actorOf(ctx), Idempotency: claim,
	})
	if err != nil {
		return nil, err
	}
	out, err := a.leadAnswer(ctx, service, person, replayed)
	if err == nil && outcome == lead.Created {
		out.Status = http.StatusCreated
	}
	return out, err
}

func (a *api) getLead(ctx context.Context, in *LeadID) (*leadOut, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	person, err := service.Get(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.leadAnswer(ctx, service, person, false)
}

func (a *api) patchLead(ctx context.Context, in *patchLeadInput) (*leadOut, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	version, err := parseETag(in.IfMatch)
	if err != nil {
		return nil, err
	}
	claim, err := in.claim(ctx, routePatchLead, in.ID, in.IfMatch)
	if err != nil {
		return nil, err
	}
	person, replayed, err := service.Change(ctx, lead.PatchRequest{
		ID: in.ID, Version: version, Actor: actorOf(ctx), Idempotency: claim,
		Patch: lead.Patch{
			Name: in.Body.Name, Phone: in.Body.Phone, Email: in.Body.Email, Source: in.Body.Source, Notes: in.Body.Notes,
			Status: in.Body.Status, Tags: in.Body.Tags, Custom: in.Body.CustomFields, LastContactedAt: in.Body.LastContactedAt,
		},
	})
	if err != nil {
		return nil, err
	}
	return a.leadAnswer(ctx, service, person, replayed)
}

func (a *api) mergeLeads(ctx context.Context, in *mergeLeadsInput) (*leadOut, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	claim, err := in.claim(ctx, routeMergeLeads, in.ID)
	if err != nil {
		return nil, err
	}
	person, replayed, err := service.Merge(ctx, lead.Merging{ID: in.ID, OtherID: in.Body.Other, Actor: actorOf(ctx), Idempotency: claim})
	if err != nil {
		return nil, err
	}
	return a.leadAnswer(ctx, service, person, replayed)
}

// Erased says that a person is no more.
type Erased struct {
	ID     string `json:"id" format:"uuid" example:"01947c4e-7c1a-7e55-9f6d-2f0a3e9b1c22"`
	Erased bool   `json:"erased" doc:"Always true." example:"true"`
}

func (a *api) eraseLead(ctx context.Context, in *LeadID) (*output[Erased], error) {
	service, err := people(ctx)
	if err == nil {
		err = service.Erase(ctx, in.ID, actorOf(ctx))
	}
	if err != nil {
		return nil, err
	}
	return succeed(Erased{ID: in.ID, Erased: true}), nil
}

// leadAnswer is the answer with one person, as the registry of opt-outs knows it now.
func (a *api) leadAnswer(ctx context.Context, service *lead.Service, person lead.Person, replayed bool) (*leadOut, error) {
	optedOut, err := service.OptedOut(ctx, []lead.Person{person})
	if err != nil {
		return nil, err
	}
	out := &leadOut{
		Status: http.StatusOK, ETag: strconv.Quote(strconv.Itoa(person.Version)),
		Body: Success[Lead]{OK: true, Data: leadView(person, optedOut[person.ID], a.Clock())},
	}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// parseETag reads If-Match; 0 means any version.
func parseETag(text string) (int, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "*" {
		return 0, nil
	}
	unquoted, err := strconv.Unquote(strings.TrimPrefix(text, "W/"))
	if err == nil {
		if version, err := strconv.Atoi(unquoted); err == nil && version > 0 {
			return version, nil
		}
	}
	return 0, invalidField("If-Match", `If-Match must be an ETag that an answer gave, such as "3", or *.`)
}
