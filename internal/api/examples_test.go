package api

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/atshooks/atshooks"

// ofInterface are methods that implement an interface of the standard library or
// of package event: a user does not call them.
var ofInterface = []string{
	"Error", "Unwrap", "Is", "String", "Format", "LogValue",
	"MarshalText", "MarshalJSON", "UnmarshalJSON", "UnmarshalJSONFrom",
	"Claim", "Renew", "Commit", "Release", "Put",
}

// TestEveryNameIsInAnExample: an exported name, or a field of options, that no
// example uses is one that a reader has to guess about. A type stands for its
// constants, and one sample of a test package for all.
func TestEveryNameIsInAnExample(t *testing.T) {
	if testing.Short() {
		t.Skip("it compiles all packages and their tests")
	}
	l := load(t)
	for _, name := range packages() {
		path := module + "/" + name
		p, err := l.Import(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, missing := range l.unused(p) {
			t.Errorf("no example uses %s.%s", name, missing)
		}
	}
}

type loaded struct {
	types.Importer
	fset *token.FileSet
	used map[string]bool
}

// listed is what go list prints of a package.
type listed struct {
	ImportPath, Dir, Export, ForTest   string
	GoFiles, TestGoFiles, XTestGoFiles []string
}

// load compiles the workspace and notes what its examples use.
func load(t *testing.T) *loaded {
	cmd := exec.Command("go", "list", "-deps", "-test", "-export", "-json=ImportPath,Dir,Export,ForTest,GoFiles,TestGoFiles,XTestGoFiles", "work")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	exports := map[string]string{}
	var ours []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ForTest == "" && (p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")) && !strings.HasSuffix(p.ImportPath, ".test") {
			ours = append(ours, p)
		}
	}
	l := &loaded{fset: token.NewFileSet(), used: map[string]bool{}}
	l.Importer = importer.ForCompiler(l.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	for _, p := range ours {
		if strings.HasPrefix(p.ImportPath, module+"/examples/") {
			l.collect(t, p, slices.Concat(p.GoFiles, p.TestGoFiles), "")
			l.collect(t, p, p.XTestGoFiles, "")
		} else if slices.ContainsFunc(p.XTestGoFiles, isExample) {
			l.collect(t, p, p.XTestGoFiles, "example_test.go")
		}
	}
	return l
}

func isExample(file string) bool { return strings.HasSuffix(file, "example_test.go") }

// collect notes what files use whose names end with suffix. It checks all of
// files, for the examples have helpers in others. Their tests may use what the
// package exports to them alone, which is not found here and does not matter.
func (l *loaded) collect(t *testing.T, p listed, files []string, suffix string) {
	var parsed []*ast.File
	for _, name := range files {
		f, err := parser.ParseFile(l.fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Types: map[ast.Expr]types.TypeAndValue{}}
	config := types.Config{Importer: l, Error: func(error) {}}
	_, _ = config.Check(p.ImportPath+"_examples", l.fset, parsed, info)
	from := func(n ast.Node) bool { return strings.HasSuffix(l.fset.Position(n.Pos()).Filename, suffix) }
	for id, o := range info.Uses {
		if from(id) {
			l.use(o)
		}
	}
	for expr, tv := range info.Types {
		if from(expr) {
			l.useType(tv.Type)
		}
	}
}

func (l *loaded) use(o types.Object) {
	switch o := o.(type) {
	case *types.Func:
		o = o.Origin()
		for v := range o.Signature().Params().Variables() { // who calls it may pass a value of another type
			l.useType(v.Type())
		}
		if recv := o.Signature().Recv(); recv != nil {
			l.used[typeName(recv.Type())+"."+o.Name()] = true
			return
		}
		l.used[objectName(o)] = true
	case *types.Var:
		if o.IsField() {
			l.used[l.fset.Position(o.Origin().Pos()).String()] = true
			return
		}
		l.used[objectName(o)] = true
	case *types.Const, *types.TypeName:
		l.used[objectName(o)] = true
	}
}

// useType notes the type of an expression: who reads a field uses its type
// without writing its name.
func (l *loaded) useType(t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Slice:
		l.useType(t.Elem())
	case *types.Pointer:
		l.useType(t.Elem())
	case *types.Map:
		l.useType(t.Elem())
	case *types.Named:
		l.used[typeName(t)] = true
	}
}

func objectName(o types.Object) string {
	if o.Pkg() == nil {
		return o.Name()
	}
	return o.Pkg().Path() + "." + o.Name()
}

func typeName(t types.Type) string {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return objectName(n.Obj())
	}
	return t.String()
}

// unused are the exported names of p that no example uses.
func (l *loaded) unused(p *types.Package) []string {
	var names, samples []string
	sampled := false
	for _, name := range p.Scope().Names() {
		o := p.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		used := l.used[objectName(o)]
		switch o := o.(type) {
		case *types.Const:
			if _, ok := o.Type().(*types.Named); ok {
				continue // its type stands for it
			}
			// The callback of a type of event uses its constant.
			used = used || l.used[p.Path()+".Handler.On"+strings.TrimPrefix(name, "Type")]
		case *types.Func:
			if isSample(o) {
				samples, sampled = append(samples, name), sampled || used
				continue
			}
		case *types.TypeName:
			names = append(names, l.unusedMembers(o)...)
		}
		if !used {
			names = append(names, name)
		}
	}
	if len(samples) > 0 && !sampled {
		names = append(names, strings.Join(samples, " or "))
	}
	return names
}

// isSample reports whether f is a sample of a test package: no parameters, and
// a pointer to a payload.
func isSample(f *types.Func) bool {
	s := f.Signature()
	if !strings.HasSuffix(f.Pkg().Path(), "test") || s.Params().Len() != 0 || s.Results().Len() != 1 {
		return false
	}
	_, ok := s.Results().At(0).Type().(*types.Pointer)
	return ok
}

func (l *loaded) unusedMembers(o *types.TypeName) []string {
	var names []string
	n, ok := o.Type().(*types.Named)
	if !ok {
		return nil
	}
	for m := range n.Methods() {
		if m.Exported() && !slices.Contains(ofInterface, m.Name()) && !l.used[objectName(o)+"."+m.Name()] {
			names = append(names, o.Name()+"."+m.Name())
		}
	}
	s, ok := n.Underlying().(*types.Struct)
	if !ok || !strings.HasSuffix(o.Name(), "Options") && !strings.HasSuffix(o.Name(), "Config") {
		return names
	}
	for f := range s.Fields() {
		if f.Exported() && !l.used[l.fset.Position(f.Pos()).String()] {
			names = append(names, o.Name()+"."+f.Name())
		}
	}
	return names
}
