package compat

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

type object = map[string]any

// maxPeople is the longest list of people that the earlier system gave.
const maxPeople = 1000

type newLead struct {
	ClientKey, Service, Source, Name, Phone, Email, Notes string
	Lead                                                  struct{ Name, Phone, Email string }
}

func createLead(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	var in newLead
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := checkClient(r, in.ClientKey); err != nil {
		return err
	}
	draft := lead.Draft{Name: in.Name, Phone: in.Phone, Email: in.Email, Source: in.Source, Notes: in.Notes}
	if in.Lead.Phone != "" {
		draft.Name, draft.Phone, draft.Email = in.Lead.Name, in.Lead.Phone, in.Lead.Email
	}
	if in.Service != "" {
		draft.Custom = map[string]string{"service": in.Service}
	}
	p, outcome, _, err := people.Create(r.Context(), lead.NewPerson{Draft: draft, Actor: h.Actor(r.Context())})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if outcome == lead.Created {
		status = http.StatusCreated
	}
	return answerJSON(w, status, object{"ok": true, "override": false, "lead": object{
		"id": p.ID, "tenantId": tenant.FromContext(r.Context()).Document.Tenant.Name, "name": p.Name, "phone": p.Phone, "source": p.Source,
		"service": p.Custom["service"], "status": p.Status, "createdAt": p.CreatedAt, "updatedAt": p.UpdatedAt,
	}})
}

// leadView is a person in the earlier system's shape.
func leadView(p lead.Person, optedOut bool, now time.Time) object {
	score, _ := lead.Score(p, optedOut, now)
	view := object{
		"id": p.ID, "name": p.Name, "phone": p.Phone, "email": nil, "status": p.Status, "tags": append([]string{}, p.Tags...), "source": p.Source,
		"score": score, "notes": p.Notes, "customFields": p.Custom, "created_at": p.CreatedAt, "updated_at": p.UpdatedAt, "last_contacted_at": nil,
	}
	if p.Email != "" {
		view["email"] = p.Email
	}
	if p.Custom == nil {
		view["customFields"] = object{}
	}
	if !p.LastContactedAt.IsZero() {
		view["last_contacted_at"] = p.LastContactedAt
	}
	return view
}

func listLeads(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	query, limit := r.URL.Query(), maxPeople
	if query.Get("clientKey") == "" {
		return booking.Errorf(booking.CodeValidation, "clientKey is required").WithField("clientKey")
	}
	if text := query.Get("limit"); text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxPeople {
			return booking.Errorf(booking.CodeValidation, "The limit must be a number from 1 to %d.", maxPeople).WithField("limit")
		}
	}
	var filter lead.Filter
	if status := query.Get("status"); status != "" {
		filter.Statuses = []lead.Status{lead.Status(status)}
	}
	views := []object{}
	for len(views) < limit {
		filter.Limit = min(limit-len(views), lead.MaxPageSize)
		page, next, more, err := people.List(r.Context(), filter)
		if err != nil {
			return err
		}
		optedOut, err := people.OptedOut(r.Context(), page)
		if err != nil {
			return err
		}
		for _, p := range page {
			views = append(views, leadView(p, optedOut[p.ID], h.Clock()))
		}
		if filter.After = next; !more {
			break
		}
	}
	return answerJSON(w, http.StatusOK, object{"success": true, "count": len(views), "leads": views})
}

func getLead(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	p, err := people.Get(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	return answerLead(h, people, w, r, p)
}

func answerLead(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request, p lead.Person) error {
	optedOut, err := people.OptedOut(r.Context(), []lead.Person{p})
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, object{"success": true, "lead": leadView(p, optedOut[p.ID], h.Clock())})
}

// updateLead changes what is sent. A score is computed, so that one that is sent has no effect.
func updateLead(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	var in struct {
		ClientKey                         string
		Name, Phone, Email, Status, Notes *string
		Tags                              *[]string
		CustomFields                      map[string]*string
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := checkClient(r, in.ClientKey); err != nil {
		return err
	}
	patch := lead.Patch{Name: in.Name, Phone: in.Phone, Email: in.Email, Notes: in.Notes, Tags: in.Tags, Custom: in.CustomFields}
	if in.Status != nil {
		status := lead.Status(strings.ToLower(*in.Status))
		if status == "pending" { // people who waited to be called
			status = lead.StatusNew
		}
		patch.Status = &status
	}
	p, _, err := people.Change(r.Context(), lead.PatchRequest{ID: chi.URLParam(r, "id"), Patch: patch, Actor: h.Actor(r.Context())})
	if err != nil {
		return err
	}
	return answerLead(h, people, w, r, p)
}

func listOptOuts(_ LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	list, after := []object{}, ""
	for {
		page, next, more, err := people.OptOuts(r.Context(), after, lead.MaxPageSize)
		if err != nil {
			return err
		}
		for _, o := range page {
			list = append(list, object{"phone": o.Phone, "reason": o.Reason, "active": true, "created_at": o.CreatedAt})
		}
		if after = next; !more {
			return answerJSON(w, http.StatusOK, object{"ok": true, "count": len(list), "list": list})
		}
	}
}

type optOut struct{ ClientKey, Phone, Reason string }

func addOptOut(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	var in optOut
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := checkClient(r, in.ClientKey); err != nil {
		return err
	}
	entry, _, err := people.OptOut(r.Context(), lead.NewOptOut{Phone: in.Phone, Reason: in.Reason, Actor: h.Actor(r.Context())})
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, object{"ok": true, "phone": entry.Phone})
}

func removeOptOut(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	var in optOut
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if err := checkClient(r, in.ClientKey); err != nil {
		return err
	}
	phone, _, err := people.OptIn(r.Context(), in.Phone, h.Actor(r.Context()))
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, object{"ok": true, "phone": phone})
}
