package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// earlier sends a request to an address of the earlier system and reads the answer as it is.
func earlier(t *testing.T, s *servertest.Server, method, path string, body any, status int) map[string]any {
	t.Helper()
	answer := s.Send(servertest.Request{Method: method, Path: path, Body: body})
	if answer.Status != status {
		t.Fatalf("%s %s: %d %s; want %d", method, path, answer.Status, answer.Raw, status)
	}
	var out map[string]any
	if err := json.Unmarshal(answer.Raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// wantKeys checks that an object has properties.
func wantKeys(t *testing.T, in any, keys string) map[string]any {
	t.Helper()
	object, ok := in.(map[string]any)
	if !ok {
		t.Fatalf("%v is no object", in)
	}
	for key := range strings.FieldsSeq(keys) {
		if _, found := object[key]; !found {
			t.Errorf("there is no %s in %v", key, object)
		}
	}
	return object
}

const earlierLead = "id name phone email status tags source score notes customFields created_at updated_at last_contacted_at"

func TestEarlierLeadPaths(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		made := earlier(t, s, "POST", "/api/leads", `{"service":"cut","lead":{"name":"Ann","phone":"020 7946 0123"},"source":"form","autoNudge":true}`, 201)
		one := wantKeys(t, wantKeys(t, made, "ok override lead")["lead"], "id tenantId name phone source service status createdAt updatedAt")
		if made["ok"] != true || one["tenantId"] != "salon" || one["phone"] != "+442079460123" || one["service"] != "cut" || one["status"] != "new" {
			t.Errorf("unexpected: %v", made)
		}
		id, _ := one["id"].(string)
		earlier(t, s, "POST", "/api/leads", `{"clientKey":"salon","name":"Bob","phone":"+442079460124"}`, 201)
		changed := earlier(t, s, "PUT", "/api/leads/"+id+"?clientKey=salon", `{"tags":["a","b"],"status":"contacted","score":99,"customFields":{"car":"Mini"}}`, 200)
		if l := wantKeys(t, wantKeys(t, changed, "success lead")["lead"], earlierLead); l["status"] != "contacted" || len(l["tags"].([]any)) != 2 {
			t.Errorf("unexpected: %v", changed)
		}
		list := earlier(t, s, "GET", "/api/leads?clientKey=salon", nil, 200)
		if leads, _ := wantKeys(t, list, "success count leads")["leads"].([]any); len(leads) != 2 || list["count"] != 2.0 {
			t.Errorf("unexpected: %v", list)
		} else {
			wantKeys(t, leads[0], earlierLead)
		}
		if list = earlier(t, s, "GET", "/api/leads?clientKey=salon&status=contacted&limit=1", nil, 200); list["count"] != 1.0 {
			t.Errorf("the status does not restrict: %v", list)
		}
		imported := earlier(t, s, "POST", "/api/leads/import", `{"clientKey":"salon","leads":[{"name":"Cyd","phone":"+442079460125"},{"phone":"x"},{"name":"Ann","phone":"020 7946 0123"}]}`, 200)
		wantKeys(t, imported, "ok inserted requestedCount receivedCount processedCount processedBatchCount truncated skippedInvalidPhone skippedOptedOut failedWrites netNewLeadsInCrm callSummary")
		if imported["inserted"] != 1.0 || imported["skippedInvalidPhone"] != 1.0 || imported["unchanged"] != 1.0 || imported["truncated"] != false {
			t.Errorf("unexpected: %v", imported)
		}
		file := earlier(t, s, "POST", "/api/import-leads/salon", map[string]any{"csvData": "Who,Nr\nDan,+442079460126\nEve,12\n", "columnMapping": map[string]string{"Who": "name", "Nr": "phone"}}, 200)
		results := wantKeys(t, wantKeys(t, file, "ok message results calling")["results"], "imported validation")
		if v := wantKeys(t, results["validation"], "totalProcessed valid invalid duplicates optedOut invalidReasons"); results["imported"] != 1.0 || v["invalid"] != 1.0 {
			t.Errorf("unexpected: %v", file)
		}
		for _, path := range []string{"/api/dnc/add", "/api/dnc/remove", "/api/dnc/add"} {
			if done := earlier(t, s, "POST", path, `{"clientKey":"salon","phone":"02079460124","reason":"asked"}`, 200); done["ok"] != true || done["phone"] != "+442079460124" {
				t.Errorf("%s: %v", path, done)
			}
		}
		if blocked := earlier(t, s, "GET", "/api/dnc/list?clientKey=salon", nil, 200); blocked["count"] != 1.0 {
			t.Errorf("unexpected: %v", blocked)
		}
		earlier(t, s, "GET", "/api/leads/"+id+"?clientKey=salon", nil, 200)
		export, err := s.TrySend(servertest.Request{Method: "GET", Path: "/api/export/leads?clientKey=salon"})
		if err == nil || export.Status != 200 || !strings.Contains(string(export.Raw), "created_at_utc,created_at_local") || strings.Count(string(export.Raw), "Europe/London") != 4 {
			t.Errorf("unexpected: %d %s", export.Status, export.Raw)
		}
	})
}

// TestEarlierPathsNeedAKey: a client key alone opens nothing, and that of another tenant is refused whatever the key.
func TestEarlierPathsNeedAKey(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	for _, address := range []string{
		"POST /api/leads", "GET /api/leads?clientKey=", "GET /api/leads/x?clientKey=", "PUT /api/leads/x?clientKey=", "POST /api/leads/import", "POST /api/import-leads/",
		"GET /api/export/leads?clientKey=", "GET /api/dnc/list?clientKey=", "POST /api/dnc/add", "POST /api/dnc/remove",
	} {
		method, path, _ := strings.Cut(address, " ")
		named := func(client string) string {
			if strings.HasSuffix(path, "=") || strings.HasSuffix(path, "/") {
				return path + client
			}
			return path
		}
		send := func(path, client, key string) servertest.Answer {
			t.Helper()
			var body any
			if method != http.MethodGet {
				body = `{"clientKey":"` + client + `","phone":"+442079460123","leads":[],"csvData":"phone\n"}`
			}
			r := servertest.Request{Method: method, Path: path, Body: body, Key: key}
			if body == nil || strings.HasPrefix(path, "/api/leads?") {
				r.Header = map[string]string{"X-Client-Key": client}
			}
			return s.Send(r)
		}
		if answer := send(named("salon"), "salon", "none"); answer.Status != 401 || answer.Code != "MISSING_API_KEY" {
			t.Errorf("%s without a key: %d %s", address, answer.Status, answer.Raw)
		}
		if answer := send(named("other"), "other", ""); answer.Status != 403 || answer.Code != "TENANT_ACCESS_DENIED" {
			t.Errorf("%s for another tenant: %d %s", address, answer.Status, answer.Raw)
		}
		if answer := send(named("salon"), "salon", s.Reader.Reveal()); answer.Status != 403 || answer.Code != "INSUFFICIENT_PERMISSIONS" {
			t.Errorf("%s without the scope: %d %s", address, answer.Status, answer.Raw)
		}
	}
}
