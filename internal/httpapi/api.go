package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi/compat"
	"github.com/frontdesk-dev/frontdesk/internal/observe"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// Options are what the API needs.
type Options struct {
	Holder  *tenant.Holder
	Logger  *slog.Logger
	Metrics *observe.Metrics
	// Clock says what is now.
	Clock func() time.Time
	// Draining says whether the server is about to stop.
	Draining func() bool
	// TrustedProxies are the networks, as CIDRs, whose X-Forwarded-For is believed.
	TrustedProxies []string
	// WithTimeout begins the time that an operation may take.
	WithTimeout WithTimeout
	// AllowedOrigins are the origins whose pages may use the API, such as https://example.com; "*" is all.
	AllowedOrigins []string
}

// WithTimeout is context.WithTimeout, or what takes its place.
type WithTimeout func(context.Context, time.Duration) (context.Context, context.CancelFunc)

type api struct {
	Options
	huma    huma.API
	started time.Time
}

// New returns the router of everything public. Further pages may be mounted on it; what they serve is
// observed and secured like the rest.
func New(options Options) chi.Router {
	router := chi.NewRouter()
	a := &api{Options: options, started: options.Clock()}
	router.Use(observed(options.Logger, options.Metrics), secured, drained(options.Draining),
		clientAddress(options.TrustedProxies), crossOrigin(options.AllowedOrigins), a.limitAddresses, versioned, bounded, middleware.GetHead)
	router.NotFound(notFound)
	router.MethodNotAllowed(methodNotAllowed)

	router.Group(func(bound chi.Router) {
		bound.Use(options.Holder.Bind(notConfigured))
		a.huma = humachi.New(bound, humaConfig())
		a.registerServices()
		a.registerSlots()
		a.registerBookings()
		a.registerHolds()
		a.registerConfirmation()
		a.registerRescheduling()
		a.registerClosing()
		a.registerCalendars()
		a.registerEditing()
		a.registerKeys()
		a.registerSeries()
		a.registerWaitlist()
		a.registerLeads()
		a.registerLeadFiles()
		a.registerOptOuts()
		a.registerEarlier()
		a.registerRateLimit()
		a.registerCache()
		a.mountEarlierLeads(bound)
	})
	a.mountHealth(router)
	mountDocs(router, a.huma.OpenAPI())
	return router
}

// drained asks clients to open their next connection elsewhere while the server is about to stop.
func drained(draining func() bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if draining() {
				w.Header().Set("Connection", "close")
			}
			next.ServeHTTP(w, r)
		})
	}
}

func humaConfig() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Frontdesk",
				Version: version.Version,
				Description: "Appointment booking for one business.\n\n" +
					"Every answer is `{\"ok\": true, \"data\": …}` or `{\"ok\": false, \"error\": …, \"code\": …, \"details\": {…}}`. " +
					"Times are RFC 3339; where only a date is given it means that whole day in the business's time zone.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					schemeHeader: {Type: "apiKey", In: "header", Name: keyHeader, Description: "An API key, fd_<id>_<secret>."},
					schemeBearer: {Type: "http", Scheme: "bearer", Description: "The same key as a bearer token."},
				},
			},
			Tags: []*huma.Tag{
				{Name: tagCatalog, Description: "What can be booked, and when."},
				{Name: tagBookings, Description: "Making, reading and changing bookings."},
				{Name: tagKeys, Description: "Who may call the API. The document's own keys change with the configuration."},
				{Name: tagSeries, Description: "Appointments at the same time in several weeks."},
				{Name: tagWaitlist, Description: "Who waits for times that are taken, and what they are offered."},
				{Name: tagLeads, Description: "People: leads and customers, and who must not be contacted."},
				{Name: tagService, Description: "How the service itself is doing."},
				{Name: tagEarlier, Description: "Addresses of the earlier system, in its shapes."},
			},
		},
		Formats:       huma.DefaultFormats,
		DefaultFormat: contentTypeJSON,
	}
}

