package httpapi

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// What pages of other origins may send and read.
const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-API-Key, X-API-Version, X-Client-Key, X-Correlation-ID"
	corsExposed = "Deprecation, ETag, Idempotency-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, Sunset, X-API-Version, X-Correlation-ID"
	corsMaxAge  = 10 * time.Minute
)

// anyOrigin as the one allowed origin lets every page in. Credentials are never allowed: keys are sent in a header, and
// the dashboard's cookie is for its own pages only.
const anyOrigin = "*"

// crossOrigin lets pages of the given origins use what is under /api and the description (the CORS protocol of the
// Fetch standard). Without origins it does nothing, and browsers keep other origins out.
func crossOrigin(origins []string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if len(origins) == 0 {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/openapi.json" {
				next.ServeHTTP(w, r)
				return
			}
			header, origin := w.Header(), r.Header.Get("Origin")
			header.Add("Vary", "Origin")
			allowed := slices.Contains(origins, anyOrigin) || origin != "" && slices.Contains(origins, origin)
			if origin == "" || !allowed {
				next.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Expose-Headers", corsExposed)
			if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
				next.ServeHTTP(w, r)
				return
			}
			header.Set("Access-Control-Allow-Methods", corsMethods)
			header.Set("Access-Control-Allow-Headers", corsHeaders)
			header.Set("Access-Control-Max-Age", wholeSecondsText(corsMaxAge))
			w.WriteHeader(http.StatusNoContent)
		})
	}
}
