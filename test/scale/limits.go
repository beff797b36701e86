package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// limitsJSON holds what each figure may be at most, for a thousand tenants on two processors, and what it was.
//
//go:embed limits.json
var limitsJSON []byte

// limit is the greatest value that a figure may have.
type limit struct {
	Name string  `json:"name"`
	Max  float64 `json:"max"`
	// Mean and Deviation are of the last Runs that were measured. Max is what was promised, and not made of them.
	Mean      *float64 `json:"mean"`
	Deviation *float64 `json:"deviation"`
	Runs      int      `json:"runs"`
}

// limitsFor is the number of tenants that the limits are meant for.
const limitsFor = 1000

// judge names the figures that are over their limits.
func judge(rows []report.Row) (over []string, err error) {
	var limits []limit
	if err := json.Unmarshal(limitsJSON, &limits); err != nil {
		return nil, fmt.Errorf("read the limits: %w", err)
	}
	for _, row := range rows {
		for _, l := range limits {
			if l.Name == row.Name && row.Value > l.Max {
				over = append(over, fmt.Sprintf("%s is %.2f %s, and may be %.2f", row.Name, row.Value, row.Unit, l.Max))
			}
		}
	}
	return over, nil
}

// overLimits is the error of a run that measured well and found too much.
type overLimits []string

func (o overLimits) Error() string { return "over the limits: " + strings.Join(o, "; ") }
