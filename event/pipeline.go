package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// This file is the way of a delivery through a handler, from top to bottom:
//
//	precheck → readBody → authenticate → open → run or put → respond
//
// Each step returns an outcome. One that has failed ends the way, and is what
// the response is made of.

// serve receives one HTTP request.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, endpoint string) {
	began := time.Now()
	req := Request{Header: r.Header, Endpoint: endpoint}
	var hdr headers
	o := h.precheck(r, &hdr)
	var read time.Duration
	if !o.failed() {
		req.Body, o = h.readBody(r)
		read = h.since(began)
	}
	if o.failed() {
		closeUnread(w, r)
	} else {
		if h.tenant != nil {
			req.Tenant = h.tenant(r)
		}
		o = h.receive(r.Context(), &req, &hdr, began)
	}
	o.phases.Read = read
	resp := h.response(&o)
	h.observeRequest(r.Context(), &req, &o, resp.status, began)
	resp.write(w)
}

// receive takes one delivery whose body was read from its verification to its
// outcome.
func (h *Handler) receive(ctx context.Context, r *Request, hdr *headers, began time.Time) outcome {
	start := h.now()
	p, o := h.authenticate(ctx, r, hdr, began)
	verify := h.since(start)
	if o.failed() {
		o.phases.Verify = verify
		return o
	}
	var m opened
	h.open(r, &m)
	m.warning = errors.Join(p.warning, m.warning, h.contradiction(r.Header, m.typ))
	if h.unobserved(&m) {
		return outcome{kind: KindUnhandled}
	}
	s := &scope{Context: ctx}
	h.fillDelivery(&s.delivery, r, &p, &m, began)
	if h.inbox != nil && !errors.Is(m.err, errNoEndpoint) {
		o = h.put(ctx, &s.delivery)
	} else {
		o = h.run(s, &m)
	}
	o.phases.Verify = verify
	return o.withDelivery(&s.delivery, m.warning)
}

// now and since time a phase, where somebody observes.
func (h *Handler) now() (t time.Time) {
	if h.report.observe != nil {
		t = time.Now()
	}
	return t
}

func (h *Handler) since(start time.Time) time.Duration {
	if h.report.observe == nil {
		return 0
	}
	return time.Since(start)
}

// precheck rejects what need not be read to be rejected, and parses the
// headers of the signature.
func (h *Handler) precheck(r *http.Request, hdr *headers) outcome {
	switch {
	case r.Method != http.MethodPost:
		return fail(KindBadMethod, errMethod)
	case r.ContentLength > h.maxBody:
		return fail(KindTooLarge, ErrTooLarge)
	}
	return h.precheckHeader(r.Header, hdr)
}

// precheckHeader rejects requests whose signature headers cannot be valid,
// whatever the secret.
func (h *Handler) precheckHeader(header http.Header, hdr *headers) outcome {
	if h.provider.Verify != nil {
		return outcome{}
	}
	hdr.Parsed, hdr.err = h.provider.Scheme.Parse(header)
	switch {
	case hdr.err == nil, h.report.diagnose != nil: // a diagnosis needs the body
		return outcome{}
	case h.provider.InsecureAllowUnsigned && isUnsigned(&h.provider, header):
		return outcome{}
	}
	return fail(KindUnverified, hdr.err)
}

// prepare is precheck and readBody for a request that did not come through
// net/http: it makes header names canonical.
func (h *Handler) prepare(r *Request) (req Request, hdr headers, o outcome) {
	req = *r
	req.Header = canonicalHeader(r.Header)
	if int64(len(req.Body)) > h.maxBody {
		return req, hdr, fail(KindTooLarge, ErrTooLarge)
	}
	o = h.precheckHeader(req.Header, &hdr)
	return req, hdr, o
}

// canonicalHeader returns h with the names that net/http gives headers;
// serverless platforms send them in lower case. Two spellings of one name
// become one header that appears twice.
func canonicalHeader(h http.Header) http.Header {
	changed := false
	for name := range h {
		if http.CanonicalHeaderKey(name) != name {
			changed = true
			break
		}
	}
	if !changed {
		return h
	}
	c := make(http.Header, len(h))
	for name, values := range h {
		name = http.CanonicalHeaderKey(name)
		c[name] = append(c[name], values...)
	}
	return c
}

