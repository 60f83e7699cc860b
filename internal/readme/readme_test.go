// Package readme keeps the README true: its code is code of this repository
// that compiles and is tested, and its links lead somewhere.
package readme

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// block is a Go code block with the comment before it that says where it is
// from: a file, or a file, a # and a function in it.
var block = regexp.MustCompile("(?s)(?:<!-- (\\S+\\.go)(?:#(\\w+))? -->\n)?```go\n(.*?)```")

func TestCodeBlocksAreCodeOfThisRepository(t *testing.T) {
	for _, doc := range []string{"README.md"} {
		blocks := block.FindAllStringSubmatch(read(t, doc), -1)
		if len(blocks) < 2 {
			t.Errorf("%s: %d blocks of Go, expected more", doc, len(blocks))
		}
		for _, b := range blocks {
			file, function, got := b[1], b[2], b[3]
			if file == "" {
				t.Errorf("%s: a block does not say where it is from:\n%s", doc, got)
				continue
			}
			if diff := cmp.Diff(source(t, file, function), got); diff != "" {
				t.Errorf("%s: the block from %s %s is not what is there (-want +got):\n%s", doc, file, function, diff)
			}
		}
	}
}

// source is a file from its package clause on, or one function of it.
func source(t *testing.T, name, function string) string {
	t.Helper()
	text := read(t, name)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	if function == "" {
		return text[fset.Position(file.Package).Offset:]
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != function {
			continue
		}
		body := text[fset.Position(f.Pos()).Offset:fset.Position(f.End()).Offset]
		if strings.HasPrefix(function, "Example") {
			body = text[fset.Position(f.Body.Lbrace).Offset+1 : fset.Position(f.Body.Rbrace).Offset]
		}
		formatted, err := format.Source([]byte(strings.Trim(body, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return string(bytes.TrimSpace(dedent(formatted))) + "\n"
	}
	t.Fatalf("%s has no function %s", name, function)
	return ""
}

func dedent(src []byte) []byte {
	if !bytes.HasPrefix(src, []byte("\t")) {
		return src
	}
	return bytes.ReplaceAll(bytes.TrimPrefix(src, []byte("\t")), []byte("\n\t"), []byte("\n"))
}

var link = regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)

func TestLinksLeadSomewhere(t *testing.T) {
	for _, doc := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "examples/README.md"} {
		for _, l := range link.FindAllStringSubmatch(read(t, doc), -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, filepath.Dir(doc), l[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, l[1], err)
			}
		}
	}
}