const (
	tagCatalog  = "Catalogue"
	tagBookings = "Bookings"
	tagKeys     = "Keys"
	tagSeries   = "Series"
	tagWaitlist = "Waitlist"
	tagLeads    = "Leads"
	tagService  = "Service"
	tagEarlier  = compat.Tag
)

// operation is what every operation of the API says about itself.
type operation struct {
	id, method, path, tag string
	summary, description  string
	status                int
	// scope is what the key must have; empty when any valid key will do.
	scope auth.Scope
	// uncounted keeps the operation from counting against the key's rate limit.
	uncounted bool
	// cached is set where answers may be kept; the handler then makes them by cached.
	cached *cacheability
	// answer is the type of the body where the handler's own type does not tell it.
	answer reflect.Type
	// body describes a body that the handler reads by itself; other answers are bodies that it writes by itself.
	body    *huma.RequestBody
	other   map[string]*huma.Response
	timeout time.Duration
	errors  []int
}

// register adds an operation. The handler's error becomes a Problem here, and nowhere else.
func register[I, O any](a *api, op operation, handler func(context.Context, *I) (*O, error)) {
	errors := append([]int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, op.errors...)
	huma.Register(a.huma, huma.Operation{
		OperationID: op.id, Method: op.method, Path: op.path, Tags: []string{op.tag},
		Summary:       op.summary,
		Description:   op.description + "\n\n" + op.needs(),
		RequestBody:   op.body,
		Responses:     a.responses(op),
		DefaultStatus: op.status,
		Errors:        errors,
		Security:      []map[string][]string{{schemeHeader: {}}, {schemeBearer: {}}},
		MaxBodyBytes:  maxBodyBytes + 1,
		Deprecated:    op.tag == tagEarlier,
		Middlewares:   a.middlewares(op),
	}, func(ctx context.Context, input *I) (*O, error) {
		out, err := handler(ctx, input)
		if err != nil {
			problem := problemOf(ctx, err)
			note(ctx, problem)
			return nil, problem
		}
		return out, nil
	})
}

// middlewares run before an operation, in this order. A body that the handler reads by itself, as it comes, is hashed by it
// too, and is not kept.
func (a *api) middlewares(op operation) huma.Middlewares {
	middlewares := append(op.notice(), a.limitTime(op.timeout), a.authenticate(op))
	switch {
	case op.cached != nil:
		middlewares = append(middlewares, fromCache(op))
	case op.body == nil:
		middlewares = append(middlewares, keepBody)
	}
	return middlewares
}

// notice tells clients of the earlier system's paths that these are deprecated.
func (op operation) notice() huma.Middlewares {
	if op.tag == tagEarlier {
		return huma.Middlewares{compat.Notice}
	}
	return nil
}

func (op operation) needs() string {
	if op.scope == "" {
		return "Needs a valid key, with any scope."
	}
	return "Needs the scope `" + string(op.scope) + "`."
}

// responses describes the body where huma cannot know it.
func (a *api) responses(op operation) map[string]*huma.Response {
	if op.answer == nil {
		return op.other
	}
	schema := a.huma.OpenAPI().Components.Schemas.Schema(op.answer, true, op.id+"Response")
	responses := map[string]*huma.Response{strconv.Itoa(http.StatusOK): {
		Description: http.StatusText(http.StatusOK),
		Content:     map[string]*huma.MediaType{contentTypeJSON: {Schema: schema}},
	}}
	if op.cached != nil {
		responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{
			Description: "The answer is still one of those named in If-None-Match.",
			Headers: map[string]*huma.Param{"ETag": {
				Description: "Names the answer.", Schema: &huma.Schema{Type: huma.TypeString},
			}},
		}
	}
	return responses
}

// limitTime gives an operation its deadline.
func (a *api) limitTime(timeout time.Duration) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		limited, cancel := a.WithTimeout(ctx.Context(), timeout)
		defer cancel()
		next(huma.WithContext(ctx, limited))
	}
}
