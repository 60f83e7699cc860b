package eventtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/atshooks/atshooks/event"
)

// The canaries: values that stand for personal data, and must not be found
// where none may be. Those that are planted may be longer; what is looked for
// is their common part.
const (
	canaryText  = "canary-Vb5kQ2"
	canaryDigit = "7263548190"
	canaryDay   = "2987-06-05"
	canaryNoDay = "2987-14-45"
)

var canaries = []string{canaryText, canaryDigit, canaryDay, canaryNoDay}

// plants are what is put in the place of each member of a payload.
var plants = []struct {
	name  string
	value any
}{
	{"a string", canaryText},
	{"a number", json.Number(canaryDigit)},
	{"a number that no integer can hold", json.Number(canaryDigit + "000000000000000")},
	{"a fraction", json.Number(canaryDigit + ".5")},
	{"a time", canaryDay + "T04:03:02Z"},
	{"a day", canaryDay},
	{"a time that cannot be", canaryNoDay + "T99:99:99Z"},
	{"an object", map[string]any{canaryText: canaryText}},
	{"a list", []any{canaryText, json.Number(canaryDigit)}},
	{"true", true},
}

// event checks one event.
func (c *conformance) event(t tester, l line) {
	t.Run("a signed fixture reaches the callback", func(t tester) { c.delivered(t, l) })
	t.Run("encoding a decoded payload loses nothing", func(t tester) { c.roundTrip(t, l) })
	t.Run("null, absent and unknown members stop nothing", func(t tester) { c.lenient(t, l) })
	t.Run("what is in a payload comes out nowhere", func(t tester) { c.silent(t, l) })
	t.Run("a forged copy is refused", func(t tester) { c.forged(t, l) })
}

// delivered sends the fixture each way that there is.
func (c *conformance) delivered(t tester, l line) {
	tr := c.trial(t, l, succeed)
	if tr == nil {
		return
	}
	for _, way := range []struct {
		name string
		send func(s *shot) answer
	}{
		{"ServeHTTP", tr.serve},
		{"Handle", tr.handle},
		{"Handle with header names in lower case", func(s *shot) answer {
			lower := make(http.Header)
			for name, values := range s.header {
				lower[strings.ToLower(name)] = values
			}
			s.header = lower
			return tr.handle(s)
		}},
		{"Handle with headers that the handler's Sign made", func(s *shot) answer {
			r := s.plain()
			r.Header = nil
			if err := tr.Sign(s.ctx, r); err != nil {
				t.Errorf("Sign: %v", err)
				return answer{}
			}
			s.header = r.Header
			return tr.handle(s)
		}},
	} {
		tr.reset()
		s := newShot(c.provider, l.typ, secret, c.vendor.Body(l.typ), time.Now())
		a := way.send(s)
		if a.status != http.StatusOK || a.err != nil {
			t.Errorf("%s answers %d (%v, %v), want 200 for a signed fixture", way.name, a.status, a.err, tr.last().Err)
			continue
		}
		a.checkForm(t, c.provider)
		if tr.runs() != 1 {
			t.Errorf("%s: the callback ran %d times, want once", way.name, tr.runs())
			continue
		}
		if kind := tr.last().Kind; kind != event.Handled {
			t.Errorf("%s: the observer was told %q, want %q", way.name, kind, event.Handled)
		}
		c.checkCall(t, l, s, tr.calls[0])
	}
}

