package leadimport

import (
	"encoding/json"
	"errors"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// MaxReported bounds how many rows are reported one by one; the counts are always exact.
const MaxReported = 200

// Report is what became of a file. Rows is the sum of all counts behind it.
type Report struct {
	// Rows are the rows with something in them, without the header.
	Rows      int `json:"rows"`
	Inserted  int `json:"inserted"`
	Updated   int `json:"updated"`
	Unchanged int `json:"unchanged"`
	// DuplicateInFile are rows with a number that an earlier row of the file has.
	DuplicateInFile int `json:"duplicateInFile"`
	OptedOut        int `json:"optedOut"`
	Invalid         int `json:"invalid"`
	// Problems are the first MaxReported invalid and duplicate rows.
	Problems []Problem `json:"-"`
	Columns  []Mapped  `json:"-"`
	DryRun   bool      `json:"dryRun"`
	// Replayed says that the file was imported before under the same idempotency key, with these counts.
	Replayed bool `json:"-"`
}

// Problem is a row that was not imported.
type Problem struct {
	// Row counts from 1 with the header, as a spreadsheet shows it; for JSON, without a header, from 1.
	Row int
	// Line is the row's first physical line, from 1; 0 for JSON.
	Line int
	// Column is the header of the offending column, or the field's name; empty when it is the row as a whole.
	Column string
	// Code is INVALID or DUPLICATE.
	Code   string
	Reason string
}

// The codes of problems.
const (
	ProblemInvalid   = "INVALID"
	ProblemDuplicate = "DUPLICATE"
)

// Mapped says which field a column of the file is taken for; empty for one that is not imported.
type Mapped struct {
	Column string
	Field  Field
}

func (r *Report) add(p Problem) {
	if len(r.Problems) < MaxReported {
		r.Problems = append(r.Problems, p)
	}
}

func (r *Report) invalid(p Problem) {
	r.Invalid++
	p.Code = ProblemInvalid
	r.add(p)
}

func (r *Report) count(c lead.Counts) {
	r.Inserted, r.Updated, r.Unchanged, r.OptedOut = c.Created, c.Updated, c.Unchanged, c.OptedOut
}

// answer is what a repetition of the import is answered with: the counts only, for reasons may hold personal data.
func (r Report) answer(c lead.Counts) string {
	r.count(c)
	text, _ := json.Marshal(r) // numbers and a boolean: it cannot fail
	return string(text)
}

// reasonOf is what is wrong with a draft, and in which field.
func reasonOf(err error) (field, reason string) {
	if refused, ok := errors.AsType[*booking.Error](err); ok {
		return refused.Field, refused.Message
	}
	return "", err.Error()
}
