package leadimport

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// exportHeader names the columns of an export. Those that an import knows have the names it knows them by.
var exportHeader = []string{
	"id", "name", "phone", "email", "status", "tags", "source", "notes", "score", "created_at_utc", "created_at_local", "updated_at_utc",
	"updated_at_local", "last_contacted_at_utc", "last_contacted_at_local", "time_zone", "custom_fields",
}

// localLayout is a wall-clock time with its offset, which spreadsheets understand and people too.
const localLayout = "2006-01-02 15:04:05 -07:00"

// flushEvery is after how many rows what there is goes out.
const flushEvery = 500

// Export writes people as CSV, with times in UTC and in the zone. Cells are guarded against being taken for formulas.
func Export(to io.Writer, people iter.Seq2[lead.Person, error], zone *time.Location, now time.Time) error {
	out := csv.NewWriter(to)
	if err := out.Write(exportHeader); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	row := 0
	for person, err := range people {
		if err != nil {
			return err
		}
		cells, err := exportRow(person, zone, now)
		if err != nil {
			return err
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		if row++; row%flushEvery == 0 {
			out.Flush()
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func exportRow(p lead.Person, zone *time.Location, now time.Time) ([]string, error) {
	score, _ := lead.Score(p, false, now)
	custom := ""
	if len(p.Custom) > 0 {
		text, err := json.Marshal(p.Custom)
		if err != nil {
			return nil, fmt.Errorf("write export: %w", err)
		}
		custom = string(text)
	}
	cells := []string{
		p.ID, Guard(p.Name), p.Phone, Guard(p.Email), string(p.Status), Guard(strings.Join(p.Tags, ";")), Guard(p.Source), Guard(p.Notes), strconv.Itoa(score),
	}
	for _, at := range []time.Time{p.CreatedAt, p.UpdatedAt, p.LastContactedAt} {
		if at.IsZero() {
			cells = append(cells, "", "")
			continue
		}
		cells = append(cells, at.UTC().Format(time.RFC3339), at.In(zone).Format(localLayout))
	}
	return append(cells, zone.String(), custom), nil
}
