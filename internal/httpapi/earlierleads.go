package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi/compat"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const codeOtherTenant = "TENANT_ACCESS_DENIED"

// mountEarlierLeads adds the earlier paths of people.
func (a *api) mountEarlierLeads(router chi.Router) {
	document := a.huma.OpenAPI()
	compat.DescribeLeads(document, document.Components.Schemas.Schema(typeOf[Problem](), true, ""))
	compat.MountLeads(router, compat.LeadHost{Guard: a.guard, Actor: actorOf, Clock: a.Clock,
		Fail: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, compat.ErrOtherTenant) {
				err = newProblem(http.StatusForbidden, codeOtherTenant, "This key is not for that client. Use the key of the client that you name.")
			}
			writeProblem(w, r, problemOf(r.Context(), err))
		}})
}

// guard is authenticate and limitTime for handlers that are no operations.
func (a *api) guard(scope auth.Scope, timeout time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := a.WithTimeout(r.Context(), timeout)
		defer cancel()
		principal, problem := a.admit(ctx, w, r, operation{scope: scope})
		if problem != nil {
			writeProblem(w, r, problem)
			return
		}
		next(w, r.WithContext(context.WithValue(ctx, principalKey{}, principal)))
	}
}

// admit says whose key a request shows, or why it may not go on.
func (a *api) admit(ctx context.Context, w http.ResponseWriter, r *http.Request, op operation) (auth.Principal, *Problem) {
	current := tenant.FromContext(ctx)
	principal, err := current.Keys.Verify(ctx, presentedKey(r), r.RemoteAddr)
	a.Metrics.AuthAttempt(authOutcome(err))
	if err != nil {
		return auth.Principal{}, a.unauthenticated(current, w, r, err)
	}
	noteKey(ctx, principal.KeyID)
	if !op.uncounted {
		if problem := a.countKey(current.Limits, w, r, principal.KeyID); problem != nil {
			return auth.Principal{}, problem
		}
	}
	if op.scope != "" && !principal.Has(op.scope) {
		return auth.Principal{}, missingScope(op.scope)
	}
	return principal, nil
}
