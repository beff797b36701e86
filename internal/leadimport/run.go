package leadimport

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

// The formats of a file.
const (
	CSV  = "csv"
	JSON = "json"
)

// MaxBytes bounds a file.
const MaxBytes = 64 << 20

// Options say how to read a file and what to do with it.
type Options struct {
	// Format is CSV or JSON.
	Format string
	// Mapping names fields for headers; see MapColumns. For JSON it renames properties.
	Mapping map[string]string
	// Delimiter separates the cells of a CSV file; empty to find out.
	Delimiter string
	DryRun    bool
	// Source is that of rows that have none.
	Source string
	Actor  booking.Actor
	// Envelope is called with what a JSON object has besides its list, in at most 16 properties, when all of it has been
	// read and before anything is imported; its error ends the import. A body that is a list has none. nil for no look.
	Envelope func(properties map[string]json.RawMessage) error
	// Claim makes the claim from the digest of options and file; nil when the caller gave no key.
	Claim func(digest [sha256.Size]byte) *booking.IdempotencyClaim
}

// Run imports a file. Errors: VALIDATION_ERROR, UNREADABLE_FILE, BODY_TOO_LARGE, IDEMPOTENCY_KEY_REUSED,
// STORAGE_UNAVAILABLE; then nothing was imported.
func Run(ctx context.Context, people *lead.Service, file io.Reader, options Options) (report Report, err error) {
	rows, err := newSpool()
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	digest := sha256.New()
	in := &input{ctx: ctx, limited: io.LimitReader(file, MaxBytes+1), digest: digest}
	reading := &reading{region: people.Region(), options: options, rows: rows, seen: map[string]int{}, report: Report{DryRun: options.DryRun}}
	if options.Format == JSON {
		err = reading.json(bufio.NewReader(in))
	} else {
		err = reading.csv(in)
	}
	if err != nil {
		return Report{}, readError(err)
	}
	// What follows the last row, such as white space, is part of the request too.
	if _, err := io.Copy(io.Discard, in); err != nil {
		return Report{}, readError(err)
	}
	return keep(ctx, people, reading, digest)
}

func keep(ctx context.Context, people *lead.Service, reading *reading, digest hash.Hash) (Report, error) {
	options, report := reading.options, reading.report
	request := lead.Import{Batches: reading.rows.batches, DryRun: options.DryRun, Actor: options.Actor, Answer: report.answer}
	if options.Claim != nil && !options.DryRun {
		how, err := json.Marshal([]any{options.Format, options.Mapping, options.Delimiter, options.Source})
		if err != nil {
			return Report{}, fmt.Errorf("hash the import: %w", err)
		}
		digest.Write(how)
		request.Idempotency = options.Claim([sha256.Size]byte(digest.Sum(nil)))
	}
	counts, earlier, err := people.Import(ctx, request)
	if err != nil {
		return Report{}, err
	}
	if earlier != "" {
		report = Report{Replayed: true, Columns: report.Columns}
		if err := json.Unmarshal([]byte(earlier), &report); err != nil {
			return Report{}, fmt.Errorf("read the earlier import's counts: %w", err)
		}
		return report, nil
	}
	report.count(counts)
	return report, nil
}

// input is the file on its way: bounded, hashed, and ended with the request.
type input struct {
	ctx     context.Context //nolint:containedctx // an io.Reader has no other way to get it
	limited io.Reader
	digest  hash.Hash
	size    int
}

var errTooLarge = errors.New("the file is too large")

func (in *input) Read(into []byte) (int, error) {
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := in.limited.Read(into)
	in.digest.Write(into[:n])
	if in.size += n; in.size > MaxBytes {
		return 0, errTooLarge
	}
	return n, err
}

// readError turns what went wrong while reading into what a caller is told.
func readError(err error) error {
	tooLarge := &http.MaxBytesError{}
	if errors.Is(err, errTooLarge) || errors.As(err, &tooLarge) {
		refused := booking.Errorf(lead.CodeBodyTooLarge, "The file is too large. Send at most %d bytes at a time.", MaxBytes)
		refused.Details = map[string]any{"limitBytes": MaxBytes}
		return refused
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return booking.Errorf(lead.CodeUnreadableFile, "The file ends in the middle. Send it again.").WithCause(err)
	}
	return err
}

