// Package api keeps the exported names of the module in a file, so that a change
// of one is a decision that a reviewer sees.
package api

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/internal/catalogue"
)

var update = flag.Bool("update", false, "rewrite api.txt: a break of the API is decided by that")

func packages() []string {
	list := []string{"signature", "signature/diagnose", "event", "event/drift", "event/eventtest", "event/inbox", "event/validate"}
	for _, name := range catalogue.Names {
		list = append(list, name, name+"/"+name+"test")
	}
	return append(list, "event/jetstream", "event/jetstream/embedded", "event/otelevent", "event/riverqueue", "event/sqlstore")
}

func TestExportedNames(t *testing.T) {
	var got bytes.Buffer
	for _, name := range packages() {
		describe(t, &got, name)
	}
	if *update {
		if err := os.WriteFile("api.txt", got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("api.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the exported names are not those of api.txt; if that is meant, run go test ./internal/api -update, and say it in CHANGELOG.md (-api.txt +code):\n%s",
			changes(located(string(want)), located(got.String())))
	}
}

// located are the lines of a description, each with its package and declaration
// before it.
func located(text string) (lines []string) {
	var pkg, decl string
	for line := range strings.Lines(text) {
		words := strings.Join(strings.Fields(line), " ")
		switch {
		case words == "" || words == ")" || words == "}":
		case strings.HasPrefix(line, "package "):
			pkg = words
		case strings.HasPrefix(line, "\t"):
			lines = append(lines, pkg+": "+decl+" "+words)
		default:
			decl = words
			lines = append(lines, pkg+": "+decl)
		}
	}
	return lines
}

// changes are the lines that only one of the two has.
func changes(before, after []string) string {
	var diff strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			diff.WriteString("- " + line + "\n")
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			diff.WriteString("+ " + line + "\n")
		}
	}
	return diff.String()
}

// describe writes the exported declarations of a package, without comments.
func describe(t *testing.T, out *bytes.Buffer, name string) {
	t.Helper()
	fset := token.NewFileSet()
	paths, err := filepath.Glob(filepath.Join("../..", name, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "_go127.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	if len(files) == 0 {
		t.Fatalf("there is no package %s", name)
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/atshooks/atshooks/"+name)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "package %s\n", name)
	show := func(decl ast.Decl) {
		if f, ok := decl.(*ast.FuncDecl); ok {
			f.Body = nil
		}
		if err := printer.Fprint(out, fset, decl); err != nil {
			t.Fatal(err)
		}
		out.WriteByte('\n')
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			show(v.Decl)
		}
	}
	functions := func(list []*doc.Func) {
		for _, f := range list {
			show(f.Decl)
		}
	}
	values(p.Consts)
	values(p.Vars)
	functions(p.Funcs)
	for _, typ := range p.Types {
		show(typ.Decl)
		values(typ.Consts)
		values(typ.Vars)
		functions(typ.Funcs)
		functions(typ.Methods)
	}
	out.WriteByte('\n')
}
