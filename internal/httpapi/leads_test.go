package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

func leadRequest(method, path string, body any, header ...string) servertest.Request {
	r := servertest.Request{Method: method, Path: "/api/v1" + path, Body: body, Header: map[string]string{}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header[header[i]] = header[i+1]
	}
	return r
}

func ann() map[string]any {
	return map[string]any{
		"name": "Ann Miller", "phone": "020 7946 0123", "email": "ann@example.com", "tags": []string{"VIP", "recall"}, "source": "website",
		"notes": "Prefers mornings", "customFields": map[string]string{"car": "Mini"},
	}
}

func wantStatus(t *testing.T, answer servertest.Answer, status int, code string) servertest.Answer {
	t.Helper()
	if answer.Status != status || answer.Code != code {
		t.Fatalf("%d %s; want %d %s", answer.Status, answer.Raw, status, code)
	}
	return answer
}

func TestLeadLifecycle(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		first := wantStatus(t, s.Send(leadRequest("POST", "/leads", ann(), "Idempotency-Key", "a")), 201, "")
		made := servertest.Into[httpapi.Lead](t, first)
		if made.Phone != "+442079460123" || made.Status != "new" || made.OptedOut || made.Score == 0 || len(made.ScoreFactors) < 3 ||
			first.Header.Get("ETag") != `"1"` || !cmp.Equal(made.Tags, []string{"recall", "vip"}) {
			t.Fatalf("unexpected: %s", first.Raw)
		}
		replay := wantStatus(t, s.Send(leadRequest("POST", "/leads", ann(), "Idempotency-Key", "a")), 201, "")
		if replay.Header.Get("Idempotency-Replayed") != "true" {
			t.Error("the repetition does not say that it is one")
		}
		again := wantStatus(t, s.Send(leadRequest("POST", "/leads", map[string]any{"phone": "+44 20 7946 0123", "tags": []string{"new"}})), 200, "")
		if known := servertest.Into[httpapi.Lead](t, again); known.ID != made.ID || known.Name != "Ann Miller" || len(known.Tags) != 3 {
			t.Errorf("unexpected: %s", again.Raw)
		}
		path := "/leads/" + made.ID
		wantStatus(t, s.Send(leadRequest("PATCH", path, `{"name":"x"}`, "If-Match", `"1"`)), 412, "VERSION_MISMATCH")
		wantStatus(t, s.Send(leadRequest("PATCH", path, `{"name":"x"}`, "If-Match", `first`)), 422, "VALIDATION_ERROR")
		changed := wantStatus(t, s.Send(leadRequest("PATCH", path, `{"status":"no_answer","notes":"","customFields":{"car":null,"boat":"yes"}}`, "If-Match", `"2"`)), 200, "")
		after := servertest.Into[httpapi.Lead](t, changed)
		if after.Status != "no_answer" || after.Notes != "" || after.LastContactedAt == nil || after.Version != 3 || !cmp.Equal(after.CustomFields, map[string]string{"boat": "yes"}) {
			t.Errorf("unexpected: %s", changed.Raw)
		}
		refused := wantStatus(t, s.Send(leadRequest("PATCH", path, `{"status":"new"}`)), 409, "INVALID_TRANSITION")
		if allowed, _ := refused.Detail["allowed"].([]any); len(allowed) == 0 {
			t.Errorf("it does not say what is allowed: %s", refused.Raw)
		}
		wantStatus(t, s.Send(leadRequest("PATCH", path, `{"nickname":"x"}`)), 422, "VALIDATION_ERROR")

		slot := freeSlots(t, s, "cut")[0]
		booked := servertest.Into[httpapi.Booking](t, s.Send(book(wish(slot.Start), nil)))
		if booked.Customer.ID != made.ID {
			t.Errorf("the booking belongs to %s, the lead is %s", booked.Customer.ID, made.ID)
		}
		record := servertest.Into[httpapi.LeadRecord](t, s.Get("/api/v1"+path+"/export"))
		if record.Lead.Status != "booked" || len(record.Bookings) != 1 || record.Bookings[0].ID != booked.ID || len(record.Timeline) < 4 {
			t.Errorf("unexpected: %+v", record)
		}
		var types []string
		for cursor := ""; ; {
			page := servertest.Into[httpapi.Timeline](t, s.Get("/api/v1"+path+"/timeline?limit=2&cursor="+cursor))
			for _, e := range page.Events {
				types = append(types, string(e.Type))
			}
			if cursor = page.NextCursor; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"booking.confirmed", "lead.status_changed", "lead.updated", "lead.updated", "lead.created"}, types); diff != "" {
			t.Errorf("timeline (-want +got):\n%s", diff)
		}
		wantStatus(t, s.Send(leadRequest("DELETE", path, nil)), 200, "")
		wantStatus(t, s.Send(leadRequest("GET", path, nil)), 404, "NOT_FOUND")
		if kept := servertest.Into[httpapi.Booking](t, s.Get("/api/v1/bookings/"+booked.ID)); kept.Customer.Name != "" || kept.Customer.Phone != "" || kept.Status != "confirmed" {
			t.Errorf("the booking of somebody who was erased: %+v", kept)
		}
	})
}

