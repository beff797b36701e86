package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/httpapi/compat"
	"github.com/frontdesk-dev/frontdesk/internal/leadimport"
	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

// maxBodyBytes bounds a request's body.
const maxBodyBytes = 1 << 20

// apiVersion is the value of the header X-API-Version.
const apiVersion = "1"

// observed gives a request its correlation id, keeps a panic from ending the process, and logs and counts
// what came of it. It is the outermost middleware.
func observed(logger *slog.Logger, metrics *observe.Metrics) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			finished := metrics.RequestStarted()
			ctx, correlationID := observe.Correlate(r.Context(), r.Header.Get(observe.CorrelationHeader))
			w.Header().Set(observe.CorrelationHeader, correlationID)
			inside := &record{}
			r = r.WithContext(withRecord(ctx, inside))
			answer := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			defer func() { //nolint:contextcheck // r has the context
				if cause := recover(); cause != nil {
					recovered(answer, r, cause, metrics)
				}
				took := time.Since(start)
				route, status, code := routePattern(r), answer.Status(), ""
				if inside.problem != nil {
					code = inside.problem.Code
				}
				finished(route, method(r), status, code, took)
				logRequest(r.Context(), logger, inside, strings.HasPrefix(route, "/health"), start.Add(took),
					slog.String("method", method(r)), slog.String("route", route), slog.Int("status", status), slog.Duration("took", took),
					slog.Int("bytes", answer.BytesWritten()))
			}()
			next.ServeHTTP(answer, r)
			if answer.Status() == 0 {
				answer.WriteHeader(http.StatusOK)
			}
		})
	}
}

// recovered answers a request that panicked, if nothing was answered yet.
func recovered(w middleware.WrapResponseWriter, r *http.Request, cause any, metrics *observe.Metrics) {
	metrics.Panicked()
	problem := serverError(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
	if w.Status() == 0 {
		writeProblem(w, r, problem)
		return
	}
	note(r.Context(), problem)
}

// logRequest writes the request's one line. Paths, queries and addresses are left out: they can be personal.
// Health checks come every few seconds and go to the debug level. The line goes to the handler itself, because a logger
// would look for its caller, whom nobody wants to know.
func logRequest(ctx context.Context, logger *slog.Logger, inside *record, isHealthCheck bool, ended time.Time, attrs ...slog.Attr) {
	level := slog.LevelInfo
	if isHealthCheck {
		level = slog.LevelDebug
	}
	failed := inside.problem != nil && inside.problem.status >= http.StatusInternalServerError
	if failed {
		level = slog.LevelError
	}
	if !logger.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(ended, level, "request", 0)
	line.AddAttrs(attrs...)
	if inside.keyID != "" {
		line.AddAttrs(slog.String("key", inside.keyID))
	}
	if inside.problem != nil {
		line.AddAttrs(slog.String("code", inside.problem.Code))
	}
	if failed && inside.problem.cause != nil {
		line.AddAttrs(slog.String("error", inside.problem.cause.Error()))
	}
	_ = logger.Handler().Handle(ctx, line) // a log that cannot be written has nowhere to say so
}

// routePattern is the label of the route: bounded, and without identifiers.
func routePattern(r *http.Request) string {
	if routing := chi.RouteContext(r.Context()); routing != nil {
		if pattern := routing.RoutePattern(); pattern != "" && !strings.HasSuffix(pattern, "*") {
			return pattern
		}
	}
	return "unmatched"
}

// method bounds the label of the method: clients may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}

// everyAnswer are the headers of every answer, with their names as net/http spells them.
var everyAnswer = http.Header{
	"X-Api-Version":           {apiVersion},
	"X-Content-Type-Options":  {"nosniff"},
	"X-Frame-Options":         {"DENY"},
	"Referrer-Policy":         {"no-referrer"},
	"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
	"Cache-Control":           {"no-store"},
}

// secured sets the headers that every answer has. Pages replace the content security policy with their own.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.Copy(w.Header(), everyAnswer)
		next.ServeHTTP(w, r)
	})
}

// bounded refuses a body that says it is too large before any of it is read, and cuts off one that does not say.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := bodyLimit(r)
		if r.ContentLength > limit {
			writeProblem(w, r, bodyTooLarge(limit))
			return
		}
		// One byte more than allowed, so that who reads it can tell "too large" from "just fits".
		r.Body = http.MaxBytesReader(w, r.Body, limit+1)
		next.ServeHTTP(w, r)
	})
}

// bodyLimit is the size that a request's body may have. Files of people are read as they come and may be large.
func bodyLimit(r *http.Request) int64 {
	path := r.URL.Path
	switch {
	case r.Method != http.MethodPost:
	case path == pathImport, path == "/api/leads/import":
		return leadimport.MaxBytes
	case strings.HasPrefix(path, "/api/import-leads/"):
		return compat.MaxCSVBody
	}
	return maxBodyBytes
}

// notConfigured answers while there is no tenant to bind.
func notConfigured(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, unavailable(string(booking.CodeConfigurationMissing), "This service has no valid configuration yet. Try again shortly."))
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, r, newProblem(http.StatusNotFound, codeNotFound, "There is nothing at this address. /docs lists what there is."))
}

func methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, candidate := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if chi.RouteContext(r.Context()).Routes.Match(chi.NewRouteContext(), candidate, r.URL.Path) {
			allowed = append(allowed, candidate)
		}
	}
	allow := strings.Join(allowed, ", ")
	problem := newProblem(http.StatusMethodNotAllowed, codeMethodNotAllowed, "This address does not answer that method. It answers "+allow+".")
	writeProblem(w, r, problem.withHeader("Allow", allow))
}