// checkCall checks what a callback was given.
func (c *conformance) checkCall(t tester, l line, s *shot, got call) {
	t.Helper()
	want := reflect.New(l.payload).Interface()
	if err := json.Unmarshal(c.vendor.Payload(s.body), want); err != nil {
		t.Errorf("the fixture does not decode: %v", err)
		return
	}
	// What a payload learns of its delivery (see event.Stamper) has no JSON.
	if got, want := encoded(got.payload), encoded(want); got != want {
		t.Errorf("the callback was given another payload than the fixture's (-want +got):\n-%s\n+%s", want, got)
	}
	d := got.delivery
	if d == nil {
		t.Errorf("FromContext finds no delivery in the callback's context")
		return
	}
	for _, f := range []struct {
		name      string
		got, want any
	}{
		{"Provider", d.Provider, c.provider.Name},
		{"Type", c.typeName(d.Type), c.typeName(l.typ)},
		{"ID", d.ID, c.idIn(s.body)},
		{"Body", string(d.Body), string(s.body)},
		{"Payload", string(d.Payload), string(c.vendor.Payload(s.body))},
		{"SecretIndex", d.SecretIndex, 0},
		{"whether OccurredAt is known", !d.OccurredAt.IsZero(), c.hasTime(s.body)},
		{"whether ReceivedAt is known", !d.ReceivedAt.IsZero(), true},
		{"the length of Key()", len(d.Key()), 64},
	} {
		if f.got != f.want {
			t.Errorf("FromContext: %s is %v, want %v", f.name, f.got, f.want)
		}
	}
}

// encoded is v as JSON, or why it has none.
func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "no JSON: " + err.Error()
	}
	return string(b)
}

// idIn is the delivery's id that a body tells.
func (c *conformance) idIn(body []byte) string {
	for _, name := range c.provider.Envelope.ID {
		switch id, _ := at(mustParse(body), path{name}); id := id.(type) {
		case string:
			return id
		case json.Number:
			return id.String()
		}
	}
	return ""
}

// hasTime says whether a body tells when the event occurred.
func (c *conformance) hasTime(body []byte) bool {
	for _, name := range c.provider.Envelope.OccurredAt {
		if v, ok := at(mustParse(body), path{name}); ok && v != nil {
			return true
		}
	}
	return false
}

// roundTrip checks that each member of the fixture is still there when its
// payload has been decoded and encoded.
func (c *conformance) roundTrip(t tester, l line) {
	payload := c.vendor.Payload(c.vendor.Body(l.typ))
	again, err := recoded(payload, l.payload)
	if err != nil {
		t.Errorf("%v", err)
		return
	}
	want, got := mustParse(payload), mustParse(again)
	for _, p := range paths(want) {
		w, _ := at(want, p)
		if g, _ := at(got, p); !survives(w, g) {
			t.Errorf("the member %s of the fixture is %s, and after decoding and encoding %s: does %v model it?", p, write(w), write(g), l.payload)
		}
	}
	for _, data := range slices.Concat([][]byte{payload}, mutations(payload)) {
		c.checkStable(t, l, data)
	}
}

// mutations are a payload with one member null or absent each.
func mutations(payload []byte) [][]byte {
	var all [][]byte
	for _, p := range paths(mustParse(payload)) {
		all = append(all, with(payload, p, nil), without(payload, p))
	}
	return all
}

// checkStable checks that what a payload encodes to means the same.
func (c *conformance) checkStable(t tester, l line, data []byte) {
	t.Helper()
	once, err := recoded(data, l.payload)
	if err != nil {
		return // lenient reports it
	}
	twice, err := recoded(once, l.payload)
	if err != nil || !bytes.Equal(once, twice) {
		t.Errorf("a payload of %v encodes to something else than it was decoded from (-once +twice, %v):\n-%s\n+%s", l.payload, err, once, twice)
	}
}

// recoded decodes data into a new value of typ and encodes that.
func recoded(data []byte, typ reflect.Type) ([]byte, error) {
	v := reflect.New(typ).Interface()
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("decoding into %v: %w", typ, err)
	}
	again, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding a %v: %w", typ, err)
	}
	return again, nil
}

// survives says whether got still tells what want did. A value that says
// nothing may have gone; a number may have become its text, a time another
// spelling of the same instant, and a bare value an object that holds it, where
// a type reads several forms. Members of objects are compared one by one.
func survives(want, got any) bool {
	if empty(want) {
		return empty(got)
	}
	switch w := want.(type) {
	case map[string]any:
		_, ok := got.(map[string]any)
		return ok
	case []any:
		g, ok := got.([]any)
		return ok && len(g) == len(w)
	}
	switch g := got.(type) {
	case map[string]any:
		for _, inner := range g {
			if survives(want, inner) {
				return true
			}
		}
		return false
	case []any:
		return false
	}
	return sameScalar(want, got)
}

