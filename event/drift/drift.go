// Package drift finds where a vendor's deliveries differ from what this module
// models: unknown event types, members that no field takes, enum values without a
// constant, members of another JSON type, and null where a value is usual. Such
// deliveries still reach their callbacks, but a finding means that this module, or
// a payload type of your own, is out of date. To log what is found:
//
//	p := kombo.Provider()
//	k, err := kombo.New(p, secret, &event.Options{Wrap: drift.Wrap(p, nil)})
//
// It examines one delivery per second and logs each finding once. A finding names
// the path of a member, never its value. For tests against a vendor's sandbox,
// [Options].Strict makes findings errors.
package drift

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/jsonfit"
)

const (
	every     = time.Second // between two deliveries that are looked at
	maxFound  = 32          // findings in one delivery
	maxLogged = 256         // findings that are remembered as logged
)

// Options are the settings of [Wrap].
type Options struct {
	// Strict examines every delivery, and returns the findings as an error in
	// place of running the callback. It is for tests, never for production.
	Strict bool
	// Logger gets each finding once, at level Warn. Nil means [slog.Default].
	Logger *slog.Logger
}

// Wrap returns a function to set as [event.Options].Wrap in the options of a
// handler for p. Callbacks run whatever is found, unless opts.Strict is set. opts
// may be nil.
func Wrap(p event.Provider, opts *Options) func(event.Callback) event.Callback {
	if opts == nil {
		opts = &Options{}
	}
	r := &reporter{provider: p, opts: *opts, logged: make(map[string]bool)}
	return func(next event.Callback) event.Callback {
		return func(ctx context.Context, payload any) (any, error) {
			if d, ok := event.FromContext(ctx); ok && r.due() {
				if found := Find(p, d, payload); len(found) > 0 && opts.Strict {
					return nil, fmt.Errorf("the delivery differs from what is modelled: %s", strings.Join(found, "; "))
				} else {
					r.log(ctx, d, found)
				}
			}
			return next(ctx, payload)
		}
	}
}

type reporter struct {
	provider event.Provider
	opts     Options

	mu     sync.Mutex
	next   time.Time
	logged map[string]bool
}

// due reports whether to look at a delivery.
func (r *reporter) due() bool {
	if r.opts.Strict {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if now.Before(r.next) {
		return false
	}
	r.next = now.Add(every)
	return true
}

func (r *reporter) log(ctx context.Context, d *event.Delivery, found []string) {
	logger := r.opts.Logger
	if logger == nil {
		logger = slog.Default()
	}
	for _, text := range found {
		r.mu.Lock()
		key := d.Type + ": " + text
		again := r.logged[key] || len(r.logged) >= maxLogged
		if !again {
			r.logged[key] = true
		}
		r.mu.Unlock()
		if !again {
			logger.LogAttrs(ctx, slog.LevelWarn, "webhook deliveries differ from what is modelled; callbacks run all the same",
				slog.String("handler", d.Handler), slog.String("type", d.Type), slog.String("drift", text))
		}
	}
}

// Find returns how a delivery differs from what p and the Go type of its payload
// model, in at most 32 findings. payload is what the callback gets. If it is nil,
// or the *[event.Delivery] that OnOther gets, only the event type is examined.
func Find(p event.Provider, d *event.Delivery, payload any) []string {
	w := walk{enums: enumsOf(p.Enums)}
	if !knows(&p, d.Type) {
		w.report("", "unknown event type "+strconv.Quote(d.Type))
	}
	if _, raw := payload.(*event.Delivery); payload != nil && !raw && d.Payload != nil {
		w.value(d.Payload, reflect.TypeOf(payload).Elem(), "")
	}
	return w.found
}

// knows reports whether the provider is known to send a type.
func knows(p *event.Provider, typ string) bool {
	if len(p.Types) == 0 || slices.Contains(p.Types, typ) || slices.Contains(p.Types, p.Aliases[typ]) {
		return true
	}
	return p.TypeName != nil && slices.Contains(p.Types, p.TypeName(typ))
}

// walk compares a JSON value with the type that it decodes into.
type walk struct {
	enums map[reflect.Type]map[string]bool
	found []string
}

func (w *walk) report(path, text string) {
	if len(w.found) < maxFound {
		if path != "" {
			text = "member " + path + ": " + text
		}
		w.found = append(w.found, text)
	}
}

func (w *walk) value(raw []byte, t reflect.Type, path string) {
	kind := jsonfit.Kind(raw)
	switch {
	case kind == "null":
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		w.decoded(raw, t, path)
	case t.Kind() == reflect.Struct && kind == "object":
		w.object(raw, t, path)
	case t.Kind() == reflect.Slice && kind == "array":
		w.array(raw, t.Elem(), path)
	case t.Kind() == reflect.Map && kind == "object": // its names are data
	case json.Unmarshal(raw, reflect.New(t).Interface()) != nil:
		w.report("", jsonfit.Misfit(path, kind, t))
	case w.enums[t] != nil && !w.enums[t][textOf(raw)]:
		w.report(path, "a value without a constant of "+t.String())
	}
}

func textOf(raw []byte) (s string) {
	_ = json.Unmarshal(raw, &s)
	return s
}

func (w *walk) object(raw []byte, t reflect.Type, path string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f, ok := jsonfit.Field(t, name)
		at := joinPath(path, name)
		switch {
		case !ok:
			w.report(at, "no field takes it")
		case string(members[name]) == "null" && !mayBeNull(f):
			w.report(at, "null where a value is usual")
		default:
			w.value(members[name], f.Type, at)
		}
	}
}

