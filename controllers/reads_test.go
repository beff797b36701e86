package controllers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readOfOthers are the labels and annotations that are read, by name of the constant, of objects that are not trimmed, and
// the functions that do more with all of an object's than compare them.
var readOfOthers = map[string]string{
	"tenant.abandonAnnotation": "of Tenants, which are kept whole",
	"tenant.canaryLabel":       "of Tenants",
	"tenant.rotateAnnotation":  "of Tenants",
	"tenant.updateAnnotation":  "of Tenants",
	"tenant.wish":              "each of tenant.wishes, of Tenants",

	"tenant.databaseRequestAnnotation": "of Secrets with their content, which package secrets reads past the cache",
	"tenant.databaseRetiredAnnotation": "of Secrets with their content",
	"tenant.databaseRotatedAnnotation": "of Secrets with their content",

	"hostclaim.HostAnnotation": "of Leases, which are not trimmed",
	"fleet.ResumeAnnotation":   "of the rollout's ConfigMap, which is not trimmed",

	"apply.write()":       "of what is about to be applied",
	"apply.Transform()":   "of what comes from the API server, before it is trimmed",
	"tenant.withSerial()": "of what was rendered",
}

// A cache drops the labels and annotations that nobody has asked for, and whoever reads one of these finds nothing, ever.
func TestTheCacheKeepsWhatIsRead(t *testing.T) {
	t.Parallel()
	source := parseControllers(t)
	kept := slices.Concat(keep.Labels, keep.Annotations)
	found := map[string]bool{}
	for _, r := range source.reads {
		name := source.constants[r.key]
		found[r.key], found[name] = true, true
		if _, explained := readOfOthers[r.key]; !explained && !slices.Contains(kept, name) {
			t.Errorf("%s: %s is read, and the cache drops it: add it to ReadLabels or ReadAnnotations of package tenant, or, if "+
				"it is read only of objects that are not trimmed, to readOfOthers in this test", r.position, r.key)
		}
	}
	for key := range readOfOthers {
		if !found[key] {
			t.Errorf("%s is among readOfOthers, and nobody reads it", key)
		}
	}
	for _, annotation := range keep.Annotations {
		if !found[annotation] {
			t.Errorf("the cache keeps annotation %s, and nobody reads it", annotation)
		}
	}
}

// metadataRead is a place where a label or an annotation is read. key names it as readOfOthers does.
type metadataRead struct {
	key      string
	position token.Position
}

// controllersSource is what the source of the controllers says of labels and annotations.
type controllersSource struct {
	files *token.FileSet
	// constants are the strings that have a name, by package and name.
	constants map[string]string
	reads     []metadataRead
}

// parseControllers reads all packages but tests and what serves them, and the one that trims.
func parseControllers(t *testing.T) *controllersSource {
	t.Helper()
	source := &controllersSource{files: token.NewFileSet(), constants: map[string]string{}}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{"testdata", "standin", "trim"}, entry.Name()):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(source.files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			source.add(file.Name.Name, declaration)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func (s *controllersSource) add(pkg string, declaration ast.Decl) {
	var writes []ast.Expr
	note := func(key string, at ast.Node) {
		s.reads = append(s.reads, metadataRead{key, s.files.Position(at.Pos())})
	}
	ast.Inspect(declaration, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ValueSpec:
			for i, value := range node.Values {
				if text, ok := value.(*ast.BasicLit); ok && text.Kind == token.STRING {
					s.constants[pkg+"."+node.Names[i].Name], _ = strconv.Unquote(text.Value)
				}
			}
		case *ast.AssignStmt:
			writes = append(writes, node.Lhs...)
			if function, ok := declaration.(*ast.FuncDecl); ok && slices.ContainsFunc(node.Rhs, isMetadata) {
				note(pkg+"."+function.Name.Name+"()", node)
			}
		case *ast.IndexExpr:
			if isMetadata(node.X) && !slices.Contains(writes, ast.Expr(node)) {
				note(qualified(pkg, node.Index), node)
			}
		}
		return true
	})
}

// isMetadata says that an expression is all labels or annotations of an object.
func isMetadata(expression ast.Expr) bool {
	if call, ok := expression.(*ast.CallExpr); ok {
		expression = call.Fun
	}
	selector, ok := expression.(*ast.SelectorExpr)
	return ok && slices.Contains([]string{"Labels", "Annotations", "GetLabels", "GetAnnotations"}, selector.Sel.Name)
}

// qualified is a name with that of its package. What is no name comes as it is.
func qualified(pkg string, expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.Ident:
		return pkg + "." + expression.Name
	case *ast.SelectorExpr:
		if from, ok := expression.X.(*ast.Ident); ok {
			return from.Name + "." + expression.Sel.Name
		}
	case *ast.BasicLit:
		return expression.Value
	}
	return "what is computed"
}
