package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

const codeUnsupportedVersion = "UNSUPPORTED_API_VERSION"

// versioned refuses a request for another version of the API than there is. No version asked for is the present one.
func versioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := strings.TrimPrefix(r.Header.Get("X-API-Version"), "v")
		if asked == "" || asked == apiVersion || !strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		problem := newProblem(http.StatusBadRequest, codeUnsupportedVersion,
			"There is no such version of this API. Send X-API-Version: "+apiVersion+", or leave it out.")
		problem.Details["supported"] = []string{apiVersion}
		writeProblem(w, r, problem)
	})
}

func wholeSecondsText(d time.Duration) string { return strconv.Itoa(wholeSeconds(d)) }
