package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	keyHeader    = "X-API-Key"
	schemeHeader = "apiKey"
	schemeBearer = "bearer"
)

type principalKey struct{}

// authenticate lets an operation run only for a key with its scope, within its rate limit.
func (a *api) authenticate(op operation) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		principal, problem := a.admit(ctx.Context(), w, r, op)
		if problem != nil {
			writeProblem(w, r, problem)
			return
		}
		next(huma.WithValue(ctx, principalKey{}, principal))
	}
}

// unauthenticated is what a request without a valid key gets. One that came with a key has not been counted by its
// address yet.
func (a *api) unauthenticated(current *tenant.Tenant, w http.ResponseWriter, r *http.Request, err error) *Problem {
	if errors.Is(err, auth.ErrInvalidKey) {
		if problem := a.countAddress(current.Limits, w, r); problem != nil {
			return problem
		}
	}
	return problemOf(r.Context(), err)
}

func missingScope(scope auth.Scope) *Problem {
	problem := newProblem(http.StatusForbidden, codeForbidden, "This key may not do that. Use a key with the scope "+string(scope)+".")
	problem.Details["requiredScope"] = scope
	return problem
}

// presentedKey returns the key from X-API-Key or, without that, from a bearer token. For calendars it may be in the
// address: the programs that subscribe to them send no headers.
func presentedKey(r *http.Request) string {
	if key := r.Header.Get(keyHeader); key != "" {
		return key
	}
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if strings.HasSuffix(r.URL.Path, calendarSuffix) {
		return r.URL.Query().Get(tokenParameter)
	}
	return ""
}

func authOutcome(err error) string {
	_, limited := errors.AsType[*auth.LimitedError](err)
	switch {
	case err == nil:
		return "ok"
	case limited:
		return "limited"
	case errors.Is(err, auth.ErrMissingKey):
		return "missing"
	case errors.Is(err, auth.ErrInvalidKey):
		return "invalid"
	}
	return "failed"
}

func principalOf(ctx context.Context) auth.Principal {
	principal, _ := ctx.Value(principalKey{}).(auth.Principal) // authenticate has put it there
	return principal
}

// actorOf is who a change is recorded under. A key with the scope admin is the business itself, which may
// do what customers may not: see booking.Actor.
func actorOf(ctx context.Context) booking.Actor {
	principal := principalOf(ctx)
	return booking.Actor{Principal: principal.Actor(), Channel: "api", Override: principal.Has(auth.ScopeAdmin)}
}
