package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	yamlnodes "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Document is one object in a file.
type Document struct {
	File string
	// Line is the first of the document, counted from 1.
	Line   int
	Object *unstructured.Unstructured

	node *yamlnodes.Node
}

// Name is how messages refer to the object, such as Tenant/bright-smile.
func (d Document) Name() string { return d.Object.GetKind() + "/" + d.Object.GetName() }

// Problem is something wrong at a place in a file.
type Problem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	// Object is Kind/name; empty when the text could not be read as an object.
	Object string `json:"object,omitempty"`
	// Field is a path such as spec.hours[0]; empty for the whole object.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// String is the form in which compilers write: file:line: what.
func (p Problem) String() string {
	parts := []string{fmt.Sprintf("%s:%d", p.File, p.Line)}
	for _, part := range []string{p.Object, p.Field, p.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// At makes a problem of a field of the document.
func (d Document) At(field, message string) Problem {
	return Problem{File: d.File, Line: d.LineOf(field), Object: d.Name(), Field: field, Message: message}
}

// Read reads files, folders (with what lies below them, in the order of names) and standard input. What
// cannot be read as an object is a problem; a file that cannot be opened is an error.
func Read(paths []string, stdin io.Reader) ([]Document, []Problem, error) {
	var documents []Document
	var problems []Problem
	for _, path := range paths {
		files, err := expand(path)
		if err != nil {
			return nil, nil, err
		}
		for _, file := range files {
			text, err := content(file, stdin)
			if err != nil {
				return nil, nil, err
			}
			found, wrong := parse(file, text)
			documents, problems = append(documents, found...), append(problems, wrong...)
		}
	}
	if len(documents) == 0 && len(problems) == 0 {
		return nil, nil, fmt.Errorf("there is no object in %s: name a file or a folder with .yaml, .yml or .json files", strings.Join(paths, ", "))
	}
	return documents, problems, nil
}

// expand lists the files of a path.
func expand(path string) ([]string, error) {
	if path == Stdin {
		return []string{path}, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file)) && entry.Name() != "kustomization.yaml" {
			files = append(files, file)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return files, nil
}

func content(file string, stdin io.Reader) ([]byte, error) {
	var text []byte
	var err error
	if file == Stdin {
		text, err = io.ReadAll(stdin)
	} else {
		text, err = os.ReadFile(file) //nolint:gosec // the file is the one that the user named
	}
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	return text, nil
}

// parse reads every document of a text.
func parse(file string, text []byte) ([]Document, []Problem) {
	var documents []Document
	var problems []Problem
	for first, part := range split(text) {
		object, err := decode(part)
		switch {
		case err != nil:
			line, message := locate(err)
			problems = append(problems, Problem{File: file, Line: first + max(line, 1) - 1, Message: message})
		case object != nil:
			document := Document{File: file, Line: first, Object: object, node: &yamlnodes.Node{}}
			// The same text was just decoded, so that this cannot fail.
			_ = yamlnodes.Unmarshal(part, document.node)
			documents = append(documents, document)
		}
	}
	return documents, problems
}

// split yields the documents of a stream with the line on which each begins, as kubectl splits them.
func split(text []byte) func(func(int, []byte) bool) {
	return func(yield func(int, []byte) bool) {
		var part []byte
		first, number := 1, 0
		for line := range bytes.Lines(text) {
			number++
			if bytes.HasPrefix(line, []byte("---")) {
				if !yield(first, part) {
					return
				}
				part, first = nil, number+1
				continue
			}
			part = append(part, line...)
		}
		yield(first, part)
	}
}

// decode returns nil for a document that holds nothing but comments.
func decode(text []byte) (*unstructured.Unstructured, error) {
	encoded, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(bytes.TrimSpace(encoded), []byte("null")) {
		return nil, nil
	}
	var content map[string]any
	// Kubernetes' own decoder keeps whole numbers whole.
	if err := utiljson.Unmarshal(encoded, &content); err != nil {
		return nil, errors.New("this is no object: it must be a mapping with apiVersion, kind and metadata")
	}
	object := &unstructured.Unstructured{Object: content}
	if object.GetKind() == "" || object.GetAPIVersion() == "" {
		return nil, errors.New("apiVersion and kind must be there")
	}
	return object, nil
}

var linePattern = regexp.MustCompile(`line (\d+): `)

// locate takes the line out of the decoder's message.
func locate(err error) (int, string) {
	message := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "error converting YAML to JSON: "), "yaml: ")
	message = strings.TrimSpace(strings.TrimPrefix(message, "unmarshal errors:"))
	if match := linePattern.FindStringSubmatch(message); match != nil {
		line, _ := strconv.Atoi(match[1])
		return line, strings.Replace(message, match[0], "", 1)
	}
	return 1, message
}
