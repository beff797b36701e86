package httpapi_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/frontdesk-dev/frontdesk/internal/httpapi"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
)

// hostile are texts that mean something to a database, to C and to a screen.
var hostile = []string{"'; DROP TABLE bookings; --", "a\x00' OR '1'='1", "\u202eנועה כהן"}

// TestHostileTextInEveryField sends each of these in each text that the description of any operation has: in its path, its
// query, its headers and its body, the rest being as in the examples. Each is refused or taken as text.
func TestHostileTextInEveryField(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		slots := freeSlots(t, s, "cut")
		made := servertest.Into[httpapi.Booking](t, s.Send(book(with(slots[0].Start, func(_, customer map[string]any) {
			customer["phone"] = "+442079460999" // nobody's in the examples
		}), nil)))
		sent := 0
		for path, item := range description(t, s).Paths.Map() {
			for method, operation := range item.Operations() {
				for _, request := range hostileRequests(method, path, operation) {
					sent++
					answer, err := s.TrySend(request)
					if answer.Status == 0 {
						t.Fatalf("%s %s: %v", method, request.Path, err)
					}
					checkHarmless(t, request, answer)
				}
			}
		}
		if sent < 500 {
			t.Errorf("only %d requests were sent: the description is not read as it should be", sent)
		}
		if read := servertest.Into[httpapi.Booking](t, s.Get("/api/v1/bookings/"+made.ID)); cmp.Diff(made, read) != "" {
			t.Errorf("a booking was changed (-before +after):\n%s", cmp.Diff(made, read))
		}
		for _, text := range []string{hostile[0], hostile[2]} {
			slots = slots[1:]
			person := map[string]any{"name": text, "phone": fmt.Sprintf("+44207946%04d", len(slots)%10_000)}
			kept := servertest.Into[httpapi.Booking](t, s.Send(book(with(slots[0].Start, func(wish, _ map[string]any) {
				wish["customer"], wish["notes"] = person, text
			}), nil)))
			if kept.Customer.Name != text || kept.Notes != text {
				t.Errorf("%q was kept as %q and %q", text, kept.Customer.Name, kept.Notes)
			}
		}
	})
}

func checkHarmless(t *testing.T, request servertest.Request, answer servertest.Answer) {
	t.Helper()
	if answer.Status >= http.StatusInternalServerError {
		t.Errorf("%s %s %v: the server is at fault: %d %s", request.Method, request.Path, request.Body, answer.Status, answer.Raw)
	}
	if answer.Status < http.StatusBadRequest {
		return
	}
	for _, word := range internals {
		if strings.Contains(string(answer.Raw), word) {
			t.Errorf("%s %s leaks %q: %s", request.Method, request.Path, word, answer.Raw)
		}
	}
}

// hostileRequests are the requests of one operation: one for each of its texts and each hostile one.
func hostileRequests(method, path string, operation *openapi3.Operation) (requests []servertest.Request) {
	add := func(change func(r *servertest.Request, text string)) {
		for _, text := range hostile {
			request := example(method, path, operation)
			change(&request, text)
			requests = append(requests, request)
		}
	}
	for _, parameter := range operation.Parameters {
		name := parameter.Value.Name
		switch parameter.Value.In {
		case openapi3.ParameterInPath:
			add(func(r *servertest.Request, text string) {
				r.Path = strings.Replace(path, "{"+name+"}", url.PathEscape(text), 1)
				r.Path = filled(r.Path, operation)
			})
		case openapi3.ParameterInQuery:
			add(func(r *servertest.Request, text string) { r.Path += "&" + name + "=" + url.QueryEscape(text) })
		case openapi3.ParameterInHeader:
			add(func(r *servertest.Request, text string) { // no client sends a NUL in a header
				r.Header = map[string]string{name: strings.ReplaceAll(text, "\x00", "")}
			})
		}
	}
	for _, place := range texts(bodyOf(operation)) {
		add(func(r *servertest.Request, text string) { r.Body = replaced(r.Body.(map[string]any), place, text) })
	}
	return requests
}

// example is the operation's request as its description shows it.
func example(method, path string, operation *openapi3.Operation) servertest.Request {
	request := servertest.Request{Method: method, Path: filled(path, operation) + "?"}
	if body := bodyOf(operation); body != nil {
		request.Body = exampleOf(body)
	}
	return request
}

