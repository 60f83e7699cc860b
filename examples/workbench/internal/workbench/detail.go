package workbench

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/examples/internal/show"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature/diagnose"
)

// maxShown is how much of a body is put on the page, in bytes.
const maxShown = 64 << 10

// detail is one delivery as the page shows it. Its texts are printable.
type detail struct {
	row
	When      string
	Method    string
	URI       string
	EventID   string
	Key       string
	Duplicate int64
	Known     bool   // the provider is
	HasSecret bool   // for the provider
	Secret    string // the provider under which the secret is kept
	Status    string // of the response
	Why       string
	Diagnosis string
	Schemes   []scheme
	Code      string
	Headers   []headerLine
	Fields    []field
	Decoding  string
	PayloadOf string // its Go type
	Indented  string
	Raw       string
	RawCut    bool
	TooLarge  bool
	Target    string
	Forwards  []forwardView
	Curl      string
	Fixture   string
	NoFixture string
	File      string
	Test      string
}

type scheme struct{ Text, Code string }

type headerLine struct {
	Name, Value string
	Mark        string // signature or likely
}

type forwardView struct {
	Time, URL, Status, Took, Body string
	Signed                        bool
	Class                         string
}

func (s *server) detail(d *delivery) *detail {
	secret := s.secrets.get(d.Provider)
	v := vendors.Lookup(d.Provider)
	j, sum := judge(d, secret)
	dup := d.DuplicateOf
	d.summary = sum
	d.DuplicateOf = dup
	t := &detail{
		row: rowOf(d), When: d.At.Format("2 January 2006, 15:04:05.000 MST"), Method: show.Printable(d.Method), URI: cutText(d.URI, 2000),
		EventID: short(d.EventID), Key: d.Key, Duplicate: dup, TooLarge: d.TooLarge,
		Known: v != nil, HasSecret: secret != "", Secret: cmp.Or(d.Provider, other), Target: s.target(d),
	}
	if d.TooLarge {
		t.Why = "Its body has more than 1 MiB, which is a handler's limit by default. The body was not kept."
		t.Headers = headerLines(d, v)
		return t
	}
	t.Status = statusText(j.Response.Status)
	t.Why = why(&j, v, secret)
	t.diagnose(s, d, v, secret, j.Verified)
	t.Code = goCode(d, v, t.Schemes, j.Verified)
	t.Headers = headerLines(d, v)
	t.payload(v, &j)
	t.body(d)
	for _, f := range d.Forwards {
		t.Forwards = append(t.Forwards, forwardView{
			f.At.Format("15:04:05"), show.Printable(f.URL), show.Printable(f.Response.Status), took(f.Response.Took),
			show.Printable(string(f.Response.Body)), f.Signed, statusClass(f.Response.Code),
		})
	}
	t.takeAway(s, d, v)
	return t
}

func cutText(text string, limit int) string {
	cut, less := show.Cut([]byte(text), limit)
	if less {
		cut += "…"
	}
	return show.Printable(cut)
}

func took(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }

func statusText(code int) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprintf("%d %s", code, http.StatusText(code))
}

func statusClass(code int) string {
	if code >= 200 && code < 300 {
		return "good"
	}
	return "bad"
}

// why says in a sentence what led to the verdict.
func why(j *vendors.Judgement, v *vendors.Vendor, secret string) string {
	switch {
	case v == nil:
		return "Neither the path nor a header tells whose delivery this is. Have the provider send to a path with its name in it, such as /hooks/kombo."
	case secret == "":
		return "Enter the secret to see whether it verifies, and why not."
	case j.Err != nil:
		return sentence(j.Err.Error())
	case j.Kind == event.KindUnhandled:
		return "The signature holds. The package does not know the event type, so a handler acknowledges the delivery and calls OnOther."
	case len(j.Drift) > 0:
		return "The signature holds and the callback would run. Some of the payload is not modelled; it is marked below."
	}
	return "The signature holds, and the payload is what its Go type expects."
}

