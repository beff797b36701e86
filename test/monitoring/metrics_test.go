package monitoring

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	operator "sigs.k8s.io/controller-runtime/pkg/metrics"

	_ "github.com/frontdesk-dev/frontdesk/controllers" // registers the operator's metrics
	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

var (
	// Every series in a rule or a panel is selected with braces, so that it can be told from a label.
	selector = regexp.MustCompile(`([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)\s*"[^"]*"`)
	ours     = regexp.MustCompile(`\b(?:frontdesk|controller_runtime|workqueue|leader_election|process|go)_[a-z_]+`)
	// described is how a prometheus.Desc shows what it is of.
	described = regexp.MustCompile(`^Desc\{fqName: "([^"]+)",.* constLabels: \{([^}]*)\}, variableLabels: \{([^}]*)\}\}$`)
	labelName = regexp.MustCompile(`[a-z_]+`)
)

// targetLabels are given to every series when it is collected.
var targetLabels = []string{"namespace", "pod", "job", "tenant"}

// exported are the metrics that the programs register, with their labels. A histogram has its three series.
func exported(t *testing.T) map[string][]string {
	t.Helper()
	of, isCollector := operator.Registry.(prometheus.Collector)
	if !isCollector {
		t.Fatalf("a %T does not describe what is registered", operator.Registry)
	}
	metrics := map[string][]string{"up": nil}
	for _, registry := range []prometheus.Collector{observe.NewMetrics().Registry(), of} {
		descriptions := make(chan *prometheus.Desc)
		go func() {
			defer close(descriptions)
			registry.Describe(descriptions)
		}()
		for description := range descriptions {
			parts := described.FindStringSubmatch(description.String())
			if parts == nil {
				t.Fatalf("a description looks otherwise than it did: %s", description)
			}
			labels := labelName.FindAllString(parts[3], -1)
			for constant := range strings.SplitSeq(parts[2], ",") {
				if name, _, found := strings.Cut(constant, "="); found {
					labels = append(labels, name)
				}
			}
			metrics[parts[1]] = labels
			for _, suffix := range []string{"_count", "_sum"} {
				metrics[parts[1]+suffix] = labels
			}
			metrics[parts[1]+"_bucket"] = append([]string{"le"}, labels...)
		}
	}
	return metrics
}

// known reports what an expression selects that nobody exports.
func known(t *testing.T, where, expr string, metrics map[string][]string) {
	t.Helper()
	for _, selected := range selector.FindAllStringSubmatch(expr, -1) {
		labels, found := metrics[selected[1]]
		if !found {
			t.Errorf("%s selects %s, which nothing exports", where, selected[1])
			continue
		}
		for _, label := range matcher.FindAllStringSubmatch(selected[2], -1) {
			if !slices.Contains(labels, label[1]) && !slices.Contains(targetLabels, label[1]) {
				t.Errorf("%s selects %s by %s, a label that it does not have", where, selected[1], label[1])
			}
		}
	}
	if bare := ours.FindAllString(selector.ReplaceAllString(expr, ""), -1); len(bare) > 0 {
		t.Errorf("%s selects %q without braces: write them, so that this test sees the name", where, bare)
	}
}

func TestRulesSelectWhatIsExported(t *testing.T) {
	t.Parallel()
	for name, file := range ruleFiles(t) {
		metrics := exported(t)
		all := rules(t, file)
		for _, r := range all {
			if r.Record != "" {
				metrics[r.Record] = nil
			}
		}
		for _, r := range all {
			known(t, name+": "+r.Record+r.Alert, r.Expr, metrics)
		}
	}
}

func TestDashboardSelectsWhatIsExported(t *testing.T) {
	t.Parallel()
	var board struct {
		Templating struct {
			List []struct {
				Name  string
				Query any
			}
		}
		Panels []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ X, Y, W, H int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, dashboard), &board); err != nil {
		t.Fatal(err)
	}
	metrics := exported(t)
	for _, variable := range board.Templating.List {
		if query, isQuery := variable.Query.(map[string]any); isQuery {
			text, _ := query["query"].(string)
			known(t, "variable "+variable.Name, text, metrics)
		}
	}
	seen := map[int]bool{}
	for i, panel := range board.Panels {
		if seen[panel.ID] {
			t.Errorf("two panels have the id %d", panel.ID)
		}
		seen[panel.ID] = true
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("panel %s shows nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			known(t, "panel "+panel.Title, target.Expr, metrics)
		}
		for _, other := range board.Panels[:i] {
			a, b := panel.GridPos, other.GridPos
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("panels %s and %s overlap", panel.Title, other.Title)
			}
		}
	}
}
