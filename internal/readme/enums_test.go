package readme

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/internal/vendors"
)

// TestProvidersListTheirEnums: a constant that Provider.Enums lacks would be
// reported as drift, and an event type that Types lacks as unknown.
func TestProvidersListTheirEnums(t *testing.T) {
	for _, v := range vendors.All {
		p := v.Provider
		listed := map[string]bool{}
		for _, e := range p.Enums {
			listed[reflect.TypeOf(e).Name()+" "+reflect.ValueOf(e).String()] = true
		}
		for _, typ := range p.Types {
			listed[" "+typ] = true
		}
		found := constants(t, p.Name)
		for name, value := range found {
			if strings.HasPrefix(value, " ") && !strings.HasPrefix(name, "Type") {
				continue // an untyped constant that is something else
			}
			if strings.HasPrefix(value, "QuestionType ") {
				continue // of responses, not of payloads
			}
			if !listed[value] {
				t.Errorf("%s: the constant %s is in neither Enums nor Types", p.Name, name)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: no constants found", p.Name)
		}
	}
}

// constants are the exported string constants of a provider's package: by name,
// their type and value.
func constants(t *testing.T, name string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		collect(t, parsed, found)
	}
	return found
}

func collect(t *testing.T, file *ast.File, found map[string]string) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, v := range spec.Values {
			literal, ok := v.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING || !spec.Names[i].IsExported() {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			typ := ""
			if id, ok := spec.Type.(*ast.Ident); ok {
				typ = id.Name
			}
			found[spec.Names[i].Name] = typ + " " + value
		}
		return true
	})
}
