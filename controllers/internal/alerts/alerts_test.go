package alerts

import (
	"strings"
	"testing"
	"time"
)

func TestObjectives(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		availability, latency string
		want                  Objective
		percent               string
	}{
		"nothing":            {"", "", Objective{99900, 300 * time.Millisecond}, "99.9%"},
		"its own":            {"99.95", "1s500ms", Objective{99950, 1500 * time.Millisecond}, "99.95%"},
		"the strictest":      {"99.999", "10ms", Objective{99999, 10 * time.Millisecond}, "99.999%"},
		"the most lenient":   {"90", "30s", Objective{90000, 30 * time.Second}, "90%"},
		"one of two":         {"", "2s", Objective{99900, 2 * time.Second}, "99.9%"},
		"outside the schema": {"100", "soon", Objective{99900, 300 * time.Millisecond}, "99.9%"},
	} {
		got := ParseObjective(test.availability, test.latency)
		if got != test.want || got.percent() != test.percent {
			t.Errorf("%s: %+v, %s; want %+v, %s", name, got, got.percent(), test.want, test.percent)
		}
	}
}

func TestBucketIsTheNextThatIsMeasured(t *testing.T) {
	t.Parallel()
	for latency, want := range map[string]string{
		"300ms": `le="0.3"`, "301ms": `le="0.5"`, "10ms": `le="0.01"`, "15ms": `le="0.025"`,
		"1s": `le=~"1([.]0)?"`, "2s": `le="2.5"`, "10s": `le=~"10([.]0)?"`,
	} {
		seconds, found := ParseObjective("", latency).bucket()
		if got := bucketMatcher(seconds); !found || got != want {
			t.Errorf("%s: %s, %t; want %s", latency, got, found, want)
		}
	}
	if ParseObjective("", "10s1ms").MeasuresLatency() {
		t.Error("an objective above all bounds counts as measured")
	}
}

func TestNoLatencyAlertsAboveAllBounds(t *testing.T) {
	t.Parallel()
	for _, group := range (Tenant{Objective: ParseObjective("", "20s")}).Groups() {
		for _, rule := range group.Rules {
			if strings.Contains(rule.Alert+rule.Record+rule.Expr, "Latency") || strings.Contains(rule.Expr, recordedSlow) || strings.Contains(rule.Expr, "_bucket") {
				t.Errorf("there is %s%s, which cannot be measured", rule.Record, rule.Alert)
			}
		}
	}
}

// A lenient promise still pages on an outage, and a strict one keeps its exact budget.
func TestThresholds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		burn         float64
		availability string
		want         string
	}{
		{14.4, "99.9", "(14.4 * 0.001)"},
		{14.4, "99.999", "(14.4 * 0.00001)"},
		{14.4, "90", "0.9"},
		{6, "90", "(6 * 0.1)"},
		{1, "90", "(1 * 0.1)"},
	} {
		if got := threshold(test.burn, ParseObjective(test.availability, "").errorBudget()); got != test.want {
			t.Errorf("%g times the budget of %s%%: %s, want %s", test.burn, test.availability, got, test.want)
		}
	}
}
