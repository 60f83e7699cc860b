package catalogue_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atshooks/atshooks/internal/catalogue"
	"github.com/atshooks/atshooks/internal/vendors"
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

// TestEveryProviderIsListed: a folder x with a folder xtest is a provider. What
// goes over all providers takes them from these two lists.
func TestEveryProviderIsListed(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(root, "*", "*test"))
	if err != nil || len(folders) == 0 {
		t.Fatal("no folders found", err)
	}
	for _, folder := range folders {
		name := filepath.Base(filepath.Dir(folder))
		if name == "event" || filepath.Base(folder) != name+"test" {
			continue
		}
		if !slices.Contains(catalogue.Names, name) {
			t.Errorf("internal/catalogue/%s.json is missing", name)
		}
		if vendors.Lookup(name) == nil {
			t.Errorf("add of(%stest.Vendor, %s.New) to All in internal/vendors", name, name)
		}
	}
}

// TestCatalogueIsComplete: it lists what the providers know, and the
// documentation says the same.
func TestCatalogueIsComplete(t *testing.T) {
	for _, name := range catalogue.Names {
		t.Run(name, func(t *testing.T) {
			file := "internal/catalogue/" + name + ".json"
			p, v := catalogue.Of(name), vendors.Lookup(name)
			if v == nil {
				t.Fatalf("add %s to All in internal/vendors", name)
			}
			checkMembers(t, file)
			checkNames(t, p, v)
			var types, rows []string
			for _, e := range p.Events {
				types = append(types, e.Type)
				rows = append(rows, e.Type+"  "+e.Payload+"  "+e.When)
				if _, err := time.Parse(time.DateOnly, e.KnownSince); err != nil {
					t.Errorf("%s: %s: known_since is %q, want a day such as 2026-11-21", file, e.Type, e.KnownSince)
				}
			}
			compare(t, types, v.Types(), "%s is in "+file+", and not in Vendor.Events", "%s: add it to "+file, "Vendor.Events has another order than "+file)
			if !slices.Equal(v.Provider.Types, v.Types()) {
				t.Error("Provider().Types is not what Vendor.Events is, in the same order")
			}
			compare(t, rows, docRows(t, read(t, name+"/doc.go")), "doc.go has no row: want //\t%s", "doc.go has the row %q, which is not in "+file, "the rows of doc.go have another order than "+file)

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

// checkMembers checks that no event lacks a member.
func checkMembers(t *testing.T, file string) {
	t.Helper()
	var list struct{ Events []map[string]any }
	if err := json.Unmarshal([]byte(read(t, file)), &list); err != nil {
		t.Fatal(err)
	}
	for _, e := range list.Events {
		for _, member := range []string{"type", "payload", "when", "known_since", "published"} {
			if e[member] == nil || e[member] == "" {
				t.Errorf("%s: %v lacks %q", file, e["type"], member)
			}
		}
	}
}

// compare says what got lacks, what it has too many, and else whether it has
// another order.
func compare(t *testing.T, want, got []string, missing, extra, order string) {
	t.Helper()
	if slices.Equal(want, got) {
		return
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf(missing, line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf(extra, line)
		}
	}
	if slices.Equal(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))) {
		t.Error(order)
	}
}

// table is the table of events in a package's documentation, without its head.
var table = regexp.MustCompile(`//\ttype +payload +(?:sent )?when\n((?://\t.*\n)+)`)

// docRows are the rows of that table, with their columns two blanks apart.
func docRows(t *testing.T, doc string) (rows []string) {
	t.Helper()
	m := table.FindStringSubmatch(doc)
	if m == nil {
		t.Fatal("doc.go has no table with the head: type  payload  when")
	}
	for line := range strings.Lines(m[1]) {
		columns := strings.Fields(strings.TrimPrefix(line, "//"))
		n := min(len(columns), 2)
		rows = append(rows, strings.Join(append(columns[:n:n], strings.Join(columns[n:], " ")), "  "))
	}
	return rows
}

// checkNames checks that the constant of an event's type, its method and its
// sample share a name.
func checkNames(t *testing.T, p catalogue.Provider, v *vendors.Vendor) {
	t.Helper()
	name := p.Provider
	constants, samples := read(t, name+"/events.go"), read(t, name+"/"+name+"test/"+name+"test.go")
	for _, e := range p.Events {
		c, ok := v.Callback(e.Type)
		if !ok {
			continue // reported as missing
		}
		if c.Payload.Name() != e.Payload {
			t.Errorf("%s has the payload %s, internal/catalogue/%s.json says %s", e.Type, c.Payload.Name(), name, e.Payload)
		}
		word := strings.TrimPrefix(c.Method, "On")
		if want := fmt.Sprintf("Type%s = %q", word, e.Type); !strings.Contains(strings.Join(strings.Fields(constants), " "), want) {
			t.Errorf("%s has the method %s: want in events.go %s", e.Type, c.Method, want)
		}
		if want := fmt.Sprintf("func %s() *%s.%s {", word, name, c.Payload.Name()); !strings.Contains(samples, want) {
			t.Errorf("%s has the method %s: want in %stest.go %s", e.Type, c.Method, name, want)
		}
	}
}
