package event

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Handler receives the deliveries of one vendor. It is an [http.Handler] and a
// [Dispatcher], and safe for concurrent use. Its zero value is not usable.
type Handler struct {
	name         string
	provider     Provider
	envelope     envelope
	keys         *keyring
	maxBody      int64
	tolerance    time.Duration
	tenant       func(*http.Request) string
	store        Store
	sink         Sink
	storeTimeout time.Duration
	validation   Validation
	report       reporter
	keep         []string // headers of the vendor's that are worth storing

	scattered atomic.Bool // a payload was seen that is not the last member

	mu        sync.Mutex // held to write callbacks
	callbacks atomic.Pointer[map[string]*callback]
	other     atomic.Pointer[func(context.Context, *Delivery) error]
	invalid   atomic.Pointer[func(context.Context, *Delivery, error) error]
}

// NewHandler makes a handler for the deliveries of p. secret is the vendor's,
// or one's own that the vendor was given; it is empty exactly when
// Options.Secrets is set. A secret that is blank or has white space around it
// is an error, and so is any setting that could not work.
func NewHandler(p Provider, secret string, opts *Options) (*Handler, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if opts == nil {
		opts = &Options{}
	}
	if err := opts.check(&p, secret); err != nil {
		return nil, fmt.Errorf("event: %s: %w", p.Name, err)
	}
	h := &Handler{
		name:         p.Name,
		provider:     p,
		envelope:     newEnvelope(p.Envelope),
		keys:         newKeyring(p.Scheme, secret, opts),
		maxBody:      defaultMaxBody,
		tolerance:    opts.Tolerance,
		tenant:       opts.Tenant,
		store:        opts.Store,
		sink:         opts.Sink,
		storeTimeout: defaultStoreTimeout,
		validation:   opts.Validation,
		report:       reporter{observe: opts.Observe, logger: opts.Logger, diagnose: opts.Diagnose},
	}
	if opts.Name != "" {
		h.name = opts.Name
	}
	if opts.MaxBody > 0 {
		h.maxBody = opts.MaxBody
	}
	if opts.StoreTimeout > 0 {
		h.storeTimeout = opts.StoreTimeout
	}
	for _, name := range []string{p.Envelope.TypeHeader, p.Envelope.IDHeader, p.Scheme.TimestampHeader} {
		if name != "" {
			h.keep = append(h.keep, name)
		}
	}
	h.callbacks.Store(&map[string]*callback{})
	h.limitToSink()
	return h, nil
}

// limitToSink accepts no more than the sink can carry.
func (h *Handler) limitToSink() {
	l, ok := h.sink.(SinkLimiter)
	if !ok || l.MaxBody() >= h.maxBody {
		return
	}
	h.report.log().Warn("the sink carries smaller bodies than the handler would accept",
		slog.String("handler", h.name), slog.Int64("max_body", h.maxBody), slog.Int64("sink_max_body", l.MaxBody()))
	h.maxBody = l.MaxBody()
}

// Name is the handler's: Options.Name, or the vendor's.
func (h *Handler) Name() string { return h.name }

// Provider is what the handler was made for. It is not to be changed.
func (h *Handler) Provider() Provider { return h.provider }

// ServeHTTP answers one delivery. It is Handle with what only HTTP has: the
// method, the reading of the body, and refusals before that.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.serve(w, r, "") }

// Endpoint is the http.Handler for the URL that a vendor calls for one type
// only, where its bodies do not tell the type. For other vendors it panics.
func (h *Handler) Endpoint(typ string) http.Handler {
	if len(h.envelope.Type) > 0 {
		panic(fmt.Sprintf("event: %s tells the type in the body: mount the handler itself", h.name))
	}
	if !isName([]byte(typ)) {
		panic(fmt.Sprintf("event: %q cannot be an event type of %s", typ, h.name))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, typ) })
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request, endpoint string) {
	req := Request{Header: r.Header, Endpoint: endpoint}
	now := time.Now()
	var said headers
	o := h.refuse(r, &said)
	if o.kind != "" {
		if r.ProtoMajor == 1 && r.Body != http.NoBody {
			// Nobody reads the body: on HTTP/2 that ends one stream, on
			// HTTP/1 it has to end the connection.
			w.Header()["Connection"] = closeConnection
		}
	} else if body, err := readBody(r.Body, r.ContentLength, h.maxBody); err != nil {
		o = unread(err)
		if r.ProtoMajor == 1 {
			w.Header()["Connection"] = closeConnection
		}
	} else {
		req.Body = body
		if h.tenant != nil {
			req.Tenant = h.tenant(r)
		}
		o = h.receive(r.Context(), &req, &said, now)
	}
	a := h.answer(&o)
	h.observe(r.Context(), &req, &o, a.status, now)
	a.addTo(w.Header())
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the sender may have gone; there is nobody to tell
}

