package event_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/atshooks/atshooks/event"
)

// TestSignedInput has what a signed body may hold, or look like, and what
// becomes of it, through net/http and through Handle. The rows of TestResponses
// are not repeated.
func TestSignedInput(t *testing.T) {
	const data = `{"id":"c-1","email":"ada@example.com"}`
	typed := func(typ string) string { return `{"id":"ev-1","type":` + typ + `,"data":` + data + `}` }
	payload := func(p string) string { return `{"id":"ev-1","type":"hired","data":` + p + `}` }
	with := func(member string) string { return `{"id":"ev-1","type":"hired","data":` + data + `,` + member + `}` }
	for _, tt := range []struct {
		name, body string
		want       event.Kind
	}{
		{"blanks alone", " \n", event.KindUnreadable},
		{"two objects", hireBody + hireBody, event.KindUnreadable},
		{"an object that is cut", hireBody[:len(hireBody)-9], event.KindUnreadable},
		{"a string", `"ada@example.com"`, event.KindUnreadable},
		{"a number", "7", event.KindUnreadable},
		{"null", "null", event.KindUnreadable},
		{"a byte order mark", "\xef\xbb\xbf" + hireBody, event.KindUnreadable},
		{"UTF-16", "{\x00}\x00", event.KindUnreadable},
		{"blanks around the object", " \r\n\t" + hireBody + "\n", event.KindHandled},

		{"a type that is null", typed("null"), event.KindUnreadable},
		{"a type that is true", typed("true"), event.KindUnreadable},
		{"a type that is an object", typed("{}"), event.KindUnreadable},
		{"a type that is a list", typed(`["hired"]`), event.KindUnreadable},
		{"a type that is not UTF-8", typed("\"\xff\""), event.KindUnreadable},
		{"a type with a raw NUL", typed("\"a\x00b\""), event.KindUnreadable},
		{"a type with a lone surrogate", typed(`"\ud800"`), event.KindUnreadable},
		{"a type without an end", typed(`"` + strings.Repeat("a", 10_000) + `"`), event.KindUnreadable},
		{"a type with an escape in it", typed(`"h\u0069red"`), event.KindHandled},
		{"the type again, in another case", with(`"Type":"fired"`), event.KindHandled},
		{"the type again, with an escape in its name", with(`"\u0074ype":"fired"`), event.KindUnreadable},

		{"the id twice, and the same", with(`"id":"ev-1"`), event.KindUnreadable},
		{"the id again, in another case", with(`"ID":"ev-2"`), event.KindHandled},
		{"the payload twice, and the same", with(`"data":` + data), event.KindUnreadable},
		{"the payload again, in another case", with(`"Data":{"id":"evil"}`), event.KindHandled},
		{"a member that is not wanted, twice", with(`"x":1,"x":2`), event.KindHandled},
		{"a member that is not wanted, with an escape in its name", with(`"\u0078":1`), event.KindUnreadable},
		{"a text that is not wanted and not UTF-8", with("\"x\":\"\xff\""), event.KindHandled},

		{"a payload that is a string", payload(`"ada@example.com"`), event.KindUndecodable},
		{"a payload that is a number", payload("7"), event.KindUndecodable},
		{"a payload that is true", payload("true"), event.KindUndecodable},
		{"a payload that is null", payload("null"), event.KindUndecodable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, acme, event.Options{})
			var ids []string
			event.On(b, "hired", func(ctx context.Context, e *hire) error {
				d, _ := event.FromContext(ctx)
				ids = append(ids, e.ID+" "+d.ID)
				return nil
			})
			r := signed(t, acme, secret, tt.body)
			plain := &event.Request{Header: r.Header.Clone(), Body: []byte(tt.body)}
			status := send(b, r).Code
			overHTTP := b.last().Kind
			if got := b.Handle(t.Context(), plain); overHTTP != tt.want || b.last().Kind != tt.want || got.Status != status {
				t.Errorf("%s (%d) over HTTP and %s (%d) through Handle, want %s", overHTTP, status, b.last().Kind, got.Status, tt.want)
			}
			if want := strings.Repeat("c-1 ev-1,", 2); tt.want == event.KindHandled && strings.Join(ids, ",")+"," != want {
				t.Errorf("callbacks got %q, want the payload and id that the exact names have", ids)
			}
			if strings.Contains(b.log(), "ada@") {
				t.Errorf("the log holds a piece of the payload: %s", b.log())
			}
		})
	}
}

// TestOddSignatureHeaders: each might be right to another parser of headers.
func TestOddSignatureHeaders(t *testing.T) {
	good := signed(t, acme, secret, hireBody).Header.Get("X-Acme-Signature")
	for name, values := range map[string][]string{
		"a wrong one before the right one": {strings.Repeat("0", 64), good},
		"a list of two":                    {good + ", " + good},
		"with a prefix":                    {"sha256=" + good},
		"one character less":               {good[:63]},
		"one character more":               {good + "0"},
		"a line break in it":               {good[:20] + "\n" + good[20:]},
		"blanks around it":                 {" " + good + " "},
		"a megabyte":                       {good + strings.Repeat("0", 1<<20)},
	} {
		b := newBench(t, acme, event.Options{})
		r := httptest.NewRequest(http.MethodPost, "/hooks", strings.NewReader(hireBody))
		r.Header["X-Acme-Signature"] = values
		if w := send(b, r); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: the response is %d, want 401", name, w.Code)
		}
	}
}

// TestEndlessBody: reading stops at the limit.
func TestEndlessBody(t *testing.T) {
	const limit = 100_000
	b := newBench(t, acme, event.Options{MaxBody: limit})
	r := signed(t, acme, secret, hireBody)
	body := &countingReader{Reader: io.LimitReader(blanks{}, 64<<20)}
	r.Body, r.ContentLength = io.NopCloser(body), -1
	if w := send(b, r); w.Code != http.StatusRequestEntityTooLarge || body.n > 4*limit {
		t.Errorf("the response is %d after %d bytes, want 413 after little more than %d", w.Code, body.n, limit)
	}
}

// blanks is a body without an end.
type blanks struct{}

func (blanks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// TestANewEnvelopeAroundWhatIsSigned: where one member is signed, a new envelope around it
// does not make it another delivery.
func TestANewEnvelopeAroundWhatIsSigned(t *testing.T) {
	b := newBench(t, partial, event.Options{Store: event.NewMemoryStore(nil)})
	runs := 0
	event.On(b, "hired", func(context.Context, *hire) error { runs++; return nil })
	for i, body := range []string{
		`{"id":"1","type":"hired","data":{"id":"c-1"}}`,
		`{"id":"2","type":"hired","data":{"id":"c-1"}}`,
		`{"type":"hired","data":{"id":"c-1"},"more":true}`,
	} {
		want := event.KindDuplicate
		if i == 0 {
			want = event.KindHandled
		}
		if send(b, signed(t, partial, secret, body)); b.last().Kind != want || runs != 1 {
			t.Errorf("%s is %s after %d runs of the callback, want %s after one", body, b.last().Kind, runs, want)
		}
	}
}