// filled puts ids of nobody where the path names some.
func filled(path string, operation *openapi3.Operation) string {
	for _, parameter := range operation.Parameters {
		path = strings.ReplaceAll(path, "{"+parameter.Value.Name+"}", anyID)
	}
	return path
}

func bodyOf(operation *openapi3.Operation) *openapi3.Schema {
	if operation.RequestBody == nil {
		return nil
	}
	media := operation.RequestBody.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil || media.Schema.Value.Type == nil || !media.Schema.Value.Type.Includes(openapi3.TypeObject) {
		return nil
	}
	return media.Schema.Value
}

// texts are the places in an object where there may be texts, as names that lead there.
func texts(schema *openapi3.Schema) (places [][]string) {
	if schema == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name].Value
		if property.Type != nil && property.Type.Includes(openapi3.TypeObject) && len(property.Properties) > 0 {
			for _, inner := range texts(property) {
				places = append(places, append([]string{name}, inner...))
			}
			continue
		}
		places = append(places, []string{name}) // of whatever type: a text is not what is expected, then
	}
	return places
}

// replaced is the body with a text at that place, alone and in a list and as a property where the example has such.
func replaced(body map[string]any, place []string, text string) map[string]any {
	changed := maps.Clone(body)
	if len(place) > 1 {
		inner, _ := body[place[0]].(map[string]any)
		changed[place[0]] = replaced(inner, place[1:], text)
		return changed
	}
	switch body[place[0]].(type) {
	case []any:
		changed[place[0]] = []any{text}
	case map[string]any:
		changed[place[0]] = map[string]any{text: text}
	default:
		changed[place[0]] = text
	}
	return changed
}

// TestTenYearsAreRefusedWithTheLimit: who asks for too much is told how much there may be, and the ends of time are no dates.
func TestTenYearsAreRefusedWithTheLimit(t *testing.T) {
	t.Parallel()
	s := start(t, servertest.Unchanged)
	checkRefusal(t, s.Get("/api/v1/slots?service=cut&from=0001-01-01"), http.StatusUnprocessableEntity, "VALIDATION_ERROR", "from")
	checkRefusal(t, s.Get("/api/v1/slots?service=cut&to=9999-12-31"), http.StatusUnprocessableEntity, "VALIDATION_ERROR", "to")
	for _, window := range []string{"from=2027-01-01&to=2037-01-01", "to=2099-12-31"} {
		answer := s.Get("/api/v1/slots?service=cut&" + window)
		checkRefusal(t, answer, http.StatusUnprocessableEntity, "WINDOW_TOO_LARGE", "to")
		if answer.Detail["maximumDays"] != 62.0 || !strings.Contains(answer.Error, "62 days") {
			t.Errorf("%s: the limit is not named: %s", window, answer.Raw)
		}
	}
}

// TestHundredThousandBrokenRows imports a file of which one row in a hundred can be read: quotes that are never closed,
// closed too early, or left bare.
func TestHundredThousandBrokenRows(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, s *servertest.Server) {
		var file strings.Builder
		file.WriteString("Name,Phone\r\n")
		for i := range 100_000 {
			switch number := fmt.Sprintf("+4477%08d", i); {
			case i%100 == 99:
				fmt.Fprintf(&file, "Person %d,%s\r\n", i, number)
			case i%3 == 0:
				fmt.Fprintf(&file, "\"never closed,%s\r\n", number)
			case i%3 == 1:
				fmt.Fprintf(&file, "\"closed\" too early\",\"%s\"\r\n", number[:4])
			default:
				fmt.Fprintf(&file, "bare \" quote,\"\"%s\"\r\n", number[:4])
			}
		}
		began := time.Now()
		got := wantCounts(t, s.Send(importOf(strings.NewReader(file.String()), "")), httpapi.ImportReport{Rows: 100_000, Inserted: 1000, Invalid: 99_000})
		t.Logf("100000 broken rows in %s", time.Since(began))
		if len(got.Problems) != 200 || !got.MoreProblems || got.Problems[0].Row != 2 {
			t.Errorf("%d problems, more: %t, the first %+v", len(got.Problems), got.MoreProblems, got.Problems[0])
		}
	})
}