var closeConnection = []string{"close"}

// refuse finds what need not be read to be refused, and what the headers say.
func (h *Handler) refuse(r *http.Request, said *headers) outcome {
	switch {
	case r.Method != http.MethodPost:
		return fail(BadMethod, OpMethod, errMethod)
	case r.ContentLength > h.maxBody:
		return fail(TooLarge, OpRead, ErrTooLarge)
	}
	return h.refuseHeader(r.Header, said)
}

// headers are what a delivery's headers say of its signature, or why nothing
// can be made of that.
type headers struct {
	signature.Parsed
	err error
}

// refuseHeader refuses what no secret can make good.
func (h *Handler) refuseHeader(header http.Header, said *headers) outcome {
	said.Parsed, said.err = h.provider.Scheme.Parse(header)
	switch {
	case said.err == nil, h.report.diagnose: // the body is needed to say more than that
		return outcome{}
	case h.provider.InsecureAllowUnsigned && hasNoSignature(h.provider.Scheme, header):
		return outcome{}
	}
	return fail(Unverified, OpVerify, said.err)
}

// Handle answers one delivery that did not come through net/http. The method
// is taken to be POST.
func (h *Handler) Handle(ctx context.Context, r *Request) Reply {
	now := time.Now()
	var said headers
	req, o := h.admit(r, &said)
	if o.kind == "" {
		o = h.receive(ctx, &req, &said, now)
	}
	a := h.answer(&o)
	h.observe(ctx, &req, &o, a.status, now)
	reply := a.reply()
	reply.Err = o.wrapped(h)
	return reply
}

// admit makes header names canonical and refuses what ServeHTTP would refuse
// while reading.
func (h *Handler) admit(r *Request, said *headers) (Request, outcome) {
	req := *r
	req.Header = canonical(r.Header)
	if int64(len(req.Body)) > h.maxBody {
		return req, fail(TooLarge, OpRead, ErrTooLarge)
	}
	return req, h.refuseHeader(req.Header, said)
}

