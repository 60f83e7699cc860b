package event

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Handler receives the deliveries of one provider. It is an [http.Handler] and a
// [Dispatcher], and is safe for concurrent use. [NewHandler] makes one.
type Handler struct {
	name           string
	provider       Provider
	envelope       envelope
	secrets        *keyring
	maxBody        int64
	tolerance      time.Duration
	tenant         func(*http.Request) string
	store          Store
	inbox          Inbox
	storageTimeout time.Duration
	wrap           func(Callback) Callback
	validate       func(any) error
	report         *reporter
	storedHeaders  []string          // of the provider's, worth storing
	known          map[string]string // Provider.Types, by themselves

	payloadNotLast atomic.Bool // a payload was seen that is not the body's last member

	mu        sync.Mutex // held to write callbacks
	callbacks atomic.Pointer[map[string]*callback]
	other     atomic.Pointer[Callback]
	invalid   atomic.Pointer[Callback]
}

// NewHandler returns a handler that verifies the deliveries of p with secret. opts
// may be nil. NewHandler rejects a secret that is blank, has white space around it
// or contains a control character, and any setting that cannot work. secret must
// be empty if Options.Secrets is set.
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
		name:           p.Name,
		provider:       p,
		envelope:       newEnvelope(&p),
		secrets:        newKeyring(&p, secret, opts),
		maxBody:        defaultMaxBody,
		tolerance:      opts.Tolerance,
		tenant:         opts.Tenant,
		store:          opts.Store,
		inbox:          opts.Inbox,
		storageTimeout: defaultStorageTimeout,
		wrap:           opts.Wrap,
		validate:       opts.Validate,
		report:         newReporter(&p, opts),
		known:          make(map[string]string, len(p.Types)),
	}
	if opts.Name != "" {
		h.name = opts.Name
	}
	if opts.MaxBody > 0 {
		h.maxBody = opts.MaxBody
	}
	if opts.StorageTimeout > 0 {
		h.storageTimeout = opts.StorageTimeout
	}
	for _, name := range []string{p.Envelope.TypeHeader, p.Envelope.IDHeader, p.Scheme.TimestampHeader} {
		if name != "" {
			h.storedHeaders = append(h.storedHeaders, name)
		}
	}
	for _, typ := range p.Types {
		h.known[typ] = typ
	}
	h.callbacks.Store(&map[string]*callback{})
	if err := h.checkSharing(); err != nil {
		return nil, err
	}
	return h, nil
}

// Name returns the handler's name: Options.Name, or the provider's.
func (h *Handler) Name() string { return h.name }

// Provider returns the provider that the handler was made with. Its slices and
// maps must not be changed.
func (h *Handler) Provider() Provider { return h.provider }

// base lets functions take a Handler and any struct that embeds one.
func (h *Handler) base() *Handler { return h }

// embedder is a *Handler, or a struct that embeds one, as each provider
// package's Handler does.
type embedder interface{ base() *Handler }

// ServeHTTP receives one delivery and sends the response.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endpoint := ""
	if h.provider.typeInURL() {
		if last := path.Base(r.URL.Path); h.known[last] != "" || h.lookup(last) != nil {
			endpoint = last
		}
	}
	h.serve(w, r, endpoint)
}

// knows reports whether the provider is known to send a type.
func (h *Handler) knows(typ string) bool {
	if len(h.known) == 0 || h.known[typ] != "" {
		return true
	}
	return h.known[h.provider.canonicalType(typ)] != ""
}

// knownType returns the one name of a type, however a delivery spells it, or
// "" if neither the provider's types nor the callbacks have it.
func (h *Handler) knownType(typ string) string {
	if typ == "" {
		return ""
	}
	if cb := h.lookup(typ); cb != nil {
		return cb.typ
	}
	if name := h.known[typ]; name != "" {
		return name
	}
	return h.known[h.provider.canonicalType(typ)]
}

// Endpoint returns an [http.Handler] that receives the deliveries of one event
// type at any URL. It is for a provider whose URLs name the type, and panics for
// any other.
func (h *Handler) Endpoint(typ string) http.Handler {
	if !h.provider.typeInURL() {
		panic(fmt.Sprintf("event: the bodies of %s name the event type: mount the handler itself", h.name))
	}
	if !isName(typ) {
		panic(fmt.Sprintf("event: %q cannot be an event type of %s", typ, h.name))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, typ) })
}

// Handle receives one delivery that did not come through net/http, and returns
// the response to send.
func (h *Handler) Handle(ctx context.Context, r *Request) Response {
	began := time.Now()
	req, hdr, o := h.prepare(r)
	if !o.failed() {
		o = h.receive(ctx, &req, &hdr, began)
	}
	resp := h.response(&o)
	h.observeRequest(ctx, &req, &o, resp.status, began)
	public := resp.public()
	public.Err = o.wrapped(h)
	return public
}

// Verify verifies one delivery and reads its envelope, but runs no callback. It is
// for a queue that passes the delivery to [Handler.Dispatch] later. The error is
// an [*Error].
func (h *Handler) Verify(ctx context.Context, r *Request) (*Delivery, error) {
	began := time.Now()
	req, hdr, o := h.prepare(r)
	var p proof
	if !o.failed() {
		p, o = h.authenticate(ctx, &req, &hdr, began)
	}
	if o.failed() {
		return nil, o.wrapped(h)
	}
	var m opened
	h.readEnvelope(&req, &m)
	if m.err != nil {
		o = fail(KindUnreadable, m.err)
		return nil, o.wrapped(h)
	}
	d := new(Delivery)
	h.fillDelivery(d, &req, &p, &m, began)
	return d, nil
}

// Dispatch runs the callback of a delivery that was verified earlier, by this
// handler or by one of the same name in another process. It verifies nothing, and
// uses the Store as a request does. It returns nil if the delivery is done or has
// no callback; [VerdictOf] says what to do about any other error. A delivery
// whose envelope cannot be read is [Permanent], unless OnInvalid takes it.
func (h *Handler) Dispatch(ctx context.Context, d *Delivery) error {
	began := time.Now()
	s := &scope{Context: ctx, delivery: *d}
	d = &s.delivery
	r := Request{Header: d.Header, Body: d.Body, Tenant: d.Tenant, Endpoint: d.Type}
	var m opened
	h.readEnvelope(&r, &m)
	if m.err != nil {
		m.err = Permanent(m.err)
	} else {
		d.Type, d.Payload = m.typ, m.members[slotPayload]
	}
	o := h.run(s, &m).withDelivery(d, nil)
	h.observeDispatch(ctx, d, &o, began)
	switch o.kind {
	case KindHandled, KindIgnored, KindUnhandled, KindInvalidHandled, KindDuplicate:
		if !h.provider.Synchronous {
			return nil
		}
	}
	return o.wrapped(h)
}

// Sign signs r as the provider would now. It is for tests. r.Header may be nil.
func (h *Handler) Sign(ctx context.Context, r *Request) error {
	now := time.Now()
	keys, err := h.secrets.of(ctx, r.Tenant, now)
	if err != nil {
		return &Error{Handler: h.name, Kind: KindUnavailable, Err: err}
	}
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	k := keys.first()
	if k == nil {
		return &Error{Handler: h.name, Kind: KindUnverified, Err: errUnknownTenant}
	}
	if err := k.sign(&h.provider, r, now); err != nil {
		return &Error{Handler: h.name, Kind: KindUnreadable, Err: err}
	}
	return nil
}

// headers are what a delivery's headers say about its signature, or why they
// cannot be used.
type headers struct {
	signature.Parsed
	err error
}