// closeUnread ends the connection of an HTTP/1 request whose body was left
// unread. On HTTP/2 only the stream ends.
func closeUnread(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && r.Body != http.NoBody && r.Body != nil {
		w.Header()["Connection"] = connectionClose
	}
}

var connectionClose = []string{"close"}

// authenticate finds out which bytes of a delivery are authentic.
func (h *Handler) authenticate(ctx context.Context, r *Request, hdr *headers, began time.Time) (proof, outcome) {
	if h.provider.InsecureAllowUnsigned && isUnsigned(&h.provider, r.Header) {
		return unsignedProof(&h.provider, r)
	}
	now := began
	if h.provider.signsTime() {
		now = time.Now() // the body may have taken long to arrive
	}
	p, o := h.secrets.verify(ctx, r, hdr, now, h.tolerance)
	if o.failed() {
		return p, o
	}
	if h.provider.Verify != nil {
		r.Body = p.signed // the bytes verified are the bytes decoded
	}
	h.reportSpelling(p.key, r)
	return p, outcome{}
}

// opened is what open found in a verified body.
type opened struct {
	members members
	typ     string
	cb      *callback // nil: none for this type
	payload any       // decoded already, unless nil
	err     error     // why the envelope cannot be read
	warning error     // what is odd about it but decides nothing
}

func (m *opened) decode(payload []byte) (err error) {
	var warning error
	m.payload, warning, err = m.cb.decode(payload)
	m.warning = errors.Join(m.warning, warning)
	return err
}

// open reads the envelope of a verified delivery and looks up its callback. If
// the payload is the body's last member, which is usual, it is decoded at
// once, so that it is scanned only once, by the decoder. If that does not
// work out the body is read again in full, with all that may be wrong with it;
// after a payload that was not the last member, that is always so.
func (h *Handler) open(r *Request, m *opened) {
	if h.inbox == nil && !h.payloadNotLast.Load() && h.envelope.readToPayload(r.Body, &m.members) {
		if typ := plainText(m.members[slotType]); typ != nil {
			h.setType(m, typ)
		}
		if m.cb != nil {
			if m.decode(m.members[slotPayload]) == nil {
				return
			}
			if !json.Valid(m.members[slotPayload]) {
				h.payloadNotLast.Store(true)
			}
		}
	}
	*m = opened{}
	h.readEnvelope(r, m)
}

// readEnvelope scans the whole body.
func (h *Handler) readEnvelope(r *Request, m *opened) {
	if m.members, m.err = h.envelope.read(r.Body); m.err != nil {
		return
	}
	switch typ := plainText(m.members[slotType]); {
	case h.provider.typeInURL() && isName(r.Endpoint):
		m.typ, m.cb = r.Endpoint, h.lookup(r.Endpoint)
	case h.provider.typeInURL():
		m.err = errNoEndpoint
	case typ == nil:
		m.err, m.members = errNoType, members{}
	default:
		h.setType(m, typ)
	}
}

// setType sets the type that a body tells, and its callback. Types that the
// handler knows are not copied.
func (h *Handler) setType(m *opened, typ []byte) {
	callbacks := *h.callbacks.Load()
	if m.cb = callbacks[string(typ)]; m.cb != nil && m.cb.typ == string(typ) {
		m.typ = m.cb.typ
		return
	}
	known := false
	if m.typ, known = h.known[string(typ)]; !known {
		m.typ = string(typ)
	}
	m.cb = h.lookup(m.typ)
}

// unobserved reports whether a delivery without a callback has no observer
// either: then nothing more needs to be known about it.
func (h *Handler) unobserved(m *opened) bool {
	return m.cb == nil && m.err == nil && m.warning == nil && h.inbox == nil && h.other.Load() == nil &&
		h.report.observe == nil && !h.provider.Synchronous && h.knows(m.typ)
}

// contradiction reports an unsigned header that names another type than the
// body. It decides nothing: whoever can send the body can send the header.
func (h *Handler) contradiction(header http.Header, typ string) error {
	name := h.envelope.TypeHeader
	if name == "" || typ == "" {
		return nil
	}
	if got := header.Get(name); got != "" && got != typ {
		return fmt.Errorf("the header %s, which is not signed, names another type than the body; the body decided", name)
	}
	return nil
}