// empty says that v is what Go's zero values encode to.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		at, err := time.Parse(time.RFC3339, v)
		return v == "" || err == nil && at.IsZero()
	case json.Number:
		f, err := v.Float64()
		return err == nil && f == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		for _, inner := range v {
			if !empty(inner) {
				return false
			}
		}
		return true
	}
	return false
}

func sameScalar(a, b any) bool {
	x, y := fmt.Sprint(a), fmt.Sprint(b)
	if x == y {
		return true
	}
	if s, err := time.Parse(time.RFC3339, x); err == nil {
		u, err := time.Parse(time.RFC3339, y)
		return err == nil && s.Equal(u)
	}
	if _, ok := a.(json.Number); !ok {
		return false
	}
	m, ok := new(big.Rat).SetString(x)
	if !ok {
		return false
	}
	n, ok := new(big.Rat).SetString(y)
	return ok && m.Cmp(n) == 0
}

// lenient sends the fixture with each member null and absent, and with a
// member that nobody knows.
func (c *conformance) lenient(t tester, l line) {
	tr := c.trial(t, l, succeed)
	if tr == nil {
		return
	}
	invalid := 0
	tr.OnInvalid(func(context.Context, *event.Delivery, error) error {
		invalid++
		return nil
	})
	body := c.vendor.Body(l.typ)
	payload := c.vendor.Payload(body)
	send := func(what string, body []byte, good bool) {
		tr.reset()
		invalid = 0
		runs, kind := 1, event.Handled
		if !good {
			runs, kind = 0, c.setAside()
		}
		a := tr.serve(newShot(c.provider, l.typ, secret, body, time.Now()))
		if got := tr.last(); got.Kind != kind || a.status != c.status(kind) {
			t.Errorf("with %s the delivery is %s (%d, %v), want %s (%d)", what, got.Kind, a.status, got.Err, kind, c.status(kind))
		}
		if tr.runs() != runs || invalid != 1-runs {
			t.Errorf("with %s the callback ran %d times and OnInvalid %d times, want %d and %d", what, tr.runs(), invalid, runs, 1-runs)
		}
	}
	for _, p := range paths(mustParse(payload)) {
		if c.isType(body, p) {
			continue
		}
		for what, changed := range map[string][]byte{
			fmt.Sprintf("%s null", p):    with(payload, p, nil),
			fmt.Sprintf("%s removed", p): without(payload, p),
		} {
			lacks, err := missing(changed, l.payload)
			if err != nil {
				t.Errorf("with %s the payload does not decode: %v", what, err)
				continue
			}
			send(what, c.vendor.withPayload(body, changed), lacks == "")
		}
	}
	for _, p := range objects(mustParse(payload)) {
		at := append(slices.Clone(p), "eventtest_unheard_of")
		send("a member more at "+at.String(), c.vendor.withPayload(body, planted(payload, at, "new")), true)
	}
	send("a member more in the envelope", adding(body, "eventtest_unheard_of", `{"a":[1,2]}`), true)
}

// objects lists the way to each object inside v, and to v if it is one.
func objects(v any) []path {
	return slices.DeleteFunc(append(paths(v), nil), func(p path) bool {
		inner, _ := at(v, p)
		_, ok := inner.(map[string]any)
		return !ok
	})
}

// planted is data with a value where p leads, which need not be there yet.
func planted(data []byte, p path, value any) []byte {
	return write(edit(mustParse(data), p[:len(p)-1], func(v any) (any, bool) {
		v.(map[string]any)[p[len(p)-1].(string)] = value
		return v, true
	}))
}

// isType says whether p leads to the event's type, in a payload that is the
// whole body: changing it makes another event.
func (c *conformance) isType(body []byte, p path) bool {
	return len(p) > 0 && c.vendor.payloadName(body) == "" && slices.Contains(c.provider.Envelope.Type, p.name())
}

// missing decodes data into a value of typ, and names a field that is tagged
// validate:"required" and was not there.
func missing(data []byte, typ reflect.Type) (string, error) {
	v := reflect.New(typ)
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return "", err
	}
	return missingIn(v.Elem()), nil
}

