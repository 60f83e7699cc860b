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
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite api.txt: a break of the API is decided by that")

var packages = []string{
	"signature", "signature/diagnose", "event", "event/drift", "event/eventtest", "event/inbox", "event/validate",
	"comeet", "comeet/comeettest", "hires100", "hires100/hires100test", "keldair", "keldair/keldairtest", "kit", "kit/kittest", "kombo", "kombo/kombotest",
	"event/jetstream", "event/jetstream/embedded", "event/otelevent", "event/riverqueue", "event/sqlstore",
}

func TestExportedNames(t *testing.T) {
	var got bytes.Buffer
	for _, name := range packages {
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
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the exported names are not those of api.txt; if that is meant, run go test ./internal/api -update, and say it in CHANGELOG.md (-api.txt +code):\n%s", diff)
	}
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
