package observe_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

func TestLogLinesCarryTheCorrelationID(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	logger, err := observe.NewLogger(&out, observe.LogJSON)
	if err != nil {
		t.Fatal(err)
	}
	ctx, id := observe.Correlate(t.Context(), "call-42")
	logger.With("a", 1).InfoContext(ctx, "hello")
	var line map[string]any
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || id != "call-42" || line["correlation_id"] != id {
		t.Errorf("%v %s", err, out.String())
	}
	if _, err := observe.NewLogger(&out, "xml"); err == nil {
		t.Error("an unknown format is accepted")
	}
}

func TestCorrelateReplacesWhatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, proposed := range []string{"", "a b", "a\nb", strings.Repeat("x", 129), `"`, "é"} {
		if _, id := observe.Correlate(t.Context(), proposed); id == proposed || seen[id] {
			t.Errorf("%q became %q", proposed, id)
		} else {
			seen[id] = true
		}
	}
}

func TestMetricsAreExposed(t *testing.T) {
	t.Parallel()
	metrics := observe.NewMetrics()
	metrics.RequestStarted()("/api/v1/slots", http.MethodGet, http.StatusConflict, "SLOT_TAKEN", 42*time.Millisecond)
	metrics.ConfigRefused()
	metrics.BackgroundExpected(observe.WorkWaitlist, time.Unix(1000, 0))
	metrics.BackgroundRun(observe.WorkWaitlist, time.Unix(1000, 5e8), nil)
	metrics.BackgroundRun(observe.WorkWaitlist, time.Unix(1001, 0), errors.New("no database"))
	metrics.Housekept(2500)
	recorder := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`frontdesk_http_requests_total{method="GET",route="/api/v1/slots",status="409"} 1`,
		`frontdesk_http_request_duration_seconds_bucket{method="GET",route="/api/v1/slots",le="0.05"} 1`,
		`frontdesk_http_errors_total{code="SLOT_TAKEN",route="/api/v1/slots"} 1`,
		`frontdesk_config_reload_total{result="success"} 0`, `frontdesk_config_refused 1`, "frontdesk_http_requests_in_flight 0", "frontdesk_build_info{",
		`frontdesk_background_runs_total{result="success",work="waitlist"} 1`, `frontdesk_background_runs_total{result="failure",work="waitlist"} 1`,
		`frontdesk_background_last_success_timestamp_seconds{work="waitlist"} 1000.5`, "frontdesk_housekeeping_removed_rows_total 2500",
	} {
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("no line %s", want)
		}
	}
}
