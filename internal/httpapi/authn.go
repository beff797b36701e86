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

// authenticate lets an operation run only for a key with the scope.
func (a *api) authenticate(scope auth.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, w := humachi.Unwrap(ctx)
		principal, err := tenant.FromContext(ctx.Context()).Keys.Verify(ctx.Context(), presentedKey(r), r.RemoteAddr)
		a.Metrics.AuthAttempt(authOutcome(err))
		if err != nil {
			writeProblem(w, r, problemOf(ctx.Context(), err))
			return
		}
		noteKey(ctx.Context(), principal.KeyID)
		if !principal.Has(scope) {
			problem := newProblem(http.StatusForbidden, codeForbidden, "This key may not do that. Use a key with the scope "+string(scope)+".")
			problem.Details["requiredScope"] = scope
			writeProblem(w, r, problem)
			return
		}
		next(huma.WithValue(ctx, principalKey{}, principal))
	}
}

// presentedKey returns the key from X-API-Key or, without that, from a bearer token.
func presentedKey(r *http.Request) string {
	if key := r.Header.Get(keyHeader); key != "" {
		return key
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
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
// cancel after the cut-off.
func actorOf(ctx context.Context) booking.Actor {
	principal := principalOf(ctx)
	return booking.Actor{Principal: principal.Actor(), Channel: "api", Override: principal.Has(auth.ScopeAdmin)}
}
