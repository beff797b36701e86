package observe

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// Metrics are a server's metrics.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	errors    *prometheus.CounterVec
	bookings  *prometheus.CounterVec
	auth      *prometheus.CounterVec
	reloads   *prometheus.CounterVec
	refused   prometheus.Gauge
	reloaded  prometheus.Gauge
	panics    prometheus.Counter
	limited   *prometheus.CounterVec
	redis     *prometheus.GaugeVec

	background     *prometheus.CounterVec
	backgroundDone *prometheus.GaugeVec
	housekept      prometheus.Counter
	keys           *keyEnds
}

// durationBuckets are in seconds. 0.3 is the default latency objective.
var durationBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .3, .5, 1, 2.5, 5, 10}

// NewMetrics registers a server's metrics in a registry of their own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_http_requests_total", Help: "Requests answered, by route pattern, method and status.",
		}, []string{"route", "method", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "frontdesk_http_request_duration_seconds", Help: "Time to answer a request, by route pattern and method.",
			Buckets: durationBuckets,
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontdesk_http_requests_in_flight", Help: "Requests being answered now.",
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_http_errors_total", Help: "Requests refused or failed, by route pattern and machine code.",
		}, []string{"route", "code"}),
		bookings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_booking_operations_total", Help: "Attempts to book or cancel, by outcome: done, replayed, or the code of the refusal.",
		}, []string{"operation", "outcome"}),
		auth: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_auth_attempts_total", Help: "Attempts to authenticate, by outcome.",
		}, []string{"outcome"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_config_reload_total", Help: "Configuration revisions seen, by result: success or refused.",
		}, []string{"result"}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontdesk_config_refused", Help: "1 while the newest configuration is refused and an older one (or none) is served.",
		}),
		reloaded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "frontdesk_config_last_success_timestamp_seconds", Help: "When the configuration being served was put into effect.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontdesk_http_panics_total", Help: "Requests that ended in a panic.",
		}),
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_ratelimit_decisions_total", Help: "Requests counted against a rate limit, by what they were counted by (key or address) and outcome.",
		}, []string{"by", "outcome"}),
		redis: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "frontdesk_redis_up", Help: "1 while the shared Redis answers, 0 while this replica does without, by use: cache or ratelimit.",
		}, []string{"use"}),
		background: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "frontdesk_background_runs_total", Help: "Runs of work that nobody asks for, by work (waitlist or housekeeping) and result: success or failure.",
		}, []string{"work", "result"}),
		backgroundDone: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "frontdesk_background_last_success_timestamp_seconds", Help: "When work that nobody asks for was last done, or else when the server started.",
		}, []string{"work"}),
		housekept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "frontdesk_housekeeping_removed_rows_total", Help: "Rows that housekeeping removed: idempotency keys past their day and what holds left behind.",
		}),
		keys: &keyEnds{},
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "frontdesk_build_info", Help: "Always 1; the labels say which build runs.",
		ConstLabels: prometheus.Labels{"version": version.Version, "commit": version.Commit},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.durations, m.inFlight, m.errors, m.bookings, m.auth, m.reloads, m.refused,
		m.reloaded, m.panics, m.limited, m.redis, m.background, m.backgroundDone, m.housekept, m.keys, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// Both results exist from the start, so that rate() sees the first refusal.
	m.reloads.WithLabelValues(ReloadSuccess)
	m.reloads.WithLabelValues(ReloadRefused)
	return m
}

// Handler serves the metrics in Prometheus' formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Registry is where other parts of the server register metrics of their own.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// RequestStarted counts a request that is being answered; the result is called when it has been.
func (m *Metrics) RequestStarted() (finished func(route, method string, status int, code string, took time.Duration)) {
	m.inFlight.Inc()
	return func(route, method string, status int, code string, took time.Duration) {
		m.inFlight.Dec()
		m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
		m.durations.WithLabelValues(route, method).Observe(took.Seconds())
		if code != "" {
			m.errors.WithLabelValues(route, code).Inc()
		}
	}
}

// BookingOperation counts an attempt to "book" or "cancel".
func (m *Metrics) BookingOperation(operation, outcome string) {
	m.bookings.WithLabelValues(operation, outcome).Inc()
}

// AuthAttempt counts an attempt to authenticate: ok, missing, invalid or limited.
func (m *Metrics) AuthAttempt(outcome string) { m.auth.WithLabelValues(outcome).Inc() }

// RateLimited counts a decision on a request, by "key" or by "address".
func (m *Metrics) RateLimited(by string, allowed bool) {
	outcome := "allowed"
	if !allowed {
		outcome = "refused"
	}
	m.limited.WithLabelValues(by, outcome).Inc()
}

// RedisState records whether Redis answers for a use: "cache" or "ratelimit".
func (m *Metrics) RedisState(use string, up bool) {
	state := 0.0
	if up {
		state = 1
	}
	m.redis.WithLabelValues(use).Set(state)
}

// RedisUnused records that there is no Redis.
func (m *Metrics) RedisUnused() { m.redis.Reset() }

// The work that a server does unasked.
const (
	// WorkWaitlist offers the time of lapsed holds to those who wait for it, every few seconds.
	WorkWaitlist = "waitlist"
	// WorkHousekeeping removes what is past its time from the store, once an hour.
	WorkHousekeeping = "housekeeping"
)

// BackgroundExpected makes a work known, as done at that time.
func (m *Metrics) BackgroundExpected(work string, at time.Time) {
	m.backgroundDone.WithLabelValues(work).Set(seconds(at))
	m.background.WithLabelValues(work, "success")
	m.background.WithLabelValues(work, "failure")
}

// BackgroundRun counts a run that ended at that time.
func (m *Metrics) BackgroundRun(work string, at time.Time, err error) {
	if err != nil {
		m.background.WithLabelValues(work, "failure").Inc()
		return
	}
	m.background.WithLabelValues(work, "success").Inc()
	m.backgroundDone.WithLabelValues(work).Set(seconds(at))
}

// Housekept counts the rows that housekeeping removed.
func (m *Metrics) Housekept(removed int) { m.housekept.Add(float64(removed)) }

// seconds is a time as metrics have it.
func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

// Panicked counts a request that ended in a panic.
func (m *Metrics) Panicked() { m.panics.Inc() }

// The results of a reload.
const (
	ReloadSuccess = "success"
	ReloadRefused = "refused"
)

// ConfigServed records that a revision is being served.
func (m *Metrics) ConfigServed(at time.Time) {
	m.reloads.WithLabelValues(ReloadSuccess).Inc()
	m.reloaded.Set(seconds(at))
	m.refused.Set(0)
}

// ConfigRefused records that the newest revision is not served.
func (m *Metrics) ConfigRefused() {
	m.reloads.WithLabelValues(ReloadRefused).Inc()
	m.refused.Set(1)
}

// ConfigRestored records that the newest revision is again the one being served.
func (m *Metrics) ConfigRestored() { m.refused.Set(0) }