// mayBeNull reports whether a field is optional, by the convention of payload
// types.
func mayBeNull(f reflect.StructField) bool {
	return strings.Contains(f.Tag.Get("json"), ",omitzero") || f.Type == reflect.TypeFor[event.Time]() || f.Type.Kind() == reflect.Slice
}

func (w *walk) array(raw []byte, t reflect.Type, path string) {
	var elements []json.RawMessage
	_ = json.Unmarshal(raw, &elements) // an array decodes
	for i, element := range elements {
		w.value(element, t, path+"["+strconv.Itoa(i)+"]")
	}
}

// decoded looks at a type that decodes itself: at what it could not use, if it
// keeps that in fields named Extra.
func (w *walk) decoded(raw []byte, t reflect.Type, path string) {
	v := reflect.New(t)
	if json.Unmarshal(raw, v.Interface()) != nil {
		w.report("", jsonfit.Misfit(path, jsonfit.Kind(raw), t))
		return
	}
	if at, ok := reflect.TypeAssert[*event.Time](v); ok {
		if at.IsZero() {
			w.report(path, "not a time in a known form")
		}
		return
	}
	w.extra(v.Elem(), path)
}

func (w *walk) extra(v reflect.Value, path string) {
	if v.Kind() != reflect.Struct {
		return
	}
	for f, field := range v.Fields() {
		if !f.IsExported() || f.Type == reflect.TypeFor[event.Time]() {
			continue
		}
		if extra, ok := reflect.TypeAssert[map[string]json.RawMessage](field); ok && f.Name == "Extra" {
			for _, name := range slices.Sorted(maps.Keys(extra)) {
				w.report(joinPath(path, name), "no field takes it")
			}
		} else if w.enums[f.Type] != nil && field.String() != "" && !w.enums[f.Type][field.String()] {
			w.report(joinPath(path, jsonfit.Name(f)), "a value without a constant of "+f.Type.String())
		} else {
			w.extra(field, joinPath(path, jsonfit.Name(f)))
		}
	}
}

// joinPath appends a member's name, which came with the payload.
func joinPath(path, name string) string {
	if len(name) > 64 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		name = "…"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// enumsOf collects the constants of each enum type.
func enumsOf(values []any) map[reflect.Type]map[string]bool {
	enums := make(map[reflect.Type]map[string]bool)
	for _, v := range values {
		t := reflect.TypeOf(v)
		if enums[t] == nil {
			enums[t] = make(map[string]bool)
		}
		enums[t][reflect.ValueOf(v).String()] = true
	}
	return enums
}
