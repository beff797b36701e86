package compat

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/leadimport"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// MaxCSVBody bounds a CSV file inside JSON, in bytes.
const MaxCSVBody = 16 << 20

// extend gives a request with a large body the time it needs.
func extend(w http.ResponseWriter, timeout time.Duration) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(timeout)) // a server that cannot do it keeps its own limits
	_ = control.SetWriteDeadline(time.Now().Add(timeout + 10*time.Second))
}

func importJSON(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	extend(w, 2*time.Minute)
	report, err := leadimport.Run(r.Context(), people, r.Body, leadimport.Options{
		Format: leadimport.JSON, Source: "import", Actor: h.Actor(r.Context()),
		Envelope: func(properties map[string]json.RawMessage) error {
			var clientKey string
			if err := json.Unmarshal(properties["clientKey"], &clientKey); err != nil || clientKey == "" {
				return booking.Errorf(booking.CodeValidation, "Missing clientKey or leads payload").WithField("clientKey")
			}
			return checkClient(r, clientKey)
		},
	})
	if err != nil {
		return err
	}
	return answerJSON(w, http.StatusOK, object{
		"ok": true, "inserted": report.Inserted, "updated": report.Updated, "unchanged": report.Unchanged, "requestedCount": report.Rows,
		"receivedCount": report.Rows, "processedCount": report.Rows, "processedBatchCount": 1, "truncated": false,
		"skippedInvalidPhone": report.Invalid, "skippedOptedOut": report.OptedOut, "skippedDuplicates": report.DuplicateInFile, "failedWrites": 0,
		"netNewLeadsInCrm": report.Inserted,
		"callSummary":      object{"shouldCallNow": false, "called": 0, "queued": 0, "reason": "campaigns_decide_when_to_call"},
	})
}

// importCSV holds the file in memory, because it is a JSON text: the API bounds this body more tightly.
func importCSV(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	extend(w, 2*time.Minute)
	var in struct {
		CSVData       string
		ColumnMapping map[string]string
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.CSVData == "" {
		return booking.Errorf(booking.CodeValidation, "csvData is missing. Send the content of a CSV file.").WithField("csvData")
	}
	report, err := leadimport.Run(r.Context(), people, strings.NewReader(in.CSVData), leadimport.Options{
		Format: leadimport.CSV, Mapping: in.ColumnMapping, Source: "csv", Actor: h.Actor(r.Context()),
	})
	if err != nil {
		return err
	}
	reasons := []object{}
	for _, p := range report.Problems {
		reasons = append(reasons, object{"row": p.Row, "column": p.Column, "reason": p.Reason})
	}
	return answerJSON(w, http.StatusOK, object{"ok": true, "message": "Import finished", "calling": false, "results": object{
		"imported": report.Inserted, "updated": report.Updated, "unchanged": report.Unchanged,
		"validation": object{
			"totalProcessed": report.Rows, "valid": report.Rows - report.Invalid, "invalid": report.Invalid, "duplicates": report.DuplicateInFile,
			"optedOut": report.OptedOut, "invalidReasons": reasons,
		},
	}})
}

func exportLeads(h LeadHost, people *lead.Service, w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("clientKey") == "" {
		return booking.Errorf(booking.CodeValidation, "clientKey is required").WithField("clientKey")
	}
	if _, _, _, err := people.List(r.Context(), lead.Filter{Limit: 1}); err != nil {
		return err // while there is still a status to answer with
	}
	extend(w, 5*time.Minute)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="leads.csv"`)
	if err := leadimport.Export(w, people.All(r.Context(), lead.Filter{}), tenant.FromContext(r.Context()).Location, h.Clock()); err != nil {
		panic(http.ErrAbortHandler) // the status is sent; only a connection that ends early tells that the file is not whole
	}
	return nil
}
