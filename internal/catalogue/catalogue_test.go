package catalogue_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atshooks/atshooks/comeet/comeettest"
	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/hires100/hires100test"
	"github.com/atshooks/atshooks/internal/catalogue"
	"github.com/atshooks/atshooks/keldair/keldairtest"
	"github.com/atshooks/atshooks/kit/kittest"
	"github.com/atshooks/atshooks/kombo/kombotest"
)

const root = "../.."

var vendors = map[string]eventtest.Vendor{
	"comeet": comeettest.Vendor, "kombo": kombotest.Vendor, "keldair": keldairtest.Vendor, "hires100": hires100test.Vendor, "kit": kittest.Vendor,
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestCatalogueIsComplete: it lists what the providers know and the test
// packages have fixtures for, and the documentation says the same.
func TestCatalogueIsComplete(t *testing.T) {
	for _, name := range catalogue.Names {
		t.Run(name, func(t *testing.T) {
			p, v, payloads := catalogue.Of(name), vendors[name], payloads(t, name)
			var types []string
			for _, e := range p.Events {
				types = append(types, e.Type)
				if e.When == "" || e.KnownSince == "" || e.Payload == "" {
					t.Errorf("%s: a field is empty: %+v", e.Type, e)
				}
				if got := payloads[e.Type]; got != e.Payload {
					t.Errorf("%s has the payload %s, the catalogue says %s", e.Type, got, e.Payload)
				}
				if row := findRow(read(t, name+"/doc.go"), e.Type); row != e.Type+" "+e.Payload+" "+e.When {
					t.Errorf("doc.go says %q of %s, the catalogue %q", row, e.Type, e.Type+" "+e.Payload+" "+e.When)
				}
			}
			if diff := cmp.Diff(sorted(v.Provider.Types), sorted(types)); diff != "" {
				t.Errorf("Provider().Types and the catalogue (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(sorted(v.Types()), sorted(types)); diff != "" {
				t.Errorf("Vendor.Events and the catalogue (-want +got):\n%s", diff)
			}
			events := p.EventsNote
			if events == "" {
				events = fmt.Sprint(len(p.Events))
			}
			row := fmt.Sprintf("| [%s](%s) | %s | %s | %s | %s | %s |", name, name, p.Title, events, p.Signature, p.Key, p.Retries)
			if !strings.Contains(read(t, "README.md"), row+"\n") {
				t.Errorf("README.md lacks the row\n%s", row)
			}
			if !strings.Contains(read(t, name+"/doc.go"), strings.TrimSuffix(p.Documentation, "/")) {
				t.Errorf("doc.go does not name %s", p.Documentation)
			}
		})
	}
}

func sorted(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return set
}

var (
	constant = regexp.MustCompile(`(?m)^\s*(Type\w+)\s*=\s*"([^"]+)"`)
	line     = regexp.MustCompile(`eventtest\.Of\[\w+\.(\w+)\]\(\w+\.(\w+)\)`)
)

// payloads are the Go types that the events' payloads decode into, as the
// provider's test package lists them.
func payloads(t *testing.T, name string) map[string]string {
	t.Helper()
	types := map[string]string{}
	for _, c := range constant.FindAllStringSubmatch(read(t, name+"/events.go"), -1) {
		types[c[1]] = c[2]
	}
	found := map[string]string{}
	for _, l := range line.FindAllStringSubmatch(read(t, name+"/"+name+"test/"+name+"test.go"), -1) {
		found[types[l[2]]] = l[1]
	}
	return found
}

// findRow is the row of a table in a package's documentation, with its columns
// one blank apart.
func findRow(doc, typ string) string {
	for line := range strings.Lines(doc) {
		if rest, ok := strings.CutPrefix(line, "//\t"+typ+" "); ok {
			return typ + " " + strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}
