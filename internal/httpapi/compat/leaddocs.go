package compat

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// DescribeLeads puts the paths of people into the OpenAPI document: they are no huma operations, which would put themselves
// there. problem is the schema of errors.
func DescribeLeads(document *huma.OpenAPI, problem *huma.Schema) {
	for _, route := range leadRoutes {
		document.AddOperation(&huma.Operation{
			OperationID: "earlier-" + strings.ToLower(route.method) + strings.NewReplacer("/api", "", "/", "-", "{", "", "}", "").Replace(route.path),
			Method:      route.method, Path: route.path, Tags: []string{Tag}, Deprecated: true,
			Summary:     route.summary,
			Description: "In the shape of the earlier system. Use the paths under /api/v1.\n\nNeeds the scope `" + string(route.scope) + "`.",
			Parameters:  route.parameters(),
			RequestBody: route.requestBody(),
			Responses:   route.responses(problem),
			Security:    []map[string][]string{{"apiKey": {}}, {"bearer": {}}},
		})
	}
}

// leadParameters says what the parameters of the paths are.
var leadParameters = map[string]string{
	"clientKey": "Name of the business. It must be that of the API key.",
	"id":        "Id of the person.",
	"status":    "Only people of this status.",
	"limit":     "At most so many people, " + strconv.Itoa(maxPeople) + " without it.",
}

func (r leadRoute) parameters() []*huma.Param {
	var parameters []*huma.Param
	add := func(in, name string, required bool) {
		parameters = append(parameters, &huma.Param{
			Name: name, In: in, Required: required, Description: leadParameters[name], Schema: &huma.Schema{Type: huma.TypeString},
		})
	}
	for _, part := range strings.Split(r.path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			add("path", strings.TrimSuffix(name, "}"), true)
		}
	}
	for name := range strings.FieldsSeq(r.query) {
		name, required := strings.CutSuffix(name, "!")
		add("query", name, required)
	}
	return parameters
}

// requestBody names the properties; what the earlier system sent besides is passed over.
func (r leadRoute) requestBody() *huma.RequestBody {
	if r.body == "" {
		return nil
	}
	schema := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Properties: map[string]*huma.Schema{}}
	for name := range strings.FieldsSeq(r.body) {
		name, required := strings.CutSuffix(name, "!")
		schema.Properties[name] = &huma.Schema{}
		if required {
			schema.Required = append(schema.Required, name)
		}
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

func (r leadRoute) responses(problem *huma.Schema) map[string]*huma.Response {
	content := map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}}}
	if strings.HasPrefix(r.path, "/api/export") {
		content = map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}
	}
	responses := map[string]*huma.Response{"200": {Description: http.StatusText(http.StatusOK), Content: content}}
	if r.path == "/api/leads" && r.method == http.MethodPost {
		responses["201"] = &huma.Response{Description: http.StatusText(http.StatusCreated), Content: content}
	}
	for _, status := range []int{
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict,
		http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
		http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusInsufficientStorage,
	} {
		responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: map[string]*huma.MediaType{"application/json": {Schema: problem}},
		}
	}
	return responses
}