func TestLeadListAndMerge(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	ids := map[string]string{}
	for i, name := range []string{"Ann", "Bob", "Cyd", "Dan", "Eve"} {
		body := map[string]any{"name": name, "phone": fmt.Sprintf("+44207946010%d", i), "tags": []string{"t" + name}, "source": "web"}
		ids[name] = servertest.Into[httpapi.Lead](t, s.Send(leadRequest("POST", "/leads", body))).ID
	}
	var names []string
	for cursor := ""; ; {
		page := servertest.Into[httpapi.LeadPage](t, s.Get("/api/v1/leads?limit=2&status=new&source=web&createdSince="+time.Now().AddDate(0, 0, -1).Format(time.DateOnly)+"&cursor="+cursor))
		for _, l := range page.Leads {
			names = append(names, l.Name)
		}
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"Eve", "Dan", "Cyd", "Bob", "Ann"}, names); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	merged := servertest.Into[httpapi.Lead](t, s.Send(leadRequest("POST", "/leads/"+ids["Ann"]+"/merge", map[string]string{"other": ids["Bob"]}, "Idempotency-Key", "m")))
	if merged.ID != ids["Ann"] || !cmp.Equal(merged.OtherPhones, []string{"+442079460101"}) || len(merged.Tags) != 2 {
		t.Errorf("unexpected: %+v", merged)
	}
	for query, want := range map[string]int{"text=DAN": 1, "tag=tcyd": 1, "phone=020 7946 0101": 1, "status=booked": 0, "source=csv": 0, "tag=tann,tbob": 1} {
		page := servertest.Into[httpapi.LeadPage](t, s.Get("/api/v1/leads?"+strings.ReplaceAll(query, " ", "%20")))
		if len(page.Leads) != want {
			t.Errorf("%s finds %d", query, len(page.Leads))
		}
	}
	for path, code := range map[string]string{
		"/leads?cursor=zzz": "VALIDATION_ERROR", "/leads?limit=0": "VALIDATION_ERROR", "/leads?status=dreaming": "VALIDATION_ERROR", "/leads?phone=12": "VALIDATION_ERROR",
		"/leads?createdSince=soon": "VALIDATION_ERROR", "/leads/" + ids["Ann"] + "/timeline?cursor=bDEu": "VALIDATION_ERROR",
	} {
		wantStatus(t, s.Send(leadRequest("GET", path, nil)), 422, code)
	}
	wantStatus(t, s.Send(leadRequest("POST", "/leads/"+ids["Ann"]+"/merge", map[string]string{"other": ids["Ann"]})), 422, "VALIDATION_ERROR")
	reader := leadRequest("GET", "/leads", nil)
	reader.Key = s.Reader.Reveal()
	wantStatus(t, s.Send(reader), 403, "INSUFFICIENT_PERMISSIONS")
}