func sentence(text string) string {
	text = show.Printable(text)
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// diagnose finds out how the delivery was signed, or why it does not verify.
func (t *detail) diagnose(s *server, d *delivery, v *vendors.Vendor, secret string, verified bool) {
	if strings.TrimSpace(secret) == "" {
		return
	}
	found := s.diagnoses.of(d, v, secret, verified)
	t.Diagnosis, t.Schemes = found.diagnosis, found.schemes
}

// diagnoses keeps the latest results: each takes up to a second.
type diagnoses struct {
	mu  sync.Mutex // one at a time
	got map[string]diagnosis
}

type diagnosis struct {
	diagnosis string
	schemes   []scheme
}

func (ds *diagnoses) of(d *delivery, v *vendors.Vendor, secret string, verified bool) diagnosis {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	sum := sha256.Sum256([]byte(secret))
	key := fmt.Sprintf("%d %x", d.ID, sum)
	if got, ok := ds.got[key]; ok {
		return got
	}
	var found diagnosis
	if v != nil && v.Provider.Verify == nil && !verified {
		text := diagnose.Diagnose(v.Provider.Scheme, d.Header, d.Body, d.At, 0, []byte(secret)).Text
		found.diagnosis = sentence(text)
	}
	for _, s := range diagnose.Detect(d.Header, d.Body, []byte(secret)) {
		code := ""
		if s.Beyond == "" {
			code = diagnose.Code(s.Scheme)
		}
		found.schemes = append(found.schemes, scheme{sentence(s.String()), code})
	}
	if len(ds.got) >= 64 {
		clear(ds.got)
	}
	ds.got[key] = found
	return found
}

// goCode receives such deliveries.
func goCode(d *delivery, v *vendors.Vendor, schemes []scheme, verified bool) string {
	i := slices.IndexFunc(schemes, func(s scheme) bool { return s.Code != "" })
	if v == nil {
		if i < 0 {
			return ""
		}
		return fmt.Sprintf("p := event.Provider{\n\tName:   \"acme\",\n\tScheme: %s,\n\t// Envelope: where the body has its type, id and payload\n}\nh, err := event.NewHandler(p, os.Getenv(\"ACME_SECRET\"), nil)\n", schemes[i].Code)
	}
	pkg := v.Name()
	secret := fmt.Sprintf("os.Getenv(%q)", strings.ToUpper(pkg)+"_SECRET")
	code := fmt.Sprintf("h, err := %s.NewHandler(%s, nil)\n", pkg, secret)
	if !verified && i >= 0 {
		code = fmt.Sprintf("p := %[1]s.Provider()\np.Scheme = %[2]s\nh, err := %[1]s.New(p, %[3]s, nil)\n", pkg, schemes[i].Code, secret)
	}
	code += "if err != nil {\n\treturn err\n}\n"
	if c, ok := v.Callback(d.Type); ok {
		results, ret := "error", "nil"
		if c.Responds {
			code += fmt.Sprintf("// %s also has %s, whose callback returns the response.\n", pkg, c.Method)
			code += fmt.Sprintf("event.On(h, %q, func(ctx context.Context, e *%s.%s) %s {\n\treturn %s\n})\n", d.Type, pkg, c.Payload.Name(), results, ret)
		} else {
			code += fmt.Sprintf("h.%s(func(ctx context.Context, e *%s.%s) %s {\n\treturn %s\n})\n", c.Method, pkg, c.Payload.Name(), results, ret)
		}
	}
	path := "/hooks/" + pkg
	if v.TypeInURL() {
		path += "/{type}"
	}
	return code + fmt.Sprintf("http.Handle(%q, h)\n", "POST "+path)
}

// headerLines lists the headers and marks the signature.
func headerLines(d *delivery, v *vendors.Vendor) []headerLine {
	likely := diagnose.LikelyHeaders(d.Header)
	var lines []headerLine
	for _, name := range slices.Sorted(maps.Keys(d.Header)) {
		mark := ""
		switch {
		case v != nil && http.CanonicalHeaderKey(v.Provider.Scheme.Header) == name:
			mark = "signature"
		case v != nil && v.Provider.Scheme.TimestampHeader != "" && http.CanonicalHeaderKey(v.Provider.Scheme.TimestampHeader) == name:
			mark = "signed time"
		case slices.Contains(likely, name):
			mark = "may be a signature"
		}
		for _, value := range d.Header[name] {
			if len(lines) == 200 {
				return append(lines, headerLine{Name: "…"})
			}
			lines = append(lines, headerLine{cutText(name, 200), cutText(value, 2000), mark})
		}
	}
	return lines
}

// payload shows what the callback would get.
func (t *detail) payload(v *vendors.Vendor, j *vendors.Judgement) {
	if j.Payload != nil {
		t.PayloadOf = fmt.Sprintf("%T", j.Payload)
		t.Fields = fieldsOf(v, j.Payload)
	}
	if j.Decoding != nil {
		t.Decoding = sentence(j.Decoding.Error())
	}
	t.Fields = markDrift(t.Fields, j.Drift)
	for i := range t.Fields {
		f := &t.Fields[i]
		f.Value, f.Name, f.Path = cutText(f.Value, 2000), short(f.Name), short(f.Path)
	}
}

func indent(body []byte) (string, bool) {
	b, ok := show.Indent(body)
	return string(b), ok
}

func (t *detail) body(d *delivery) {
	raw, cut := show.Cut(d.Body, maxShown)
	t.Raw, t.RawCut = show.Printable(raw), cut
	if len(d.Body) > maxShown {
		return
	}
	if indented, ok := indent(d.Body); ok && len(indented) <= 4*maxShown {
		t.Indented = show.Printable(indented)
	}
}

// takeAway makes what can be copied: a command, a fixture and its test.
func (t *detail) takeAway(s *server, d *delivery, v *vendors.Vendor) {
	if len(d.Body) <= maxShown {
		t.Curl = curl(d, t.Target)
	}
	name := d.Type
	if name == "" {
		name = fmt.Sprintf("delivery-%d", d.ID)
	}
	t.File = fixtureName(short(name))
	fixture, err := s.fixture(d)
	if err != nil {
		t.NoFixture = sentence(err.Error())
		return
	}
	text, cut := show.Cut(fixture, maxShown)
	if t.Fixture = show.Printable(text); cut {
		t.Fixture += "\n…"
	}
	if v != nil && isPlain(d.Type) {
		t.Test = fixtureTest(v, d)
	}
}

// isPlain reports whether a type may be part of a program.
func isPlain(typ string) bool {
	return typ != "" && !strings.ContainsFunc(typ, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-.:", r)
	})
}

// fixture is a body without personal data. It is the same whenever it is asked
// for, in this process.
func (s *server) fixture(d *delivery) ([]byte, error) {
	seed := s.seed
	binary.LittleEndian.PutUint64(seed[:], binary.LittleEndian.Uint64(seed[:])^uint64(d.ID))
	return anonymize(vendors.Lookup(d.Provider), d.Body, rand.New(rand.NewChaCha8(seed)))
}

// target is where deliveries of a provider were sent to last.
func (s *server) target(d *delivery) string {
	for _, f := range d.Forwards {
		return f.URL
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.targets[d.Provider]; t != "" {
		return t
	}
	path := "/hooks/" + cmp.Or(d.Provider, "acme")
	if d.Endpoint != "" {
		path += "/" + d.Endpoint
	}
	return "http://127.0.0.1:3000" + path
}
