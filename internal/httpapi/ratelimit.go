package httpapi

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5/middleware"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// Requests are counted twice at most: by API key once the key has been verified, and by network address while there
// is no valid key. The key is looked at first, so that nobody is refused for what others at his address do.

// RateLimit-Limit and the others, as net/http spells them: bringing three names into that form on each request costs more
// than the limit itself.
const (
	headerLimit     = "Ratelimit-Limit"
	headerRemaining = "Ratelimit-Remaining"
	headerReset     = "Ratelimit-Reset"
)

const (
	byKey     = "key"
	byAddress = "address"
)

// clientAddress makes the remote address of a request that of the client, as the trusted proxies report it. Without
// any it is that of the connection.
func clientAddress(trustedProxies []string) func(http.Handler) http.Handler {
	if len(trustedProxies) == 0 {
		return func(next http.Handler) http.Handler { return next }
	}
	reported := middleware.ClientIPFromXFF(trustedProxies...)
	return func(next http.Handler) http.Handler {
		return reported(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if address := middleware.GetClientIPAddr(r.Context()); address.IsValid() {
				r.RemoteAddr = netip.AddrPortFrom(address, 0).String()
			}
			next.ServeHTTP(w, r)
		}))
	}
}

// limitAddresses counts requests without an API key by the address they come from. Requests with one are
// counted when it has been looked at. Health checks are not counted, nor are webhooks, which count what they cannot verify.
func (a *api) limitAddresses(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		exempt := strings.HasPrefix(path, "/health") || strings.HasPrefix(path, "/webhooks/") ||
			strings.HasPrefix(path, "/api/") && presentedKey(r) != ""
		if current := a.Holder.Current(); current != nil && !exempt {
			if problem := a.countAddress(current.Limits, w, r); problem != nil {
				writeProblem(w, r, problem)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// countAddress spends one request of the client's address; nil when it may go on.
func (a *api) countAddress(limits *tenant.Limits, w http.ResponseWriter, r *http.Request) *Problem {
	decision := limits.Take(r.Context(), byAddress+":"+auth.Network(r.RemoteAddr), limits.Quota)
	return a.judge(w, byAddress, limits.Quota, decision, "This address sends too many requests without a valid API key.")
}

// countKey spends one request of the key; nil when it may go on.
func (a *api) countKey(limits *tenant.Limits, w http.ResponseWriter, r *http.Request, keyID string) *Problem {
	decision := limits.Take(r.Context(), byKey+":"+keyID, limits.Quota)
	return a.judge(w, byKey, limits.Quota, decision, "This API key sends too many requests.")
}

// judge writes the headers that tell where the client stands, and refuses a request that was too many.
func (a *api) judge(w http.ResponseWriter, by string, quota ratelimit.Quota, decision ratelimit.Decision, reason string) *Problem {
	a.Metrics.RateLimited(by, decision.Allowed)
	header := w.Header()
	header[headerLimit] = []string{strconv.Itoa(decision.Limit)}
	header[headerRemaining] = []string{strconv.Itoa(decision.Remaining)}
	header[headerReset] = []string{strconv.Itoa(wholeSeconds(decision.Reset))}
	if decision.Allowed {
		return nil
	}
	wait := max(1, wholeSeconds(decision.RetryAfter))
	problem := newProblem(http.StatusTooManyRequests, codeRateLimited,
		fmt.Sprintf("%s Wait %d s, then send at most %d a minute.", reason, wait, quota.Requests))
	problem.Details["limit"], problem.Details["remaining"] = decision.Limit, decision.Remaining
	problem.Details["requestsPerMinute"], problem.Details["retryAfter"] = quota.Requests, wait
	return problem.withHeader("Retry-After", strconv.Itoa(wait))
}

// wholeSeconds rounds up: who waits so long has waited long enough.
func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// RateLimit is where an API key stands.
type RateLimit struct {
	Key               string `json:"key" doc:"Id of the API key." example:"k3j9x0a1b2c3"`
	RequestsPerMinute int    `json:"requestsPerMinute" doc:"How many requests come back each minute." example:"600"`
	Limit             int    `json:"limit" doc:"How many requests may come at once." example:"100"`
	Remaining         int    `json:"remaining" doc:"How many may come now." example:"99"`
	ResetSeconds      int    `json:"resetSeconds" doc:"Until the limit is whole again, in seconds, if nothing more comes." example:"1"`
	RetryAfterSeconds int    `json:"retryAfterSeconds" doc:"Until the next request is accepted, in seconds; 0: now." example:"0"`
}

// LegacyRateLimitStatus is the same in the shape of the earlier system.
type LegacyRateLimitStatus struct {
	OK          bool                       `json:"ok" example:"true"`
	Identifier  string                     `json:"identifier" doc:"Id of the API key." example:"k3j9x0a1b2c3"`
	Limits      map[string]LegacyRateLimit `json:"limits" doc:"By path; one limit holds for all of them."`
	SystemStats LegacyRateLimitSystem      `json:"systemStats"`
	Timestamp   string                     `json:"timestamp" example:"2026-11-23T09:00:00.000Z"`
}

// LegacyRateLimit is one limit in the shape of the earlier system.
type LegacyRateLimit struct {
	Limit     int   `json:"limit" example:"100"`
	Remaining int   `json:"remaining" example:"99"`
	Reset     int64 `json:"reset" doc:"When the limit is whole again, in milliseconds since 1970." example:"1764000000000"`
}

// LegacyRateLimitSystem is what this process counts.
type LegacyRateLimitSystem struct {
	TotalEntries  int `json:"totalEntries" doc:"Keys and addresses that this process counts for." example:"3"`
	ActiveWindows int `json:"activeWindows" example:"3"`
	Endpoints     int `json:"endpoints" doc:"Limits that there are." example:"1"`
}

// legacyEverywhere names the one limit that holds for every path.
const legacyEverywhere = "/api"

type legacyRateLimitInput struct {
	Identifier string `query:"identifier" maxLength:"64" doc:"Id of another API key; for keys with the scope admin. Default: the key that asks."`
}

func (a *api) registerRateLimit() {
	register(a, operation{
		id: "get-rate-limit", method: http.MethodGet, path: "/api/v1/rate-limit", tag: tagService,
		summary:     "Read your rate limit",
		description: "Says where the key that asks stands. Asking does not count.\n\nWithout a Redis each replica of the service counts for itself.",
		uncounted:   true, timeout: 5 * time.Second,
	}, getRateLimit)
	register(a, operation{
		id: "get-rate-limit-legacy", method: http.MethodGet, path: "/api/rate-limit/status", tag: tagEarlier,
		summary:     "Read your rate limit (earlier path)",
		description: "The same in the shape of the earlier system. Asking does not count. Use /api/v1/rate-limit.",
		uncounted:   true, timeout: 5 * time.Second,
	}, a.legacyRateLimit)
}

func getRateLimit(ctx context.Context, _ *struct{}) (*output[RateLimit], error) {
	keyID := principalOf(ctx).KeyID
	quota, now := peekKey(ctx, keyID)
	return succeed(RateLimit{
		Key: keyID, RequestsPerMinute: quota.Requests, Limit: now.Limit, Remaining: now.Remaining,
		ResetSeconds: wholeSeconds(now.Reset), RetryAfterSeconds: wholeSeconds(now.RetryAfter),
	}), nil
}

func peekKey(ctx context.Context, keyID string) (ratelimit.Quota, ratelimit.Decision) {
	limits := tenant.FromContext(ctx).Limits
	return limits.Quota, limits.Peek(ctx, byKey+":"+keyID, limits.Quota)
}

func (a *api) legacyRateLimit(ctx context.Context, in *legacyRateLimitInput) (*struct{ Body LegacyRateLimitStatus }, error) {
	principal := principalOf(ctx)
	identifier := principal.KeyID
	if in.Identifier != "" && in.Identifier != identifier {
		if !principal.Has(auth.ScopeAdmin) {
			return nil, missingScope(auth.ScopeAdmin)
		}
		identifier = in.Identifier
	}
	_, now := peekKey(ctx, identifier)
	counted := tenant.FromContext(ctx).Limits.Counted()
	return &struct{ Body LegacyRateLimitStatus }{LegacyRateLimitStatus{
		OK: true, Identifier: identifier,
		Limits: map[string]LegacyRateLimit{legacyEverywhere: {
			Limit: now.Limit, Remaining: now.Remaining, Reset: a.Clock().Add(now.Reset).UnixMilli(),
		}},
		SystemStats: LegacyRateLimitSystem{TotalEntries: counted, ActiveWindows: counted, Endpoints: 1},
		Timestamp:   a.timestamp(),
	}}, nil
}