// canonical returns h with the names that net/http gives headers; serverless
// platforms send them in lower case. Two spellings become one header that is
// there twice.
func canonical(h http.Header) http.Header {
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

// receive takes one delivery from its verification to its outcome.
func (h *Handler) receive(ctx context.Context, r *Request, said *headers, now time.Time) outcome {
	p, o := h.authenticate(ctx, r, said, now)
	if o.kind != "" {
		return o
	}
	if o, done := h.glance(ctx, r, &p, now); done {
		return o
	}
	var room [64]byte
	m, typ, err := h.open(r, room[:0])
	if errors.Is(err, errEndpoint) {
		return fail(Misconnected, OpEnvelope, err)
	}
	cb := h.lookup(typ)
	warning := errors.Join(p.warning, h.contradiction(r.Header, typ))
	if h.sink == nil && err == nil && cb == nil && warning == nil && h.indifferent() {
		return outcome{kind: Unhandled}
	}
	s := &scope{Context: ctx}
	h.fill(&s.delivery, r, &p, &m, typ, cb, now)
	switch {
	case h.sink != nil:
		o = h.put(ctx, &s.delivery)
	case err != nil:
		o = h.setAside(s, fail(Unreadable, OpEnvelope, err))
	default:
		o = h.run(s, cb)
	}
	return o.of(&s.delivery, warning)
}

// glance handles a delivery whose payload is the last member of its body and
// decodes: then the payload is scanned once only, by the decoder. Any other
// delivery it leaves alone, with all that may be wrong with it. Once a vendor
// was seen to put something after the payload, it is not tried again.
func (h *Handler) glance(ctx context.Context, r *Request, p *proof, now time.Time) (o outcome, done bool) {
	if h.sink != nil || h.scattered.Load() {
		return outcome{}, false
	}
	m, ok := h.envelope.glance(r.Body)
	if !ok {
		return outcome{}, false
	}
	typ := plainText(m[slotType])
	cb := h.lookup(typ)
	if cb == nil {
		return outcome{}, false
	}
	s := &scope{Context: ctx}
	h.fill(&s.delivery, r, p, &m, typ, cb, now)
	v, err := protect(func() (any, error) { return cb.decode(&s.delivery) })
	if err != nil {
		if !json.Valid(s.delivery.Payload) {
			h.scattered.Store(true)
		}
		return outcome{}, false
	}
	o = h.call(s, cb, v)
	return o.of(&s.delivery, errors.Join(p.warning, h.contradiction(r.Header, typ))), true
}

// indifferent says that nobody will ask about a delivery without a callback.
func (h *Handler) indifferent() bool {
	return h.other.Load() == nil && h.report.observe == nil && h.provider.Synchronous == nil
}

// authenticate finds out which bytes of a delivery are authentic.
func (h *Handler) authenticate(ctx context.Context, r *Request, said *headers, now time.Time) (proof, outcome) {
	if h.provider.InsecureAllowUnsigned {
		if p, ok := unsigned(h.provider.Scheme, r.Header, r.Body); ok {
			return p, outcome{}
		}
	}
	p, o := h.keys.verify(ctx, r, said, now, h.tolerance)
	if o.kind == "" {
		h.pin(p.key, r)
	}
	return p, o
}

// open reads the envelope of a verified delivery, and the type in it. There is
// room for a type that the URL tells.
func (h *Handler) open(r *Request, room []byte) (m members, typ []byte, err error) {
	if len(h.envelope.Type) == 0 && r.Endpoint == "" {
		return members{}, nil, errEndpoint
	}
	m, err = h.envelope.read(r.Body)
	if err != nil {
		return members{}, nil, err
	}
	if len(h.envelope.Type) == 0 {
		return m, append(room, r.Endpoint...), nil
	}
	if typ = plainText(m[slotType]); typ == nil {
		return members{}, nil, errNoType
	}
	return m, typ, nil
}

// fill makes the delivery out of what was found. Without an envelope it has
// neither type nor payload, and its key is of the signed bytes.
func (h *Handler) fill(d *Delivery, r *Request, p *proof, m *members, typ []byte, cb *callback, now time.Time) {
	d.Receiver, d.Provider, d.Tenant = h.name, h.provider.Name, r.Tenant
	d.ReceivedAt, d.SecretIndex = now.UTC(), p.secret
	d.Header, d.Body, d.Payload, d.signed = r.Header, r.Body, m[slotPayload], p.signed
	if cb != nil && cb.typ == string(typ) {
		d.Type = cb.typ // the same text without a copy of it
	} else {
		d.Type = string(typ)
	}
	if id := plainID(m[slotID]); id != nil {
		d.ID = string(id)
		d.byID = p.secret >= 0 && h.provider.Scheme.Member == "" && !h.envelope.fellBack(m, r.Body)
	} else if h.envelope.IDHeader != "" {
		if id := r.Header.Get(h.envelope.IDHeader); isName([]byte(id)) {
			d.ID = id
		}
	}
	if at := plainID(m[slotOccurredAt]); at != nil {
		d.OccurredAt, _ = parseTime(string(at))
	}
	d.keep = h.keep
}

// contradiction reports an unsigned header that names another type than the
// body. It changes nothing: whoever can send the body can send the header.
func (h *Handler) contradiction(header http.Header, typ []byte) error {
	name := h.envelope.TypeHeader
	if name == "" || len(typ) == 0 {
		return nil
	}
	if got := header.Get(name); got != "" && got != string(typ) {
		return fmt.Errorf("event: the header %s names another type than the signed body, which was believed", name)
	}
	return nil
}

// Verify verifies one delivery and reads its envelope, and calls nothing: for
// a queue that dispatches later. The delivery can be passed to [Handler.Dispatch].
// The error is an [*Error]; there is no delivery beside it.
func (h *Handler) Verify(ctx context.Context, r *Request) (*Delivery, error) {
	now := time.Now()
	var said headers
	req, o := h.admit(r, &said)
	var p proof
	if o.kind == "" {
		p, o = h.authenticate(ctx, &req, &said, now)
	}
	if o.kind != "" {
		return nil, o.wrapped(h)
	}
	m, typ, err := h.open(&req, nil)
	if err != nil {
		o = fail(Unreadable, OpEnvelope, err)
		return nil, o.wrapped(h)
	}
	d := new(Delivery)
	h.fill(d, &req, &p, &m, typ, h.lookup(typ), now)
	return d, nil
}

// Dispatch runs the callback of a delivery that was verified earlier, by this
// handler or by one of the same name in another process. It verifies nothing.
// nil is done, also for a type without callback; for anything else see
// [Outcome]. What can never be read is Permanent unless OnInvalid takes it.
//
// The Store is used as it is in a request, so that a delivery is not handled
// twice at once.
func (h *Handler) Dispatch(ctx context.Context, d *Delivery) error {
	s := &scope{Context: ctx, delivery: *d}
	d = &s.delivery
	now := time.Now()
	r := Request{Header: d.Header, Body: d.Body, Tenant: d.Tenant, Endpoint: d.Type}
	var o outcome
	if m, typ, err := h.open(&r, nil); err != nil {
		o = h.setAside(s, fail(Unreadable, OpEnvelope, Permanent(err)))
	} else {
		d.Type, d.Payload = string(typ), m[slotPayload]
		o = h.run(s, h.lookup(typ))
	}
	o.typ, o.id, o.payload = d.Type, d.ID, len(d.Payload)
	h.observe(ctx, &r, &o, o.kind.status(h.provider.Synchronous != nil), now)
	switch o.kind {
	case Handled, Ignored, Unhandled, SetAside, Duplicate:
		if h.provider.Synchronous == nil {
			return nil
		}
	}
	return o.wrapped(h)
}

// Sign sets the headers that the vendor would send with r.Body now, made with
// the first secret of r.Tenant: for tests. r.Header may be nil.
func (h *Handler) Sign(ctx context.Context, r *Request) error {
	keys, err := h.keys.of(ctx, r.Tenant, time.Now())
	if err != nil {
		return &Error{Provider: h.name, Op: OpSecret, Err: err}
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	for _, v := range keys.verifiers {
		if v == nil {
			continue
		}
		if err := v.Sign(r.Header, r.Body, time.Now()); err != nil {
			return &Error{Provider: h.name, Op: OpVerify, Err: err}
		}
		return nil
	}
	return &Error{Provider: h.name, Op: OpSecret, Err: errUnknownTenant}
}

// Content-Length is the sender's word: it is worth little memory before bytes
// arrive, and then as much as they vouch for.
const (
	wholeRead = 8 << 10  // who declares less gets one buffer that fits
	firstRead = 512      // who declares more, or nothing, begins with this
	nextRead  = 64 << 10 // and goes on with this, if so much was declared,
	growth    = 16       // and then with so many times what has arrived
)

// readBody reads all of a body, at most limit bytes. One byte more than
// declared is room to meet the end in.
func readBody(r io.Reader, declared, limit int64) ([]byte, error) {
	size := int64(firstRead)
	if 0 <= declared && declared < wholeRead {
		size = declared + 1
	}
	b := make([]byte, 0, size)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, ErrTooLarge
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		case len(b) == cap(b):
			b = grow(b, declared, limit)
		}
	}
}

// grow makes room for more: for what was declared, in few steps so that little
// is copied, or else twice as much, so that little is left over. It is never
// more than is accepted.
func grow(b []byte, declared, limit int64) []byte {
	size := int64(2 * cap(b))
	if declared >= int64(len(b)) {
		size = max(nextRead, growth*int64(cap(b)))
		if declared < 2*size { // rather than to leave a small remainder
			size = declared + 1
		}
	}
	size = max(min(size, limit+1), int64(len(b))+1)
	return append(make([]byte, 0, size), b...)
}

// unread is the outcome of a body that could not be read.
func unread(err error) outcome {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || errors.Is(err, ErrTooLarge) {
		return fail(TooLarge, OpRead, ErrTooLarge)
	}
	return fail(Unreadable, OpRead, errors.New("the body broke off"))
}
