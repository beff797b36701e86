package alerts

// Group is a group of rules that are evaluated together, in their order.
type Group struct {
	Name string `json:"name"`
	// Interval between two evaluations, as a Prometheus duration.
	Interval string `json:"interval,omitempty"`
	Rules    []Rule `json:"rules"`
}

// Rule records a series or raises an alert.
type Rule struct {
	Record string `json:"record,omitempty"`
	Alert  string `json:"alert,omitempty"`
	Expr   string `json:"expr"`
	// For is how long the expression must hold, as a Prometheus duration.
	For         string            `json:"for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Severities. Critical is for now, by night too; a warning is for the next working day.
const (
	severityCritical = "critical"
	severityWarning  = "warning"
)

// runbooks is where the page of each alert is, under its name.
const runbooks = "https://github.com/frontdesk-dev/frontdesk/blob/main/docs/runbooks/"

// alert makes a rule with everything that an alert must carry. Namespace and tenant are set here rather than
// taken from the series, because some alerts are about series that are not there.
func (t Tenant) alert(name, severity, wait, expr, summary, description string) Rule {
	labels := t.labels()
	labels["severity"] = severity
	return Rule{
		Alert: name, Expr: expr, For: wait, Labels: labels,
		Annotations: map[string]string{"summary": summary, "description": description, "runbook_url": runbooks + name + ".md"},
	}
}

func (t Tenant) labels() map[string]string {
	return map[string]string{"namespace": t.Namespace, "tenant": t.Name}
}
