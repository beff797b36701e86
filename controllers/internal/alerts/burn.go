package alerts

import (
	"fmt"
	"strings"
)

// pair is how fast the error budget may burn, seen over a long window, which makes sure that it matters, and a
// short one, which makes the alert end soon after the fault does.
type pair struct {
	burn        float64
	long, short string
}

// The pairs of the SRE workbook's table 5-8, for a budget of 30 days: those for a page spend 2 % of it in an
// hour and 5 % in six, those for a ticket 10 % in a day and in three.
var (
	pagePairs   = []pair{{14.4, "1h", "5m"}, {6, "6h", "30m"}}
	ticketPairs = []pair{{3, "1d", "2h"}, {1, "3d", "6h"}}
)

const (
	// step is the interval at which rates are recorded.
	step = "1m"
	// stepSeconds is step in seconds: a sum of recorded rates times it is a number of requests.
	stepSeconds = 60
	// fewest is how many requests must have gone wrong in the long window. A small business has so few that one
	// alone would be a large share (SRE workbook, chapter 5, "Low-Traffic Services and Error Budget Alerting").
	fewest = 5
	// outage is a share of failing requests that is alarming whatever was promised. Without it a promise below
	// 93 % could never page: its budget does not burn 14.4 times as fast as it may.
	outage = 0.9
)

// The recorded series, in requests per second over the last 5 minutes.
const (
	recordedAll    = "frontdesk:http_requests:rate5m"
	recordedFailed = "frontdesk:http_requests_failed:rate5m"
	recordedSlow   = "frontdesk:http_requests_slow:rate5m"
)

// recorded are the rates that all windows are sums of. Load balancers' health checks are no customers.
func (t Tenant) recorded() []Rule {
	series := fmt.Sprintf(`namespace="%s", tenant="%s", route!~"/health.*"`, t.Namespace, t.Name)
	all := fmt.Sprintf("sum(rate(frontdesk_http_requests_total{%s}[5m]))", series)
	rules := []Rule{
		{Record: recordedAll, Expr: all, Labels: t.labels()},
		// A status that was never answered has no series; that is zero, not unknown.
		{Record: recordedFailed, Labels: t.labels(),
			Expr: fmt.Sprintf("sum(rate(frontdesk_http_requests_total{%s, status=~\"5..\"}[5m]))\nor\n%s * 0", series, all)},
	}
	if seconds, found := t.Objective.bucket(); found {
		rules = append(rules, Rule{Record: recordedSlow, Labels: t.labels(), Expr: fmt.Sprintf(
			"sum(rate(frontdesk_http_request_duration_seconds_count{%s}[5m]))\n-\nsum(rate(frontdesk_http_request_duration_seconds_bucket{%s, %s}[5m]))",
			series, series, bucketMatcher(seconds))})
	}
	return rules
}

// burning is true while one of the pairs burns the budget faster than it may.
func (t Tenant) burning(wrong string, budget float64, pairs []pair) string {
	series := fmt.Sprintf(`{namespace="%s", tenant="%s"}`, t.Namespace, t.Name)
	over := func(record, window string) string {
		return fmt.Sprintf("sum_over_time(%s%s[%s])", record, series, window)
	}
	alternatives := make([]string, len(pairs))
	for i, p := range pairs {
		limit := threshold(p.burn, budget)
		alternatives[i] = fmt.Sprintf("  %s / %s > %s\nand\n  %s / %s > %s\nand\n  %d * %s >= %d",
			over(wrong, p.long), over(recordedAll, p.long), limit,
			over(wrong, p.short), over(recordedAll, p.short), limit,
			stepSeconds, over(wrong, p.long), fewest)
	}
	return "(\n" + strings.Join(alternatives, "\n)\nor\n(\n") + "\n)"
}

// threshold is a share of requests, written as the product that it comes from.
func threshold(burn, budget float64) string {
	if burn*budget >= outage {
		return number(outage)
	}
	return fmt.Sprintf("(%s * %s)", number(burn), number(budget))
}
