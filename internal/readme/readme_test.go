// Package readme keeps the repository's documents true: their code is code that
// compiles and is tested, and their links lead somewhere.
package readme

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

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

// find returns the files of the repository whose names end with suffix, as paths
// from the root with slashes.
func find(t *testing.T, suffix string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == ".git" && d.IsDir():
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(name, suffix):
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 10 {
		t.Fatalf("%d files end with %s, expected more", len(found), suffix)
	}
	return found
}

// block is a Go code block with the comment before it that says where it is
// from: a file, relative to the document, or a file, a # and a function in it.
var block = regexp.MustCompile("(?s)(?:<!-- (\\S+\\.go)(?:#(\\w+))? -->\n)?```go\n(.*?)```")

func TestCodeBlocksAreCodeOfThisRepository(t *testing.T) {
	count := 0
	for _, doc := range find(t, ".md") {
		text := read(t, doc)
		blocks := block.FindAllStringSubmatch(text, -1)
		if n := strings.Count(text, "```go"); n != len(blocks) {
			t.Errorf("%s: %d blocks begin with ```go, and %d can be read", doc, n, len(blocks))
		}
		count += len(blocks)
		for _, b := range blocks {
			file, function, got := b[1], b[2], b[3]
			if file == "" {
				t.Errorf("%s: a block does not say where it is from:\n%s", doc, got)
				continue
			}
			if diff := cmp.Diff(source(t, path.Join(path.Dir(doc), file), function), got); diff != "" {
				t.Errorf("%s: the block from %s %s is not what is there (-want +got):\n%s", doc, file, function, diff)
			}
		}
	}
	if count < 9 {
		t.Errorf("%d blocks of Go, expected more", count)
	}
}

// source is a file from its package clause on, or one function of it: the body
// of an example, and the whole of any other.
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

var (
	fence     = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	inline    = regexp.MustCompile("`[^`]+`")
	link      = regexp.MustCompile(`(?m)\]\(\s*([^)\s]+)[^)]*\)|^\[[^]]+\]:\s*(\S+)`)
	attribute = regexp.MustCompile(`\b(?:href|src|srcset)="([^"]*)"`)
)

func TestLinksLeadSomewhere(t *testing.T) {
	internal := 0
	for _, doc := range find(t, ".md") {
		text := inline.ReplaceAllString(fence.ReplaceAllString(read(t, doc), ""), "")
		for _, l := range append(link.FindAllStringSubmatch(text, -1), attribute.FindAllStringSubmatch(text, -1)...) {
			target := strings.Join(l[1:], "") // one group has matched
			to, err := url.Parse(target)
			if err == nil && (to.Scheme != "" || to.Host != "") {
				continue
			}
			internal++
			if err != nil {
				t.Errorf("%s links to %s: %v", doc, target, err)
				continue
			}
			checkLink(t, doc, to)
		}
	}
	if internal < 50 {
		t.Errorf("%d links within the repository, expected more", internal)
	}
}

// checkLink checks a link from doc into the repository.
func checkLink(t *testing.T, doc string, to *url.URL) {
	t.Helper()
	target := doc
	if to.Path != "" {
		target = path.Join(path.Dir(doc), to.Path)
	}
	if !filepath.IsLocal(target) || path.IsAbs(to.Path) {
		t.Errorf("%s links to %s, outside of the repository", doc, to)
		return
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		t.Errorf("%s links to %s: %v", doc, to, err)
		return
	}
	if to.Fragment == "" {
		return
	}
	if !strings.HasSuffix(target, ".md") {
		t.Errorf("%s links to %s, which is not a document with headings", doc, to)
	} else if all := anchors(read(t, target)); !slices.Contains(all, to.Fragment) {
		t.Errorf("%s links to %s, and the headings there are %s", doc, to, strings.Join(all, ", "))
	}
}

var (
	heading  = regexp.MustCompile(`(?m)^#{1,6} +(.+?) *#*$`)
	linkText = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`)
)

// anchors are the names that GitHub gives to a document's headings.
func anchors(text string) []string {
	var all []string
	seen := make(map[string]int)
	for _, h := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, linkText.ReplaceAllString(h[1], "$1"))
		if seen[name]++; seen[name] > 1 {
			name += "-" + strconv.Itoa(seen[name]-1)
		}
		all = append(all, name)
	}
	return all
}

// TestDependabotKnowsEveryModule: a module that is missing there is never
// updated.
func TestDependabotKnowsEveryModule(t *testing.T) {
	var modules []string
	for _, file := range find(t, "go.mod") {
		modules = append(modules, path.Join("/", path.Dir(file)))
	}
	_, listed, _ := strings.Cut(read(t, ".github/dependabot.yml"), "package-ecosystem: gomod\n    directories:\n")
	listed, _, _ = strings.Cut(listed, "    schedule:")
	folders := strings.Fields(strings.ReplaceAll(listed, "- ", ""))
	slices.Sort(modules)
	slices.Sort(folders)
	if diff := cmp.Diff(modules, folders); diff != "" {
		t.Errorf("the folders in .github/dependabot.yml are not those of the modules (-want +got):\n%s", diff)
	}
}

var testName = regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Za-z0-9_]+)`")

// TestNamedTestsExist: a document that names a test as a proof names one that
// there is.
func TestNamedTestsExist(t *testing.T) {
	var code strings.Builder
	for _, file := range find(t, "_test.go") {
		code.WriteString(read(t, file))
	}
	for _, doc := range find(t, ".md") {
		for _, m := range testName.FindAllStringSubmatch(read(t, doc), -1) {
			if !strings.Contains(code.String(), "\nfunc "+m[1]+"(") {
				t.Errorf("%s names %s, which does not exist", doc, m[1])
			}
		}
	}
}
