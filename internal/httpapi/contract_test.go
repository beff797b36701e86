package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/frontdesk-dev/frontdesk/internal/server"
	"github.com/frontdesk-dev/frontdesk/internal/server/servertest"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

func init() {
	openapi3filter.RegisterBodyDecoder("text/calendar", openapi3filter.RegisteredBodyDecoder("text/plain"))
}

// start runs a server whose every answer, in any test, is held against its own OpenAPI description.
func start(t *testing.T, change func(*tenantconfig.Document), options ...func(*server.Options)) *servertest.Server {
	t.Helper()
	return checked(t, servertest.Start(t, change, options...))
}

func checked(t *testing.T, s *servertest.Server) *servertest.Server {
	t.Helper()
	document := description(t, s)
	router, err := legacy.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	s.Client.Transport = &contract{t: t, next: s.Client.Transport, router: router}
	return s
}

// description reads and validates the description that the server gives of itself.
func description(t *testing.T, s *servertest.Server) *openapi3.T {
	t.Helper()
	response, err := s.Client.Get(s.Public + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("the OpenAPI description is not valid: %v", err)
	}
	return document
}

// contract checks answers on their way to the test.
type contract struct {
	t      *testing.T
	next   http.RoundTripper
	router routers.Router
}

func (c *contract) CloseIdleConnections() {
	if closer, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	response.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, found := c.router.FindRoute(r)
	if err != nil || found != nil { // health checks, pages, and addresses that do not exist
		return response, err
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 response.StatusCode, Header: response.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	if err := openapi3filter.ValidateResponse(context.Background(), input.SetBodyBytes(body)); err != nil {
		c.t.Errorf("%s %s answers %d, which its description does not allow: %v\n%s", r.Method, route.Path, response.StatusCode, err, body)
	}
	return response, nil
}

func TestDescriptionIsCompleteAndItsExamplesAreValid(t *testing.T) {
	t.Parallel()
	document := description(t, servertest.Start(t, servertest.Unchanged))
	operations := 0
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			operations++
			if operation.Summary == "" || operation.Description == "" || operation.OperationID == "" || operation.Security == nil {
				t.Errorf("%s %s lacks a summary, a description, an id or its security", method, path)
			}
			for _, parameter := range operation.Parameters {
				if parameter.Value.Description == "" {
					t.Errorf("%s %s: the parameter %s is not described", method, path, parameter.Value.Name)
				}
			}
		}
	}
	if operations != 77 {
		t.Errorf("%d operations are described, want 77", operations)
	}
	for _, name := range []string{"NewBooking", "Booking", "Slot", "Problem", "Rescheduling", "BookingChanges", "NewWaitlistEntry", "OfferAnswer", "WaitlistWindow"} {
		schema := document.Components.Schemas[name]
		if schema == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		if example := exampleOf(schema.Value); len(example) < min(4, len(schema.Value.Properties)) {
			t.Errorf("%s has examples for %v only", name, example)
		} else if err := schema.Value.VisitJSON(example, openapi3.EnableJSONSchema2020()); err != nil && name != "Booking" {
			t.Errorf("the example of %s is not valid: %v", name, err)
		}
	}
}

// exampleOf puts the examples of an object's properties together, as JSON has them.
func exampleOf(schema *openapi3.Schema) map[string]any {
	example := map[string]any{}
	for name, property := range schema.Properties {
		switch {
		case len(property.Value.Examples) > 0:
			example[name] = property.Value.Examples[0]
		case property.Value.Type.Is("object"):
			example[name] = exampleOf(property.Value)
		}
	}
	text, err := json.Marshal(example)
	if err != nil {
		return nil
	}
	var plain map[string]any
	if json.Unmarshal(text, &plain) != nil {
		return nil
	}
	return plain
}