func missingIn(v reflect.Value) string {
	if v.Kind() != reflect.Struct {
		return ""
	}
	for field, value := range v.Fields() {
		if !field.IsExported() {
			continue
		}
		if slices.Contains(strings.Split(field.Tag.Get("validate"), ","), "required") && value.IsZero() {
			return field.Name
		}
		if name := missingIn(value); name != "" {
			return name
		}
	}
	return ""
}

// status is the answer to a delivery of that kind.
func (c *conformance) status(k event.Kind) int { return statusOf(k, c.provider.Synchronous != nil) }

// setAside is what becomes of a delivery that OnInvalid takes.
func (c *conformance) setAside() event.Kind {
	if c.provider.Synchronous != nil {
		return event.Undecodable
	}
	return event.SetAside
}

// silent plants canaries in each member of the fixture's payload, and looks
// for them in all that the handler says, and in the log of a service that logs
// what it was given.
func (c *conformance) silent(t tester, l line) {
	tr := c.trial(t, l, succeed)
	if tr == nil {
		return
	}
	if !l.payload.Implements(logValuer) {
		t.Errorf("%v is no slog.LogValuer: whoever logs a payload logs all of it", l.payload)
	}
	body := c.vendor.Body(l.typ)
	payload := c.vendor.Payload(body)
	for _, p := range paths(mustParse(payload)) {
		for _, plant := range plants {
			what := fmt.Sprintf("%s as %s", plant.name, p)
			changed := with(payload, p, plant.value)
			kind := event.Handled
			if lacks, err := missing(changed, l.payload); err != nil || lacks != "" {
				kind = event.Undecodable
			}
			tr.reset()
			s := newShot(c.provider, l.typ, secret, c.vendor.withPayload(body, changed), time.Now())
			a := tr.serve(s)
			if got := tr.last(); !c.isType(body, p) && (got.Kind != kind || a.status != c.status(kind)) {
				t.Errorf("with %s the delivery is %s (%d, %v), want %s (%d)", what, got.Kind, a.status, got.Err, kind, c.status(kind))
			}
			c.checkSilent(t, "with "+what, tr, s, a, c.isIdentity(body, p))
			for _, call := range tr.calls {
				c.checkLogged(t, l, what, p, call.payload)
			}
		}
	}
	for _, p := range objects(mustParse(payload)) {
		tr.reset()
		s := newShot(c.provider, l.typ, secret, c.vendor.withPayload(body, planted(payload, append(slices.Clone(p), canaryText), canaryText)), time.Now())
		a := tr.serve(s)
		c.checkSilent(t, fmt.Sprintf("with a member that nobody knows in %s", p), tr, s, a, false)
		for _, call := range tr.calls {
			c.checkLogged(t, l, "a member that nobody knows in "+p.String(), append(slices.Clone(p), canaryText), call.payload)
		}
	}
}

// isIdentity says whether p leads to the type or the id of the delivery, which
// errors and logs are to name.
func (c *conformance) isIdentity(body []byte, p path) bool {
	return c.isType(body, p) || c.vendor.payloadName(body) == "" && len(p) == 1 && slices.Contains(c.provider.Envelope.ID, p.name())
}

// checkSilent looks for what no receiver may repeat: canaries, the secret, and
// the signature.
func (c *conformance) checkSilent(t tester, what string, tr *trial, s *shot, a answer, identity bool) {
	t.Helper()
	keys := []string{secret, previousSecret, wrongSecret}
	if text := strings.TrimPrefix(s.signature(), c.provider.Scheme.Prefix); len(text) > 8 {
		keys = append(keys, text, hex.EncodeToString(s.mac()))
	}
	for _, word := range slices.Concat(canaries, keys) {
		if strings.Contains(a.body, word) || strings.Contains(fmt.Sprint(a.header), word) {
			t.Errorf("%s the answer holds %q: %s", what, word, a.body)
		}
	}
	said := tr.said()
	if a.err != nil {
		said += a.err.Error()
	}
	if identity {
		return
	}
	for _, word := range slices.Concat(canaries, keys) {
		if strings.Contains(said, word) {
			t.Errorf("%s the log or an error holds %q:\n%s", what, word, said)
		}
	}
}

