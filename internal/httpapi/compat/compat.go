package compat

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// Since and Until are when these paths became deprecated and when they may stop to answer.
var (
	Since = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	Until = time.Date(2028, 11, 30, 23, 59, 59, 0, time.UTC)
)

// Tag groups the paths in the OpenAPI description.
const Tag = "Earlier system"

// codeTenantDenied says that a request names another business than the one that the key belongs to.
const codeTenantDenied = "TENANT_ACCESS_DENIED"

// Host is the API that the paths are part of.
type Host struct {
	API   huma.API
	Clock func() time.Time
	// Started is when the server started.
	Started time.Time
	// Middlewares authenticate for the scope (any key when it is empty) and bound the time.
	Middlewares func(scope auth.Scope, timeout time.Duration) huma.Middlewares
	// Problem makes the error that a caller sees; Refuse makes one of the API's own.
	Problem func(ctx context.Context, err error) error
	Refuse  func(status int, code, message string, details map[string]any) error
	Actor   func(ctx context.Context) booking.Actor
	// Claim ties a request, by its body and the parts of its path, to its idempotency key; nil without a key.
	Claim func(ctx context.Context, key, route string, parts ...any) (*booking.IdempotencyClaim, error)
	// Count counts what came of a booking operation.
	Count func(operation string, replayed bool, err error)
	// Unfit says why the server should get no traffic; "" when it should.
	Unfit func(ctx context.Context) string
}

type paths struct{ Host }

// Register adds the paths.
func Register(host Host) {
	p := &paths{host}
	p.registerSlots()
	p.registerCalendar()
	p.registerAppointments()
	p.registerDemo()
	p.registerStatus()
}

type operation struct {
	id, method, path string
	summary          string
	description      string
	status           int
	scope            auth.Scope
	timeout          time.Duration
}

// register adds a path. The handler's error becomes what the caller sees here, and nowhere else.
func register[I, O any](p *paths, op operation, handler func(context.Context, *I) (*O, error)) {
	if op.timeout == 0 {
		op.timeout = 10 * time.Second
	}
	huma.Register(p.API, huma.Operation{
		OperationID: "earlier-" + op.id, Method: op.method, Path: op.path, Tags: []string{Tag}, Deprecated: true,
		Summary: op.summary, Description: op.description, DefaultStatus: op.status,
		Errors: []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
			http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity,
			http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
			http.StatusInsufficientStorage,
		},
		Security:    []map[string][]string{{"apiKey": {}}, {"bearer": {}}},
		Middlewares: append(huma.Middlewares{Notice}, p.Middlewares(op.scope, op.timeout)...),
	}, func(ctx context.Context, input *I) (*O, error) {
		err := p.checkTenant(ctx, input)
		if err == nil {
			var out *O
			if out, err = handler(ctx, input); err == nil {
				return out, nil
			}
		}
		return nil, p.Problem(ctx, err)
	})
}

// Notice tells a client that the path is deprecated (RFC 9745) and until when it answers (RFC 8594).
func Notice(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Deprecation", fmt.Sprintf("@%d", Since.Unix()))
	ctx.SetHeader("Sunset", Until.Format(http.TimeFormat))
	ctx.SetHeader("Link", `</docs>; rel="deprecation"; type="text/html"`)
	next(ctx)
}

// ClientKey is how earlier requests name the business. (Exported because huma passes over embedded types that are not.)
type ClientKey struct {
	Header string `header:"X-Client-Key" maxLength:"120" doc:"Name of the business. It may be left out: the API key tells." example:"bright-smile"`
	Query  string `query:"clientKey" maxLength:"120" doc:"The same." example:"bright-smile"`
}

func (k *ClientKey) names() []string { return []string{k.Header, k.Query} }

// named is an input that names the business.
type named interface{ names() []string }

// checkTenant refuses a request that names another business.
func (p *paths) checkTenant(ctx context.Context, input any) error {
	request, ok := input.(named)
	if !ok {
		return nil
	}
	own := tenant.FromContext(ctx).Document.Tenant.Name
	for _, name := range request.names() {
		if name != "" && canonical(name) != own {
			return p.Refuse(http.StatusForbidden, codeTenantDenied, "This API key belongs to another business than the one named. Leave the client key out, or use that business's API key.",
				map[string]any{"requested": name, "authorized": own})
		}
	}
	return nil
}

// canonical turns a client key of the earlier system, such as Bright_Smile, into a name of this one.
func canonical(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// iso is how the earlier system wrote instants.
const iso = "2006-01-02T15:04:05.000Z"

func isoTime(t time.Time) string { return t.UTC().Format(iso) }

func isoOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := isoTime(t)
	return &text
}

func (p *paths) timestamp() string { return isoTime(p.Clock()) }
