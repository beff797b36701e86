package httpapi

import (
	"context"
	"maps"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi/compat"
)

// registerEarlier adds the paths of the earlier system, which live in a package of their own.
func (a *api) registerEarlier() {
	compat.Register(compat.Host{
		API: a.huma, Clock: a.Clock, Started: a.started, Actor: actorOf, Count: a.count, Unfit: a.unfit,
		Middlewares: func(scope auth.Scope, timeout time.Duration) huma.Middlewares {
			return huma.Middlewares{a.limitTime(timeout), a.authenticate(operation{scope: scope}), keepBody}
		},
		Problem: func(ctx context.Context, err error) error {
			problem := problemOf(ctx, err)
			note(ctx, problem)
			return problem
		},
		Refuse: func(status int, code, message string, details map[string]any) error {
			problem := newProblem(status, code, message)
			maps.Copy(problem.Details, details)
			return problem
		},
		Claim: func(ctx context.Context, key, route string, parts ...any) (*booking.IdempotencyClaim, error) {
			return Idempotency{Key: key}.claim(ctx, route, parts...)
		},
	})
}