func TestOptOuts(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		id := servertest.Into[httpapi.Lead](t, s.Send(leadRequest("POST", "/leads", ann()))).ID
		body := map[string]any{"phone": "020 7946 0123", "reason": "STOP"}
		wantStatus(t, s.Send(leadRequest("POST", "/opt-outs", body)), 201, "")
		wantStatus(t, s.Send(leadRequest("POST", "/opt-outs", body)), 200, "")
		if l := servertest.Into[httpapi.Lead](t, s.Get("/api/v1/leads/"+id)); !l.OptedOut || l.Status != "opted_out" || l.Score != 0 {
			t.Errorf("unexpected: %+v", l)
		}
		wantStatus(t, s.Send(leadRequest("PATCH", "/leads/"+id, `{"status":"new"}`)), 409, "INVALID_TRANSITION")
		wantStatus(t, s.Send(leadRequest("DELETE", "/leads/"+id, nil)), 200, "")
		entry := servertest.Into[httpapi.OptOut](t, s.Get("/api/v1/opt-outs/%2B442079460123"))
		if entry.Phone != "+442079460123" {
			t.Errorf("unexpected: %+v", entry)
		}
		page := servertest.Into[httpapi.OptOutPage](t, s.Get("/api/v1/opt-outs"))
		if len(page.OptOuts) != 1 || page.OptOuts[0].Phone != "" {
			t.Errorf("the registry still shows the number of somebody who was erased: %+v", page)
		}
		wantStatus(t, s.Send(leadRequest("GET", "/opt-outs/02079460199", nil)), 404, "NOT_FOUND")
		if in := servertest.Into[httpapi.OptedIn](t, s.Send(leadRequest("DELETE", "/opt-outs/02079460123", nil))); !in.Removed {
			t.Errorf("unexpected: %+v", in)
		}
		wantStatus(t, s.Send(leadRequest("GET", "/opt-outs/02079460123", nil)), 404, "NOT_FOUND")
	})
}

// importOf is a CSV file as a request.
func importOf(file io.Reader, query string, header ...string) servertest.Request {
	return leadRequest("POST", "/leads/import"+query, file, append(header, "Content-Type", "text/csv")...)
}

func wantCounts(t *testing.T, answer servertest.Answer, want httpapi.ImportReport) httpapi.ImportReport {
	t.Helper()
	got := servertest.Into[httpapi.ImportReport](t, answer)
	counts := got
	counts.Columns, counts.Problems, counts.MoreProblems = nil, nil, false
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Fatalf("counts (-want +got):\n%s\n%s", diff, answer.Raw)
	}
	return got
}

func TestImportTwentyThousand(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		wantStatus(t, s.Send(leadRequest("POST", "/opt-outs", map[string]any{"phone": "+447700000007"})), 201, "")
		var file strings.Builder
		file.WriteString("Full Name,Mobile,E-Mail,Tags,Car\r\n")
		for i := range 20_000 {
			fmt.Fprintf(&file, "\"Person, %d\",+4477%08d,p%d@example.com,\"recall;bulk\",Mini\r\n", i, i, i)
		}
		file.WriteString("Again,+447700000001,,,\r\nBroken,not a number,,,\r\n")
		query := "?mapping=" + `%7B%22Car%22%3A%22custom.car%22%7D`
		started := time.Now()
		first := wantCounts(t, s.Send(importOf(strings.NewReader(file.String()), query, "Idempotency-Key", "one")),
			httpapi.ImportReport{Rows: 20_002, Inserted: 19_999, DuplicateInFile: 1, OptedOut: 1, Invalid: 1})
		t.Logf("20000 people in %v", time.Since(started))
		if len(first.Problems) != 2 || first.Problems[1].Row != 20_003 || first.Problems[1].Column != "Mobile" || first.Problems[0].Code != "DUPLICATE" {
			t.Errorf("problems: %+v", first.Problems)
		}
		replay := s.Send(importOf(strings.NewReader(file.String()), query, "Idempotency-Key", "one"))
		wantCounts(t, replay, httpapi.ImportReport{Rows: 20_002, Inserted: 19_999, DuplicateInFile: 1, OptedOut: 1, Invalid: 1})
		if replay.Header.Get("Idempotency-Replayed") != "true" {
			t.Error("the repetition does not say that it is one")
		}
		wantCounts(t, s.Send(importOf(strings.NewReader(file.String()), query)),
			httpapi.ImportReport{Rows: 20_002, Unchanged: 19_999, DuplicateInFile: 1, OptedOut: 1, Invalid: 1})
		wantStatus(t, s.Send(importOf(strings.NewReader("phone\n+442079460001\n"), query, "Idempotency-Key", "one")), 422, "VALIDATION_ERROR")
		wantStatus(t, s.Send(importOf(strings.NewReader("phone\n+442079460001\n"), "", "Idempotency-Key", "one")), 422, "IDEMPOTENCY_KEY_REUSED")

		rows := exported(t, s, "?tag=bulk")
		if len(rows) != 20_000 {
			t.Fatalf("the export has %d rows", len(rows))
		}
	})
}

