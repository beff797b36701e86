package httpapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// NewOptOut is a number that must not be contacted.
type NewOptOut struct {
	Phone  string `json:"phone" minLength:"1" maxLength:"40" doc:"Phone number, with its country code or as written in the business's country." example:"+442079460123"`
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the record." example:"Asked us not to call"`
}

// OptOut is an entry of the registry.
type OptOut struct {
	Phone     string    `json:"phone,omitempty" doc:"In E.164 form. Absent when the person was erased: the number is then kept as a hash only." example:"+442079460123"`
	Reason    string    `json:"reason,omitempty" example:"Asked us not to call"`
	Channel   string    `json:"channel" doc:"Through what it came: api, web, voice or sms." example:"sms"`
	Actor     string    `json:"actor" doc:"Who entered it: key:<id>, customer or system." example:"customer"`
	CreatedAt time.Time `json:"createdAt" example:"2026-11-20T14:03:11Z"`
}

// OptOutPage is one page of the registry.
type OptOutPage struct {
	OptOuts    []OptOut `json:"optOuts"`
	NextCursor string   `json:"nextCursor,omitempty" doc:"Where the next page starts; absent on the last page."`
}

// OptedIn says that a number may be contacted again.
type OptedIn struct {
	Phone   string `json:"phone" example:"+442079460123"`
	Removed bool   `json:"removed" doc:"false when the number was not opted out." example:"true"`
}

type newOptOutInput struct{ Body NewOptOut }

type optOutOutput struct {
	Status int
	Body   Success[OptOut]
}

// PhonePath names a number in the path.
type PhonePath struct {
	Phone string `path:"phone" maxLength:"40" doc:"The number, with its plus as %2B or as written in the business's country." example:"+442079460123"`
}

type listOptOutsInput struct {
	Cursor string `query:"cursor" maxLength:"200" doc:"Where the page starts: nextCursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"At most so many entries." example:"50"`
}

const optOutCursor = "o1."

func (a *api) registerOptOuts() {
	register(a, operation{
		id: "add-opt-out", method: http.MethodPost, path: "/api/v1/opt-outs", tag: tagLeads, status: http.StatusCreated,
		summary: "Opt a number out",
		description: "From the moment this is answered, nobody is called or texted on the number. Answers 200 when it was opted out already. Opting out twice does no harm, so " +
			"there is no need for an Idempotency-Key.",
		scope: auth.ScopeLeadsWrite, timeout: 10 * time.Second, other: a.alsoOK(typeOf[Success[OptOut]](), "The number was opted out already."),
		errors: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, addOptOut)
	register(a, operation{
		id: "list-opt-outs", method: http.MethodGet, path: "/api/v1/opt-outs", tag: tagLeads,
		summary: "List opted-out numbers", description: "Lists the registry, the newest first, page by page.",
		scope: auth.ScopeLeadsRead, timeout: 10 * time.Second,
	}, listOptOuts)
	register(a, operation{
		id: "get-opt-out", method: http.MethodGet, path: "/api/v1/opt-outs/{phone}", tag: tagLeads,
		summary: "Ask whether a number is opted out", description: "Answers 404 when it is not. It is found even when the person was erased.",
		scope: auth.ScopeLeadsRead, timeout: 5 * time.Second, errors: []int{http.StatusNotFound},
	}, getOptOut)
	register(a, operation{
		id: "remove-opt-out", method: http.MethodDelete, path: "/api/v1/opt-outs/{phone}", tag: tagLeads,
		summary: "Opt a number in again", description: "Only for somebody who asked for it. Who has the number becomes contacted, or booked with a live booking.",
		scope: auth.ScopeLeadsWrite, timeout: 10 * time.Second,
	}, removeOptOut)
}

func addOptOut(ctx context.Context, in *newOptOutInput) (*optOutOutput, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	entry, added, err := service.OptOut(ctx, lead.NewOptOut{Phone: in.Body.Phone, Reason: in.Body.Reason, Actor: actorOf(ctx)})
	if err != nil {
		return nil, err
	}
	out := &optOutOutput{Status: http.StatusOK, Body: Success[OptOut]{OK: true, Data: optOutView(entry)}}
	if added {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func listOptOuts(ctx context.Context, in *listOptOutsInput) (*output[OptOutPage], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	after, found := decodeOpaque(in.Cursor, optOutCursor)
	if in.Cursor != "" && !found {
		return nil, malformedCursor()
	}
	entries, next, more, err := service.OptOuts(ctx, after, in.Limit)
	if err != nil {
		return nil, err
	}
	page := OptOutPage{OptOuts: make([]OptOut, len(entries))}
	for i, entry := range entries {
		page.OptOuts[i] = optOutView(entry)
	}
	if more {
		page.NextCursor = base64.RawURLEncoding.EncodeToString([]byte(optOutCursor + next))
	}
	return succeed(page), nil
}

func getOptOut(ctx context.Context, in *PhonePath) (*output[OptOut], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	entry, err := service.FindOptOut(ctx, in.Phone)
	if err != nil {
		return nil, err
	}
	return succeed(optOutView(entry)), nil
}

func removeOptOut(ctx context.Context, in *PhonePath) (*output[OptedIn], error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	phone, removed, err := service.OptIn(ctx, in.Phone, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	return succeed(OptedIn{Phone: phone, Removed: removed}), nil
}

func optOutView(o lead.OptOut) OptOut {
	return OptOut{Phone: o.Phone, Reason: o.Reason, Channel: o.Channel, Actor: o.Actor, CreatedAt: o.CreatedAt}
}
