package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/leadimport"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

const (
	pathImport = "/api/v1/leads/import"
	pathExport = "/api/v1/leads/export"
	// importTimeout bounds an import from its first byte to its answer; exportTimeout an export.
	importTimeout  = 2 * time.Minute
	exportTimeout  = 5 * time.Minute
	contentTypeCSV = "text/csv"
)

// importInput takes the body as it comes: huma would read it whole.
type importInput struct {
	Idempotency
	DryRun      bool   `query:"dryRun" doc:"Say what would happen, and change nothing." example:"true"`
	Mapping     string `query:"mapping" maxLength:"8000" doc:"Which column is what, as a JSON object of headers and fields: phone, name, firstName, lastName, email, status, tags, source, notes, custom.<name>, ignore. Columns that it does not name are recognised by their headers." example:"{\"Mobile no.\": \"phone\", \"Car\": \"custom.car\"}"`
	Delimiter   string `query:"delimiter" maxLength:"1" doc:"What separates cells: a comma, a semicolon, a tab or a bar. Found out without it." example:";"`
	Source      string `query:"source" maxLength:"100" doc:"Source of people who have none in the file." example:"csv"`
	ContentType string `header:"Content-Type" hidden:"true"`

	body io.Reader
}

// Resolve implements huma.Resolver. The server's own time limits are for small requests.
func (in *importInput) Resolve(ctx huma.Context) []error {
	r, w := humachi.Unwrap(ctx)
	deadline := time.Now().Add(importTimeout)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(deadline) // a server that cannot do it keeps its own limits
	_ = control.SetWriteDeadline(deadline.Add(10 * time.Second))
	in.body = r.Body
	return nil
}

// ImportReport says what became of a file. The counts are exact and their sum is rows.
type ImportReport struct {
	Rows            int             `json:"rows" doc:"Rows with something in them, without the header." example:"20000"`
	Inserted        int             `json:"inserted" doc:"People who were not known." example:"19500"`
	Updated         int             `json:"updated" doc:"People who were known and to whom something was added." example:"300"`
	Unchanged       int             `json:"unchanged" doc:"People of whom everything was known." example:"150"`
	DuplicateInFile int             `json:"duplicateInFile" doc:"Rows with a number that an earlier row has." example:"30"`
	OptedOut        int             `json:"optedOut" doc:"Rows that were passed over because the number opted out." example:"15"`
	Invalid         int             `json:"invalid" doc:"Rows that could not be understood." example:"5"`
	DryRun          bool            `json:"dryRun" doc:"Nothing was changed." example:"false"`
	Columns         []ImportColumn  `json:"columns" doc:"What each column of a CSV file was taken for."`
	Problems        []ImportProblem `json:"problems" doc:"The invalid and the duplicate rows, at most the first 200."`
	MoreProblems    bool            `json:"moreProblems" doc:"There are more problems than are listed." example:"false"`
}

// ImportColumn says what a column was taken for.
type ImportColumn struct {
	Column string           `json:"column" example:"Mobile no."`
	Field  leadimport.Field `json:"field" doc:"Empty for a column that was not imported." example:"phone"`
}

// ImportProblem is a row that was not imported.
type ImportProblem struct {
	Row    int    `json:"row" doc:"As a spreadsheet counts: the header is row 1. In JSON the first object is 1." example:"17"`
	Line   int    `json:"line,omitempty" doc:"The first line of the row in the file." example:"17"`
	Column string `json:"column,omitempty" doc:"The offending column; absent when it is the row as a whole." example:"Mobile no."`
	Code   string `json:"code" enum:"INVALID,DUPLICATE" example:"INVALID"`
	Reason string `json:"reason" example:"\"12\" is not a phone number. Send it with its country code, like +447400123456."`
}

type importOutput struct {
	Replayed string `header:"Idempotency-Replayed" doc:"true when this request repeats an earlier one and nothing was done. The problems are not listed then."`
	Body     Success[ImportReport]
}

func (a *api) registerLeadFiles() {
	text := &huma.Schema{Type: huma.TypeString}
	registry := a.huma.OpenAPI().Components.Schemas
	register(a, operation{
		id: "import-leads", method: http.MethodPost, path: pathImport, tag: tagLeads,
		summary: "Import people",
		description: "Imports a CSV file, or a JSON list, of at most 64 MiB in one transaction: all good rows, or nothing at all. Each row is what creating the person would be, " +
			"so the same file a second time changes nothing. Rows that cannot be understood are reported and do not keep the others out. Numbers that opted out are passed over.",
		scope: auth.ScopeLeadsWrite, timeout: importTimeout,
		body: &huma.RequestBody{Required: true, Description: "The file as it is.", Content: map[string]*huma.MediaType{
			contentTypeCSV:  {Schema: text, Example: "Name,Mobile,Tags\nAnn Miller,020 7946 0123,recall-2026\n"},
			contentTypeJSON: {},
		}},
		errors: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType},
	}, a.importLeads)
	// Afterwards, because huma reads and validates a body that it knows the schema of when it is registered.
	a.huma.OpenAPI().Paths[pathImport].Post.RequestBody.Content[contentTypeJSON].Schema = &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
		{Type: huma.TypeObject, AdditionalProperties: true, Properties: map[string]*huma.Schema{
			"leads": {Type: huma.TypeArray, Items: registry.Schema(typeOf[NewLead](), true, "")},
		}},
	}}
	register(a, operation{
		id: "export-leads", method: http.MethodGet, path: pathExport, tag: tagLeads,
		summary: "Export people",
		description: "Everybody who matches, as a CSV file that comes as it is read, with times in UTC and in the business's time zone. A cell that a spreadsheet would take " +
			"for a formula begins with an apostrophe, which an import takes away again.",
		scope: auth.ScopeLeadsRead, timeout: exportTimeout,
		other: map[string]*huma.Response{"200": {Description: "A CSV file.", Content: map[string]*huma.MediaType{contentTypeCSV: {Schema: text}}}},
	}, a.exportLeads)
}