// reading is a file being read.
type reading struct {
	region  string
	options Options
	rows    *spool
	seen    map[string]int // by number: the row that has it
	report  Report
	columns Columns
	header  []string
}

// csv reads a CSV file to its end.
func (r *reading) csv(in io.Reader) error {
	lines := newLineReader(in)
	comma, err := r.delimiter(lines)
	if err != nil {
		return err
	}
	records := newRecordReader(lines, comma)
	header, err := records.next()
	if errors.Is(err, io.EOF) {
		return booking.Errorf(lead.CodeUnreadableFile, "The file is empty. Its first row must name the columns.")
	}
	if err != nil {
		return err
	}
	if header.fault != "" {
		return booking.Errorf(lead.CodeUnreadableFile, "The first row, which names the columns, cannot be read: %s", header.fault)
	}
	if r.columns, err = MapColumns(header.cells, r.options.Mapping); err != nil {
		return err
	}
	r.header, records.width = header.cells, len(header.cells)
	for i, name := range header.cells {
		field := r.columns[i]
		if field == FieldIgnore {
			field = ""
		}
		r.report.Columns = append(r.report.Columns, Mapped{Column: strings.ToValidUTF8(strings.TrimSpace(name), "\uFFFD"), Field: field})
	}
	for {
		row, err := records.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.record(row)
		}
		if err != nil {
			return err
		}
	}
}

// delimiter is the one asked for, or the one that the header shows.
func (r *reading) delimiter(lines *lineReader) (rune, error) {
	if wanted := []rune(r.options.Delimiter); len(wanted) > 0 {
		if len(wanted) != 1 || !strings.ContainsRune(delimiters, wanted[0]) {
			return 0, booking.Errorf(booking.CodeValidation, "The delimiter must be a comma, a semicolon, a tab or a bar.").WithField("delimiter")
		}
		return wanted[0], nil
	}
	var skipped []line
	for {
		first, err := lines.next()
		if err == nil {
			skipped = append(skipped, first)
		}
		if err != nil || strings.TrimSpace(first.text) != "" || len(skipped) > MaxLines {
			lines.giveBack(skipped)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return guessDelimiter(first.text), err
		}
	}
}

func (r *reading) record(row record) error {
	if row.fault == "" && isBlank(row.cells) {
		return nil
	}
	at := Problem{Row: row.number, Line: row.line}
	if row.fault == "" && len(row.cells) > len(r.header) && !isBlank(row.cells[len(r.header):]) {
		row.fault = fmt.Sprintf("The row has %d cells, but there are %d columns. Put quotes around cells that hold the delimiter.", len(row.cells), len(r.header))
	}
	if row.fault != "" {
		r.report.Rows++
		at.Reason = row.fault
		r.report.invalid(at)
		return nil
	}
	return r.draft(r.columns.draft(row.cells), at)
}

// draft checks one row and keeps it.
func (r *reading) draft(d lead.Draft, at Problem) error {
	r.report.Rows++
	if d.Source == "" {
		d.Source = r.options.Source
	}
	d, err := d.Clean(r.region)
	if err != nil {
		var field string
		field, at.Reason = reasonOf(err)
		at.Column = r.columnOf(field)
		r.report.invalid(at)
		return nil
	}
	if first, again := r.seen[d.Phone]; again {
		r.report.DuplicateInFile++
		at.Column, at.Code = r.columnOf(string(FieldPhone)), ProblemDuplicate
		at.Reason = fmt.Sprintf("Row %d has the same number.", first)
		r.report.add(at)
		return nil
	}
	r.seen[d.Phone] = at.Row
	return r.rows.add(d)
}

// columnOf is what the file calls a field.
func (r *reading) columnOf(field string) string {
	for i, column := range r.columns {
		if string(column) == field || field == "customFields" && strings.HasPrefix(string(column), customPrefix) {
			return strings.ToValidUTF8(strings.TrimSpace(r.header[i]), "\uFFFD")
		}
	}
	return field
}

func isBlank(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}
