// Package report writes what the benchmark and the chaos test found: a table for people and a JSON list of rows
// for programs. It knows nothing of what the rows mean.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// Row is one figure.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline is what was measured beside it in the same run, in the same unit; null where there is nothing to compare.
	Baseline *float64 `json:"baseline"`
	// Ratio is Value ÷ Baseline; null without a baseline.
	Ratio *float64 `json:"ratio"`
}

// Plain is a row without a baseline.
func Plain(name string, value float64, unit string) Row {
	return Row{Name: name, Value: value, Unit: unit}
}

// Against is a row with a baseline. A baseline of nothing was not measured, and gives no ratio.
func Against(name string, value float64, unit string, baseline float64) Row {
	row := Plain(name, value, unit)
	if baseline > 0 {
		ratio := value / baseline
		row.Baseline, row.Ratio = &baseline, &ratio
	}
	return row
}

// Table writes rows for people.
func Table(w io.Writer, rows []Row) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "name\tvalue\tunit\tbaseline\tratio\t") //nolint:errcheck // Flush reports it
	for _, row := range rows {
		baseline, ratio := "", ""
		if row.Ratio != nil {
			baseline, ratio = number(*row.Baseline), fmt.Sprintf("%.2f", *row.Ratio)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", row.Name, number(row.Value), row.Unit, baseline, ratio) //nolint:errcheck // Flush reports it
	}
	return table.Flush()
}

func number(n float64) string {
	if n == float64(int64(n)) || n >= 100 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

// WriteJSON replaces a file with the rows.
func WriteJSON(path string, rows []Row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// Merge returns the rows of a file with the given ones in the place of those of the same names, the rest behind
// them. A file that is not there has no rows.
func Merge(path string, rows []Row) ([]Row, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return rows, nil
	}
	if err != nil {
		return nil, err
	}
	var merged []Row
	if err := json.Unmarshal(text, &merged); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, row := range rows {
		if i := slices.IndexFunc(merged, func(r Row) bool { return r.Name == row.Name }); i >= 0 {
			merged[i] = row
		} else {
			merged = append(merged, row)
		}
	}
	return merged, nil
}