func (a *api) importLeads(ctx context.Context, in *importInput) (*importOutput, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	options, err := in.options(ctx)
	if err != nil {
		return nil, err
	}
	report, err := leadimport.Run(ctx, service, in.body, options)
	if err != nil {
		return nil, err
	}
	out := &importOutput{Body: Success[ImportReport]{OK: true, Data: importView(report)}}
	if report.Replayed {
		out.Replayed = "true"
	}
	return out, nil
}

func (in *importInput) options(ctx context.Context) (leadimport.Options, error) {
	options := leadimport.Options{Delimiter: in.Delimiter, DryRun: in.DryRun, Source: in.Source, Actor: actorOf(ctx)}
	kind, _, _ := mime.ParseMediaType(in.ContentType)
	switch kind {
	case contentTypeCSV, "text/plain", "text/tab-separated-values", "application/csv", "application/vnd.ms-excel":
		options.Format = leadimport.CSV
	case contentTypeJSON:
		options.Format = leadimport.JSON
	default:
		return options, newProblem(http.StatusUnsupportedMediaType, codeUnsupportedMediaType, "Imports are CSV or JSON. Send Content-Type: text/csv or application/json.")
	}
	if in.Mapping != "" {
		if err := json.Unmarshal([]byte(in.Mapping), &options.Mapping); err != nil {
			return options, invalidField("mapping", `The mapping must be a JSON object of headers and fields, such as {"Mobile no.": "phone"}.`)
		}
	}
	if in.Key != "" {
		principal := principalOf(ctx).Actor()
		options.Claim = func(digest [sha256.Size]byte) *booking.IdempotencyClaim {
			return &booking.IdempotencyClaim{Principal: principal, Route: routeImport, Key: in.Key, BodyHash: digest}
		}
	}
	return options, nil
}

func importView(r leadimport.Report) ImportReport {
	view := ImportReport{
		Rows: r.Rows, Inserted: r.Inserted, Updated: r.Updated, Unchanged: r.Unchanged, DuplicateInFile: r.DuplicateInFile,
		OptedOut: r.OptedOut, Invalid: r.Invalid, DryRun: r.DryRun, Columns: make([]ImportColumn, len(r.Columns)),
		Problems: make([]ImportProblem, len(r.Problems)), MoreProblems: r.Invalid+r.DuplicateInFile > len(r.Problems),
	}
	for i, column := range r.Columns {
		view.Columns[i] = ImportColumn{Column: column.Column, Field: column.Field}
	}
	for i, p := range r.Problems {
		view.Problems[i] = ImportProblem{Row: p.Row, Line: p.Line, Column: p.Column, Code: p.Code, Reason: p.Reason}
	}
	return view
}

// exportLeadsInput is the filter of a listing, without its page.
type exportLeadsInput struct {
	Status []lead.Status `query:"status" enum:"new,contacted,no_answer,engaged,booked,cancelled,not_interested,opted_out" doc:"Only these statuses, separated by commas." example:"[\"new\"]"`
	Tag    []string      `query:"tag" maxItems:"50" doc:"Only people with all of these tags, separated by commas." example:"[\"recall-2026\"]"`
	Source []string      `query:"source" maxItems:"50" doc:"Only people from one of these sources, separated by commas." example:"[\"website\"]"`
	Text   string        `query:"text" maxLength:"120" doc:"Only people with this text in their name, e-mail address or number." example:"miller"`
}

func (a *api) exportLeads(ctx context.Context, in *exportLeadsInput) (*huma.StreamResponse, error) {
	service, err := people(ctx)
	if err != nil {
		return nil, err
	}
	zone := tenant.FromContext(ctx).Location
	filter := lead.Filter{Statuses: in.Status, Tags: in.Tag, Sources: in.Source, Text: in.Text}
	if _, _, _, err := service.List(ctx, lead.Filter{Statuses: in.Status, Tags: in.Tag, Sources: in.Source, Text: in.Text, Limit: 1}); err != nil {
		return nil, err // while there is still a status to answer with
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) { //nolint:contextcheck // it brings its own
		_, w := humachi.Unwrap(hctx)
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(exportTimeout)) // a server that cannot keeps its own limit
		hctx.SetHeader("Content-Type", contentTypeCSV+"; charset=utf-8")
		hctx.SetHeader("Content-Disposition", `attachment; filename="leads.csv"`)
		if err := leadimport.Export(hctx.BodyWriter(), service.All(hctx.Context(), filter), zone, a.Clock()); err != nil {
			// The status is sent. A connection that ends early is what tells the client that the file is not whole.
			panic(http.ErrAbortHandler)
		}
	}}, nil
}
