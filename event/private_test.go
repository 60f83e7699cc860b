package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

const canary = "canary-8f3a"

// exported has a value of every exported type of this package that holds data
// of a delivery, or nil for one that holds none.
var exported = map[string]any{
	"Callback": nil, "Dispatcher": nil, "Envelope": nil, "Handler": nil, "Inbox": nil, "Kind": nil,
	"MemoryStoreOptions": nil, "Options": nil, "Phases": nil, "Provider": nil, "Stage": nil, "Store": nil, "Verdict": nil,
	// An id is not what this library hides, and a time alone names no person.
	"ID": nil, "Time": nil,
	"Delivery":   event.Delivery{},
	"Error":      event.Error{},
	"PanicError": event.PanicError{},
	"Rejection":  event.Rejection{},
	"Request":    event.Request{},
	"Response":   event.Response{},
	"Result":     event.Result{},
}

// TestNothingOfADeliveryIsPrinted prints every exported type, with canaries
// wherever a delivery's data can be, in all the ways in which values get into
// logs.
func TestNothingOfADeliveryIsPrinted(t *testing.T) {
	for _, name := range exportedTypes(t) {
		v, listed := exported[name]
		if !listed {
			t.Errorf("%s is new: can it hold data of a delivery?", name)
		}
		if v == nil {
			continue
		}
		p := reflect.New(reflect.TypeOf(v))
		plant(p.Elem())
		value, pointer := p.Elem().Interface(), p.Interface()
		slice := reflect.Append(reflect.MakeSlice(reflect.SliceOf(p.Type()), 0, 1), p).Interface()
		m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), p.Type()))
		m.SetMapIndex(reflect.ValueOf("key"), p)
		inside := struct{ X, Y any }{value, pointer}
		for _, x := range []any{value, pointer, slice, m.Interface(), inside, &inside} {
			checkPrinted(t, fmt.Sprintf("%s as %T", name, x), x)
		}
	}
	var ctx context.Context
	b := newBench(t, acme, event.Options{})
	event.On(b, "hired", func(c context.Context, _ *hire) error { ctx = c; return nil })
	send(b, signed(t, acme, secret, strings.Replace(hireBody, "ada@example.com", canary, 1)))
	derived, cancel := context.WithCancel(ctx)
	defer cancel()
	checkPrinted(t, "the callback's context", ctx)
	checkPrinted(t, "a context made of the callback's", context.WithValue(derived, exportedKey{}, 1))
}

type exportedKey struct{}

func checkPrinted(t *testing.T, name string, x any) {
	t.Helper()
	var out bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "x", x, slog.Group("g", slog.Any("x", x)))
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", x)
	}
	if b, err := json.Marshal(x); err == nil {
		out.Write(b)
	}
	text := out.String()
	for _, leak := range []string{canary, fmt.Sprintf("%x", canary), strings.Trim(fmt.Sprint([]byte(canary)), "[]")} {
		if i := strings.Index(text, leak); i >= 0 {
			t.Errorf("%s: %q is printed: …%s", name, leak, text[max(0, i-200):min(len(text), i+60)])
			return
		}
	}
}

// plant fills all that may hold a delivery's data with the canary.
func plant(v reflect.Value) {
	for field, f := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		switch x := f.Addr().Interface().(type) {
		case *[]byte:
			*x = []byte(canary)
		case *http.Header:
			*x = http.Header{"Authorization": {canary}}
		case *error:
			*x = errors.Join(&event.PanicError{Value: canary}, &event.Rejection{Message: canary, Details: map[string]any{canary: canary}, Body: canary})
		case *any:
			*x = canary
		case *map[string]any:
			*x = map[string]any{canary: canary}
		case **event.Delivery:
			*x = &event.Delivery{Body: []byte(canary), Payload: []byte(canary)}
		case *string:
			if field.Name == "Message" {
				*x = canary
			}
		}
	}
}

// exportedTypes are the names of this package's exported types.
func exportedTypes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Name.IsExported() {
				names = append(names, spec.Name.Name)
			}
			return true
		})
	}
	if len(names) < 10 {
		t.Fatalf("found the types %q only", names)
	}
	return names
}
