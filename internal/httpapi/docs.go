package httpapi

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"
)

//go:embed docs.html docs.css
var docsFiles embed.FS

var docsTemplate = template.Must(template.ParseFS(docsFiles, "docs.html"))

// mountDocs serves the description of the API and a page that shows it. Both are made once, when first asked
// for, so that they cost nothing at start. The page is complete as it is: no script, nothing from elsewhere.
func mountDocs(router chi.Router, spec *huma.OpenAPI) {
	description := sync.OnceValues(func() ([]byte, error) { return json.MarshalIndent(spec, "", "  ") })
	page := sync.OnceValues(func() ([]byte, error) { return renderDocs(spec) })
	router.Get("/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		serveOnce(w, r, "application/json", description)
	})
	router.Get("/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		serveOnce(w, r, "text/html; charset=utf-8", page)
	})
	router.Get("/docs/docs.css", func(w http.ResponseWriter, r *http.Request) {
		serveOnce(w, r, "text/css; charset=utf-8", func() ([]byte, error) { return docsFiles.ReadFile("docs.css") })
	})
}

func serveOnce(w http.ResponseWriter, r *http.Request, contentType string, content func() ([]byte, error)) {
	body, err := content()
	if err != nil {
		writeProblem(w, r, problemOf(r.Context(), fmt.Errorf("render API description: %w", err)))
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(body) // a failure means that the client is gone
}

// docsOperation is one operation as the page shows it.
type docsOperation struct {
	ID, Method, Path, Summary string
	Paragraphs                [][]docsText
	Parameters                []docsField
	Body                      []docsField
	Answers                   []docsAnswer
	Example                   string
}

type docsField struct {
	Name, In, Type, Description string
	Required                    bool
}

type docsAnswer struct{ Status, Description string }

type docsGroup struct {
	Name, Description string
	Operations        []docsOperation
}

func renderDocs(spec *huma.OpenAPI) ([]byte, error) {
	groups := make([]docsGroup, len(spec.Tags))
	for i, tag := range spec.Tags {
		groups[i] = docsGroup{Name: tag.Name, Description: tag.Description}
	}
	for _, path := range slices.Sorted(maps.Keys(spec.Paths)) {
		item := spec.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			at := slices.IndexFunc(groups, func(g docsGroup) bool { return slices.Contains(op.Tags, g.Name) })
			if at < 0 {
				return nil, fmt.Errorf("operation %s has no known tag", op.OperationID)
			}
			groups[at].Operations = append(groups[at].Operations, describe(op, spec.Components.Schemas))
		}
	}
	var page bytes.Buffer
	err := docsTemplate.Execute(&page, map[string]any{
		"Title": spec.Info.Title, "Version": spec.Info.Version,
		"Paragraphs": paragraphs(spec.Info.Description), "Groups": groups,
	})
	return page.Bytes(), err
}

func describe(op *huma.Operation, schemas huma.Registry) docsOperation {
	shown := docsOperation{
		ID: op.OperationID, Method: op.Method, Path: op.Path, Summary: op.Summary, Paragraphs: paragraphs(op.Description),
	}
	for _, parameter := range op.Parameters {
		shown.Parameters = append(shown.Parameters, docsField{
			Name: parameter.Name, In: parameter.In, Type: typeName(parameter.Schema, schemas),
			Description: parameter.Description, Required: parameter.Required,
		})
	}
	if op.RequestBody != nil {
		schema := resolve(op.RequestBody.Content["application/json"].Schema, schemas)
		shown.Body = bodyFields("", schema, schemas)
		example, err := json.MarshalIndent(exampleOf(schema, schemas), "", "  ")
		if err == nil {
			shown.Example = string(example)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		description := op.Responses[status].Description
		if number, err := strconv.Atoi(status); err == nil {
			description = http.StatusText(number)
		}
		shown.Answers = append(shown.Answers, docsAnswer{Status: status, Description: description})
	}
	return shown
}

func bodyFields(prefix string, schema *huma.Schema, schemas huma.Registry) []docsField {
	var fields []docsField
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		property := schema.Properties[name]
		resolved := resolve(property, schemas)
		fields = append(fields, docsField{
			Name: prefix + name, Type: typeName(property, schemas), Description: property.Description,
			Required: slices.Contains(schema.Required, name),
		})
		if resolved.Type == huma.TypeObject {
			fields = append(fields, bodyFields(prefix+name+".", resolved, schemas)...)
		}
	}
	return fields
}

// exampleOf puts the examples of an object's properties together.
func exampleOf(schema *huma.Schema, schemas huma.Registry) map[string]any {
	example := map[string]any{}
	for name, property := range schema.Properties {
		resolved := resolve(property, schemas)
		switch {
		case len(property.Examples) > 0:
			example[name] = property.Examples[0]
		case resolved.Type == huma.TypeObject:
			example[name] = exampleOf(resolved, schemas)
		}
	}
	return example
}

func resolve(schema *huma.Schema, schemas huma.Registry) *huma.Schema {
	if schema.Ref != "" {
		return schemas.SchemaFromRef(schema.Ref)
	}
	return schema
}

func typeName(schema *huma.Schema, schemas huma.Registry) string {
	schema = resolve(schema, schemas)
	switch {
	case schema.Format != "":
		return schema.Format
	case schema.Type == huma.TypeArray:
		return "list of " + typeName(schema.Items, schemas)
	}
	return schema.Type
}

// docsText is a piece of a paragraph: code, or plain text.
type docsText struct {
	Text string
	Code bool
}

// paragraphs reads the two marks that descriptions use: empty lines, and backquotes around code.
func paragraphs(text string) [][]docsText {
	var all [][]docsText
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		var pieces []docsText
		for i, piece := range strings.Split(paragraph, "`") {
			pieces = append(pieces, docsText{Text: piece, Code: i%2 == 1})
		}
		all = append(all, pieces)
	}
	return all
}
