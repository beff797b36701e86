package alerts

import (
	"math"
	"strconv"
	"time"
)

// Objective is a promise that is measured over 30 days.
type Objective struct {
	// Availability is the share of requests that must not fail, in thousandths of a per cent: 99900 is 99.9 %.
	Availability int
	// Latency is within what 99 of 100 requests must be answered.
	Latency time.Duration
}

// DefaultObjective holds for tenants that promise nothing of their own, as their API says.
var DefaultObjective = Objective{Availability: 99900, Latency: 300 * time.Millisecond}

// wholly is an availability of 100 %.
const wholly = 100000

// ParseObjective reads an availability in per cent and a latency as a Go duration. What is empty, or could not
// have passed the schema of a Tenant, is as in DefaultObjective.
func ParseObjective(availability, latency string) Objective {
	objective := DefaultObjective
	if percent, err := strconv.ParseFloat(availability, 64); err == nil && percent > 0 && percent < 100 {
		objective.Availability = int(math.Round(percent * 1000))
	}
	if within, err := time.ParseDuration(latency); err == nil && within > 0 {
		objective.Latency = within
	}
	return objective
}

// errorBudget is the share of requests that may fail.
func (o Objective) errorBudget() float64 { return float64(wholly-o.Availability) / wholly }

// percent is the availability for people.
func (o Objective) percent() string { return number(float64(o.Availability)/1000) + "%" }

// latencyBudget is the share of requests that may be slower than the objective.
const latencyBudget = 0.01

// Buckets are the bounds, in seconds, of frontdesk_http_request_duration_seconds.
var Buckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .2, .3, .5, 1, 2.5, 5, 10}

// bucket is the smallest measured bound that is not below the objective. There is none above 10 s.
func (o Objective) bucket() (seconds float64, found bool) {
	for _, bound := range Buckets {
		if bound >= o.Latency.Seconds() {
			return bound, true
		}
	}
	return 0, false
}

// MeasuresLatency says whether there can be alerts on latency: an objective above the longest time that the
// server tells apart cannot be watched.
func (o Objective) MeasuresLatency() bool {
	_, found := o.bucket()
	return found
}

// bucketMatcher selects a bucket. Prometheus 3 writes the bound of a whole number with a decimal, 2 does not.
func bucketMatcher(seconds float64) string {
	if seconds == math.Trunc(seconds) {
		return `le=~"` + number(seconds) + `([.]0)?"`
	}
	return `le="` + number(seconds) + `"`
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
