package alerts

import (
	"fmt"
	"time"
)

// Tenant is what the rules of a tenant depend on.
type Tenant struct {
	Namespace, Name string
	Objective       Objective
	// Running is false while the tenant is suspended: no pod of it is missed then.
	Running bool
}

// Groups are all rules of a tenant. They expect its series to have the labels namespace and tenant.
func (t Tenant) Groups() []Group {
	pages := append(t.recorded(), t.availability(pagePairs, "FrontdeskAvailabilityBurnFast", severityCritical, "the last hour, or six hours"))
	tickets := []Rule{t.availability(ticketPairs, "FrontdeskAvailabilityBurnSlow", severityWarning, "the last day, or three days")}
	if t.Objective.MeasuresLatency() {
		pages = append(pages, t.latency(pagePairs, "FrontdeskLatencyBurnFast", severityCritical, "the last hour, or six hours"))
		tickets = append(tickets, t.latency(ticketPairs, "FrontdeskLatencyBurnSlow", severityWarning, "the last day, or three days"))
	}
	return []Group{
		{Name: t.group("slo"), Interval: step, Rules: pages},
		{Name: t.group("slo-slow"), Interval: "5m", Rules: tickets},
		{Name: t.group("server"), Interval: step, Rules: t.server()},
	}
}

// group names are shown in Prometheus without the object that they are from.
func (t Tenant) group(name string) string {
	return fmt.Sprintf("frontdesk/%s/%s/%s", t.Namespace, t.Name, name)
}

func (t Tenant) String() string { return t.Namespace + "/" + t.Name }

func (t Tenant) availability(pairs []pair, name, severity, when string) Rule {
	return t.alert(name, severity, "", t.burning(recordedFailed, t.Objective.errorBudget(), pairs),
		fmt.Sprintf("Tenant %s fails too many requests", t),
		fmt.Sprintf("{{ $value | humanizePercentage }} of the requests to tenant %s failed over %s. Of 30 days %s must succeed; at this rate that promise is broken early.",
			t, when, t.Objective.percent()))
}

func (t Tenant) latency(pairs []pair, name, severity, when string) Rule {
	seconds, _ := t.Objective.bucket()
	measured := time.Duration(seconds * float64(time.Second))
	limit := measured.String()
	if measured != t.Objective.Latency {
		limit = fmt.Sprintf("%s (the next bound that is measured above the objective, %s)", measured, t.Objective.Latency)
	}
	return t.alert(name, severity, "", t.burning(recordedSlow, latencyBudget, pairs),
		fmt.Sprintf("Tenant %s answers too slowly", t),
		fmt.Sprintf("{{ $value | humanizePercentage }} of the requests to tenant %s took longer than %s over %s. Of 30 days 99%% must be faster.", t, limit, when))
}

// overdue is true when no server has got a work done for longer than so many seconds.
func overdue(series, work, seconds string) string {
	return fmt.Sprintf(`time() - max by (work) (frontdesk_background_last_success_timestamp_seconds{%s, work="%s"}) > %s`, series, work, seconds)
}

// keyNotice is how long before the end of a key people hear of it: a week has a working day in it, and people who are away.
const keyNotice = 7 * 24 * time.Hour

// server are the alerts that need no objective.
func (t Tenant) server() []Rule {
	series := fmt.Sprintf(`namespace="%s", tenant="%s"`, t.Namespace, t.Name)
	rules := []Rule{
		t.alert("FrontdeskConfigurationRefused", severityWarning, "5m",
			fmt.Sprintf("max(frontdesk_config_refused{%s}) == 1", series),
			fmt.Sprintf("Tenant %s refuses its newest configuration", t),
			fmt.Sprintf("A server of tenant %s has refused the newest configuration for 5 minutes. The one before is still served, so what was edited has no effect.", t)),
		t.alert("FrontdeskServerPanics", severityWarning, "",
			fmt.Sprintf("sum(increase(frontdesk_http_panics_total{%s}[15m])) > 0", series),
			fmt.Sprintf("A server of tenant %s panics", t),
			fmt.Sprintf("Requests to tenant %s ended in a panic within the last 15 minutes. Each was answered with an error; it is a fault in the server.", t)),
		t.alert("FrontdeskRedisUnavailable", severityWarning, "10m",
			fmt.Sprintf("min(frontdesk_redis_up{%s}) == 0", series),
			fmt.Sprintf("Tenant %s does without Redis", t),
			fmt.Sprintf("Redis has not answered a server of tenant %s for 10 minutes. Bookings work; rate limits and caches are each replica's own meanwhile.", t)),
		t.alert("FrontdeskBackgroundWorkStuck", severityWarning, "5m",
			overdue(series, "waitlist", "600")+"\nor\n"+overdue(series, "housekeeping", "10800"),
			fmt.Sprintf("Work that tenant %s does by itself is stuck", t),
			fmt.Sprintf("No server of tenant %s has got its {{ $labels.work }} work done for {{ $value | humanizeDuration }}. Bookings do not depend on it; those who wait for a time may.", t)),
	}
	rules = append(rules, t.alert("FrontdeskAPIKeyEnds", severityWarning, "15m",
		fmt.Sprintf("min by (key) (frontdesk_api_key_expiry_timestamp_seconds{%s}) - time() < %d", series, keyNotice/time.Second),
		fmt.Sprintf("An API key of tenant %s ends within a week", t),
		fmt.Sprintf("API key {{ $labels.key }} of tenant %s was used within the last day, and ends in {{ $value | humanizeDuration }}. Whoever uses it is refused from then on.", t)))
	if t.Running {
		rules = append(rules, t.alert("FrontdeskServerDown", severityCritical, "5m",
			fmt.Sprintf("(sum(up{%s}) or vector(0)) == 0", series),
			fmt.Sprintf("Tenant %s is down", t),
			fmt.Sprintf("Prometheus has reached no server of tenant %s for 5 minutes. Most likely nothing can be booked.", t)))
	}
	return rules
}