// fillDelivery makes the delivery out of what was found. Without an envelope
// it has neither type nor payload, and its key is made of the signed bytes.
func (h *Handler) fillDelivery(d *Delivery, r *Request, p *proof, m *opened, began time.Time) {
	d.Handler, d.Provider, d.Tenant, d.Type = h.name, h.provider.Name, r.Tenant, m.typ
	d.ReceivedAt, d.SecretIndex, d.Attempt = began.UTC(), p.secret, 1
	d.Header, d.Body, d.Payload, d.signed = r.Header, r.Body, m.members[slotPayload], p.signed
	if id := plainID(m.members[slotID]); id != nil {
		d.ID = string(id)
		d.idIsSigned = p.secret >= 0 && h.provider.Scheme.Member == ""
	} else {
		if len(m.members[slotID]) > len(`""`) {
			m.warning = errors.Join(m.warning, errOddID)
		}
		if h.envelope.IDHeader != "" {
			if id := r.Header.Get(h.envelope.IDHeader); isName(id) {
				d.ID = id
			}
		}
	}
	if at := plainID(m.members[slotOccurredAt]); at != nil {
		d.OccurredAt = parseTime(string(at))
	}
	d.storedHeaders = h.storedHeaders
}

// put hands the delivery to the inbox, in the place of run.
func (h *Handler) put(ctx context.Context, d *Delivery) outcome {
	d.key = d.Key()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.storageTimeout)
	defer cancel()
	start := h.now()
	err := h.inbox.Put(ctx, d)
	o := outcome{phases: Phases{Storage: h.since(start)}}
	switch {
	case err == nil:
		o.kind = KindStored
	case errors.Is(err, ErrDuplicate):
		o.kind = KindDuplicate
	case errors.Is(err, ErrTooLarge):
		o.kind, o.err = KindTooLarge, fmt.Errorf("the inbox cannot take it: %w", err)
	default:
		o.kind, o.err = KindUnavailable, fmt.Errorf("the inbox did not store it: %w", err)
	}
	return o
}

// run takes an opened delivery to its callback: decode, claim, call, commit or
// release.
func (h *Handler) run(s *scope, m *opened) outcome {
	switch {
	case errors.Is(m.err, errNoEndpoint):
		return fail(KindNoEndpoint, m.err)
	case m.err != nil:
		return h.handleInvalid(s, fail(KindUnreadable, m.err))
	case m.cb == nil:
		return h.runOther(s)
	}
	if m.payload == nil {
		if err := m.decode(s.delivery.Payload); err != nil {
			return h.handleInvalid(s, fail(KindUndecodable, err))
		}
	}
	if m.cb.responds {
		return h.call(s, m) // a question is answered each time it is asked
	}
	return h.withClaim(s, func() outcome { return h.call(s, m) })
}

func (h *Handler) call(s *scope, m *opened) outcome {
	start := h.now()
	v, err := recovering("the callback", func() (any, error) { return m.cb.call(s, m.payload) })
	took := h.since(start)
	o := h.outcomeOf(err)
	if err == nil && m.cb.responds {
		o = h.encodeResponse(v)
	}
	o.phases.Callback = took
	return o
}

// runOther runs OnOther. With a synchronous provider, that does not make the
// delivery a success.
func (h *Handler) runOther(s *scope) outcome {
	h.reportUnknownType(s.delivery.Type)
	unhandled := outcome{kind: KindUnhandled}
	if h.provider.Synchronous {
		unhandled.err = errNoCallback
	}
	other := h.other.Load()
	if other == nil {
		return unhandled
	}
	return h.withClaim(s, func() outcome {
		o := h.callWith(s, *other)
		if o.err == nil && h.provider.Synchronous {
			o = unhandled
		}
		return o
	})
}

// callWith runs OnOther or OnInvalid.
func (h *Handler) callWith(s *scope, fn Callback) outcome {
	start := h.now()
	_, err := recovering("the callback", func() (any, error) { return fn(s, &s.delivery) })
	o := h.outcomeOf(err)
	o.phases.Callback = h.since(start)
	return o
}

// handleInvalid offers what cannot be read to OnInvalid. With a synchronous
// provider, that does not make the delivery a success.
func (h *Handler) handleInvalid(s *scope, o outcome) outcome {
	o.typ, o.id = s.delivery.Type, s.delivery.ID
	invalid := h.invalid.Load()
	if invalid == nil {
		return o
	}
	s.cause = o.wrapped(h)
	called := h.callWith(s, *invalid)
	switch {
	case called.err != nil:
		return called
	case !h.provider.Synchronous:
		o.kind = KindInvalidHandled
	}
	o.phases = called.phases
	return o
}
