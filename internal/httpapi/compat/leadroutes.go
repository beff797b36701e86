package compat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// LeadHost is what the paths of people need of the API they are part of. They are no huma operations: files are read and
// written as they come.
type LeadHost struct {
	// Guard lets a handler run only for a key with the scope, within its rate limit and the time.
	Guard func(scope auth.Scope, timeout time.Duration, handler http.HandlerFunc) http.HandlerFunc
	// Actor is who a change is recorded under.
	Actor func(ctx context.Context) booking.Actor
	// Fail answers with an error in the documented shape.
	Fail  func(w http.ResponseWriter, r *http.Request, err error)
	Clock func() time.Time
}

// leadHandler is a handler that returns its answer, or the error to fail with.
type leadHandler func(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error

// leadRoute is a path of people.
type leadRoute struct {
	method, path string
	scope        auth.Scope
	timeout      time.Duration
	handler      leadHandler
	summary      string
	// body and query name what the request may hold; a name that is needed ends in an exclamation mark.
	body, query string
}

var leadRoutes = []leadRoute{
	{http.MethodPost, "/api/leads", auth.ScopeLeadsWrite, 10 * time.Second, createLead, "Keep a person", "clientKey service source name phone email notes lead", ""},
	{http.MethodGet, "/api/leads", auth.ScopeLeadsRead, 10 * time.Second, listLeads, "List people", "", "clientKey! status limit"},
	{http.MethodGet, "/api/leads/{id}", auth.ScopeLeadsRead, 10 * time.Second, getLead, "Read a person", "", "clientKey"},
	{http.MethodPut, "/api/leads/{id}", auth.ScopeLeadsWrite, 10 * time.Second, updateLead, "Change a person", "clientKey name phone email status notes tags customFields", "clientKey"},
	{http.MethodPost, "/api/leads/import", auth.ScopeLeadsWrite, 2 * time.Minute, importJSON, "Import a list of people", "clientKey! leads!", ""},
	{http.MethodPost, "/api/import-leads/{clientKey}", auth.ScopeLeadsWrite, 2 * time.Minute, importCSV, "Import a CSV file of people", "csvData! columnMapping", ""},
	{http.MethodGet, "/api/export/leads", auth.ScopeLeadsRead, 5 * time.Minute, exportLeads, "Export people as CSV", "", "clientKey!"},
	{http.MethodGet, "/api/dnc/list", auth.ScopeLeadsRead, 10 * time.Second, listOptOuts, "List the numbers that opted out", "", "clientKey"},
	{http.MethodPost, "/api/dnc/add", auth.ScopeLeadsWrite, 10 * time.Second, addOptOut, "Opt a number out", "clientKey phone! reason", ""},
	{http.MethodPost, "/api/dnc/remove", auth.ScopeLeadsWrite, 10 * time.Second, removeOptOut, "Opt a number in again", "clientKey phone!", ""},
}

// MountLeads adds the paths of people to a router behind tenant.Holder.Bind.
func MountLeads(router chi.Router, host LeadHost) {
	for _, route := range leadRoutes {
		router.Method(route.method, route.path, noticed(host.Guard(route.scope, route.timeout, func(w http.ResponseWriter, r *http.Request) {
			current := tenant.FromContext(r.Context())
			err := checkClient(r, r.Header.Get("X-Client-Key"), r.URL.Query().Get("clientKey"), chi.URLParam(r, "clientKey"))
			if err == nil && current.Leads == nil {
				err = booking.Errorf(booking.CodeStorageUnavailable, "This server's database keeps no people.")
			}
			if err == nil {
				err = route.handler(host, current.Leads, w, r)
			}
			if err != nil {
				host.Fail(w, r, err)
			}
		})))
	}
}

// noticed is Notice for handlers that are no operations.
func noticed(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Deprecation", fmt.Sprintf("@%d", Since.Unix()))
		w.Header().Set("Sunset", Until.Format(http.TimeFormat))
		w.Header().Set("Link", `</docs>; rel="deprecation"; type="text/html"`)
		next(w, r)
	}
}

// ErrOtherTenant says that a request names a tenant other than the one whose key it came with.
var ErrOtherTenant = errors.New("the client key is not that of this tenant")

// checkClient refuses client keys of others. An empty one says nothing.
func checkClient(r *http.Request, keys ...string) error {
	for _, key := range keys {
		if key != "" && canonical(key) != tenant.FromContext(r.Context()).Document.Tenant.Name {
			return ErrOtherTenant
		}
	}
	return nil
}

// readJSON reads a JSON body. Unknown fields are passed over: the earlier system took everything.
func readJSON(r *http.Request, into any) error {
	err := json.NewDecoder(r.Body).Decode(into)
	tooLarge := &http.MaxBytesError{}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &tooLarge):
		return booking.Errorf(lead.CodeBodyTooLarge, "The body is too large.")
	case errors.Is(err, io.EOF):
		return booking.Errorf(booking.CodeValidation, "The request has no body. Send a JSON object.")
	}
	return booking.Errorf(booking.CodeValidation, "The body is not the JSON object that this address takes.").WithCause(err)
}

func answerJSON(w http.ResponseWriter, status int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the status is sent: a failure means that the client is gone
	return nil
}
