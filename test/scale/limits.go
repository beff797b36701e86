package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// limitsJSON holds what each figure may be, for a thousand tenants on two processors, and what it was.
//
//go:embed limits.json
var limitsJSON []byte

// limit is the greatest or the least value that a figure may have, in the figure's own unit.
type limit struct {
	Name string   `json:"name"`
	Max  *float64 `json:"max,omitempty"`
	Min  *float64 `json:"min,omitempty"`
	// Mean and Deviation are of the last Runs that were measured. Max and Min are what was promised, and not made of them.
	Mean      *float64 `json:"mean"`
	Deviation *float64 `json:"deviation"`
	Runs      int      `json:"runs"`
}

// limitsFor is the number of tenants that the limits are meant for.
const limitsFor = 1000

// judge names the figures that are beyond their limits. A figure that was not measured is, too.
func judge(rows []report.Row) (beyond []string, err error) {
	var limits []limit
	if err := json.Unmarshal(limitsJSON, &limits); err != nil {
		return nil, fmt.Errorf("read the limits: %w", err)
	}
	for _, l := range limits {
		at := slices.IndexFunc(rows, func(row report.Row) bool { return row.Name == l.Name })
		switch {
		case at < 0:
			beyond = append(beyond, l.Name+" was not measured")
		case l.Max != nil && rows[at].Value > *l.Max:
			beyond = append(beyond, fmt.Sprintf("%s is %.2f %s, and may be %g", l.Name, rows[at].Value, rows[at].Unit, *l.Max))
		case l.Min != nil && rows[at].Value < *l.Min:
			beyond = append(beyond, fmt.Sprintf("%s is %.2f %s, and must be %g", l.Name, rows[at].Value, rows[at].Unit, *l.Min))
		}
	}
	return beyond, nil
}

// beyondLimits is the error of a run that measured well, and did not find what it should.
type beyondLimits []string

func (b beyondLimits) Error() string { return "beyond the limits: " + strings.Join(b, "; ") }