var logValuer = reflect.TypeFor[slog.LogValuer]()

// checkLogged logs a decoded payload, and each part of it that knows how it is
// logged. An id may be printed, and of a part also an enum.
func (c *conformance) checkLogged(t tester, l line, what string, p path, payload any) {
	t.Helper()
	if isID(p.name()) {
		return
	}
	v := reflect.ValueOf(payload)
	if word := loggedCanary(payload, v.Elem().Interface()); word != "" {
		t.Errorf("with %s a %v that is logged with slog prints %q: ids only", what, l.payload, word)
	}
	if enum := typeAt(l.payload, p); enum != nil && enum.Kind() == reflect.String && enum != reflect.TypeFor[string]() && enum != reflect.TypeFor[event.Date]() {
		return
	}
	eachPart(v.Elem(), func(part reflect.Value) {
		if part.Type() == l.payload || !part.Type().Implements(logValuer) {
			return
		}
		if word := loggedCanary(part.Interface()); word != "" {
			t.Errorf("with %s a %v that is logged with slog prints %q: ids only", what, part.Type(), word)
		}
	})
}

// loggedCanary is the canary that is in the log of values, in any format.
func loggedCanary(values ...any) string {
	var b bytes.Buffer
	for _, v := range values {
		slog.New(slog.NewJSONHandler(&b, nil)).Info("received", "payload", v)
		slog.New(slog.NewTextHandler(&b, nil)).Info("received", "payload", v)
	}
	for _, word := range canaries {
		if bytes.Contains(b.Bytes(), []byte(word)) {
			return word
		}
	}
	return ""
}

// isID says whether a member of that name identifies something, rather than
// telling something about a person.
func isID(name string) bool {
	for _, end := range []string{"Id", "ID", "Ids", "IDs", "_id", "_ids", "_uid", "_uids"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return slices.Contains([]string{"id", "ids", "uid", "uids", "uuid"}, name)
}

// typeAt is the type of the field that a member decodes into, or nil where
// the tags do not tell.
func typeAt(typ reflect.Type, p path) reflect.Type {
	for _, step := range p {
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		name, ok := step.(string)
		switch {
		case !ok && typ.Kind() == reflect.Slice:
			typ = typ.Elem()
		case ok && typ.Kind() == reflect.Struct:
			field, found := typ.FieldByNameFunc(func(goName string) bool {
				f, _ := typ.FieldByName(goName)
				tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				return tag == name
			})
			if !found {
				return nil
			}
			typ = field.Type
		default:
			return nil
		}
	}
	for typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return typ
}

// eachPart calls f for each value inside v that can be reached through
// exported fields.
func eachPart(v reflect.Value, f func(reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachPart(v.Elem(), f)
		}
		return
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				eachPart(value, f)
			}
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			eachPart(v.Index(i), f)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			eachPart(v.MapIndex(key), f)
		}
	}
	f(v)
}

// forged flips bits of the signed bytes and of the signature, one at a time.
func (c *conformance) forged(t tester, l line) {
	tr := c.trial(t, l, succeed)
	if tr == nil {
		return
	}
	body := c.vendor.Body(l.typ)
	send := func(what string, spoil func(s *shot)) {
		tr.reset()
		s := newShot(c.provider, l.typ, secret, body, time.Now())
		spoil(s)
		if a := tr.serve(s); a.status != http.StatusUnauthorized || tr.runs() != 0 {
			t.Errorf("with %s the answer is %d and the callback ran %d times, want 401 and never", what, a.status, tr.runs())
		}
	}
	start, end := newShot(c.provider, l.typ, secret, body, time.Now()).signedRange()
	for i := start; i < end; i += 1 + (end-start)/500 {
		send(fmt.Sprintf("one bit of byte %d of the body changed", i), func(s *shot) { s.flip(i, uint(i)) })
	}
	for i := range len(newShot(c.provider, l.typ, secret, body, time.Now()).mac()) {
		send(fmt.Sprintf("one bit of byte %d of the signature changed", i), func(s *shot) {
			mac := s.mac()
			mac[i] ^= 1 << (i % 8)
			s.setSignature(s.spell(mac))
		})
	}
}