// exported reads an export.
func exported(t *testing.T, s *servertest.Server, query string) [][]string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Public+"/api/v1/leads/export"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-API-Key", s.Key.Reveal())
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	rows, err := csv.NewReader(response.Body).ReadAll()
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}
	return rows
}

func TestExportCanBeImportedAgain(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	body := ann()
	body["name"], body["notes"], body["tags"] = "=HYPERLINK(\"http://evil\",\"x\")", "@SUM(1)\nsecond line", []string{"-x", "b"}
	made := servertest.Into[httpapi.Lead](t, s.Send(leadRequest("POST", "/leads", body)))
	rows := exported(t, s, "")
	if len(rows) != 2 || rows[1][1] != "'"+made.Name || rows[1][7] != "'@SUM(1)\nsecond line" || rows[1][2] != "+442079460123" {
		t.Fatalf("unexpected: %q", rows)
	}
	if rows[1][9] != made.CreatedAt.UTC().Format(time.RFC3339) || rows[1][15] != "Europe/London" || rows[1][13] != "" {
		t.Errorf("times: %q", rows[1])
	}
	var file strings.Builder
	if err := csv.NewWriter(&file).WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	wantCounts(t, s.Send(importOf(strings.NewReader(file.String()), "")), httpapi.ImportReport{Rows: 1, Unchanged: 1})
}

func TestImportJSONAndDryRun(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	body := `{"clientKey":"x","leads":[{"name":"Ann","phone":"020 7946 0123","tags":["a","b"],"customFields":{"n":1}},{"phone":12},{"name":"nobody"},7,{"phone":"+442079460123"}]}`
	want := httpapi.ImportReport{Rows: 5, Inserted: 1, DuplicateInFile: 1, Invalid: 3, DryRun: true}
	wantCounts(t, s.Send(leadRequest("POST", "/leads/import?dryRun=true", body)), want)
	if page := servertest.Into[httpapi.LeadPage](t, s.Get("/api/v1/leads")); len(page.Leads) != 0 {
		t.Fatal("a dry run imported somebody")
	}
	want.DryRun = false
	wantCounts(t, s.Send(leadRequest("POST", "/leads/import", body)), want)
	if page := servertest.Into[httpapi.LeadPage](t, s.Get("/api/v1/leads")); len(page.Leads) != 1 || page.Leads[0].CustomFields["n"] != "1" || len(page.Leads[0].Tags) != 2 {
		t.Fatalf("unexpected: %+v", page)
	}
	for name, test := range map[string]struct {
		body, kind, query string
		status            int
		code              string
	}{
		"no JSON":           {`{"leads":[`, "application/json", "", 422, "UNREADABLE_FILE"},
		"no list":           {`{"people":[]}`, "application/json", "", 422, "UNREADABLE_FILE"},
		"syntax":            {`{"leads":[}`, "application/json", "", 422, "UNREADABLE_FILE"},
		"empty CSV":         {"", "text/csv", "", 422, "UNREADABLE_FILE"},
		"no number":         {"name,colour\nAnn,red\n", "text/csv", "", 422, "UNREADABLE_FILE"},
		"bad mapping":       {"phone\n1\n", "text/csv", "?mapping=%7B%22fax%22%3A%22phone%22%7D", 422, "VALIDATION_ERROR"},
		"mapping no JSON":   {"phone\n1\n", "text/csv", "?mapping=phone", 422, "VALIDATION_ERROR"},
		"bad delimiter":     {"phone\n1\n", "text/csv", "?delimiter=x", 422, "VALIDATION_ERROR"},
		"unknown format":    {"x", "application/xml", "", 415, "UNSUPPORTED_MEDIA_TYPE"},
		"unknown parameter": {"phone\n", "text/csv", "?dryRun=perhaps", 422, "VALIDATION_ERROR"},
	} {
		answer := s.Send(leadRequest("POST", "/leads/import"+test.query, strings.NewReader(test.body), "Content-Type", test.kind))
		if answer.Status != test.status || answer.Code != test.code {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Raw)
		}
	}
}
