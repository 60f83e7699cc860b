package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/atshooks/atshooks/signature"
)

// Options are a handler's settings. Nil and the zero value suit a service that has
// one secret and runs callbacks in the request.
type Options struct {
	// Name distinguishes this handler from others of the same provider: it is
	// [Delivery].Handler and part of [Delivery.Key]. "" means the provider's
	// name. If it changes, every delivery is new to a Store and an Inbox.
	Name string
	// MaxBody is the size of the largest body that is accepted, in bytes; zero
	// means 1 MiB.
	MaxBody int64
	// PreviousSecrets are accepted as well as the secret, while it is rotated.
	PreviousSecrets []string
	// Tenant returns the name of the customer that a request is for, for example
	// from its path. The name is part of [Delivery.Key], so a customer must have
	// only one name. Nil means that there is one customer, named "".
	Tenant func(*http.Request) string
	// Secrets returns the current secrets of a tenant, in place of one secret
	// for all. It is called for each delivery, before the sender is known, so it
	// should be quick. No secrets and no error mean that the tenant is unknown:
	// its deliveries are rejected like those with a wrong signature, and it is
	// not looked up again for two seconds. After an error the response is 503. A
	// secret that [NewHandler] would reject is not tried.
	Secrets func(ctx context.Context, tenant string) ([]string, error)
	// Tolerance is how far a signed timestamp may be from this machine's clock,
	// in either direction; zero means the provider's tolerance. It must be zero
	// for a provider that signs no time.
	Tolerance time.Duration
	// Store makes each callback that runs in the request complete once. Nil runs
	// it for every delivery. A handler cannot have both a Store and an Inbox.
	Store Store
	// Inbox stores deliveries durably, and a worker runs their callbacks later,
	// through [Handler.Dispatch]. Nil runs them in the request.
	Inbox Inbox
	// StorageTimeout is how long one call of Store or Inbox may take; zero means
	// 5 seconds.
	StorageTimeout time.Duration
	// Wrap is called once with each callback as it is registered, including those
	// of OnOther and OnInvalid, and returns what runs in its place. Use it for spans,
	// transactions and timeouts.
	Wrap func(Callback) Callback
	// Validate checks each payload, the *T of [On], after it is decoded. Nil
	// checks that the ids tagged validate:"required" are there;
	// [github.com/atshooks/atshooks/event/validate.Struct] checks every tag. Its
	// error must not contain values of the payload.
	Validate func(payload any) error
	// Observe is called once per request, before the response is sent, and once
	// per [Handler.Dispatch], in the same goroutine.
	Observe func(context.Context, Result)
	// Diagnose says why a signature does not verify, for the first hour with a
	// provider; use [github.com/atshooks/atshooks/signature/diagnose.Text]. What
	// it returns is logged. It is slow, so it is called at most once per second.
	// If it is set, bodies are read even where the signature's headers cannot be
	// right.
	Diagnose func(s signature.HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) string
	// Logger gets what a service must know even without Observe: each failure at
	// level Error; warnings, each diagnosis, and otherwise one line about
	// rejected requests per ten seconds, at Warn; a Rejection at Info. Nil means
	// [slog.Default].
	Logger *slog.Logger
}

// Stage says where a [Result] is from.
type Stage string

// The stages.
const (
	StageRequest Stage = "request" // a request, which gets a response
	StageWorker  Stage = "worker"  // a call of Dispatch
)

// Result is what became of one delivery, in a request or in a worker.
type Result struct {
	Handler     string        // the handler's name
	Provider    string        // the provider's name
	Tenant      string        // as Options.Tenant returned it; not authentic unless Delivery is set
	ID, Type    string        // "" if they are not known; see Delivery
	KnownType   string        // Type as Provider.Types or a callback spells it, or "" if neither does: fit for a metric's label
	Kind        Kind          // what happened
	Stage       Stage         // where
	Status      int           // of the response; 0 in a worker
	Attempt     int           // 1 in a request; see Delivery
	Delivery    *Delivery     // nil if it was not verified
	Duration    time.Duration // of the request until its response is sent, or of Dispatch
	Phases      Phases        // the parts of Duration
	Age         time.Duration // in a worker, from the delivery's receipt to this attempt
	BodySize    int           // in bytes, as far as it was read
	PayloadSize int           // in bytes
	Err         error         // an *Error with what went wrong; nil if nothing did
	Warning     error         // what is odd but changed nothing: a commit that failed, a member that does not fit, a header that contradicts the body
	Diagnosis   string        // what Options.Diagnose returned, if it was called; not for the sender
}

// Phases says how long each part of the handling took; zero means that the
// delivery did not get there.
type Phases struct {
	Read     time.Duration // reading the body
	Verify   time.Duration // verifying the signature, and looking up secrets
	Storage  time.Duration // the calls of Store or Inbox
	Callback time.Duration // the callback
}

const (
	defaultMaxBody        = 1 << 20
	defaultStorageTimeout = 5 * time.Second
)

// check rejects settings that could not work together.
func (o *Options) check(p *Provider, secret string) error {
	switch {
	case o.MaxBody < 0:
		return errors.New("option MaxBody is negative")
	case o.Tolerance < 0:
		return errors.New("option Tolerance is negative")
	case o.Tolerance > 0 && !p.signsTime():
		return errors.New("option Tolerance is set, but this provider signs no time")
	case o.StorageTimeout < 0:
		return errors.New("option StorageTimeout is negative")
	case o.Store != nil && o.Inbox != nil:
		return errors.New("options Store and Inbox exclude each other: an inbox finds duplicates by itself")
	case o.Inbox != nil && p.Synchronous:
		return errors.New("this provider waits for what the callback returns, so an Inbox cannot take its deliveries")
	case o.Name != "" && !isName(o.Name):
		return fmt.Errorf("option Name contains a control character or is longer than %d bytes", maxName)
	case o.Secrets != nil && (secret != "" || len(o.PreviousSecrets) > 0):
		return errors.New("option Secrets is set, so the secret and PreviousSecrets must be empty")
	case o.Secrets != nil:
		return nil
	}
	if err := p.checkSecret(secret); err != nil {
		return err
	}
	for i, s := range o.PreviousSecrets {
		if err := p.checkSecret(s); err != nil {
			return fmt.Errorf("option PreviousSecrets[%d]: %w", i, err)
		}
	}
	return nil
}

// checkSecret rejects what cannot have been meant. A newline at the end is the
// commonest mistake: it comes with secrets that are read from a file. Bytes of
// zero at the end change nothing in an HMAC, so that one of them alone is the
// empty key.
func (p *Provider) checkSecret(s string) error {
	switch trimmed := strings.TrimFunc(s, isBlank); {
	case s == "":
		return errors.New("the secret is empty: is the environment variable set?")
	case trimmed == "":
		return errors.New("the secret is blank")
	case trimmed != s:
		return errors.New("the secret has white space around it, such as a newline at its end: trim it")
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return errors.New("the secret has a control character in it: was it decoded, or pasted from two lines?")
	case p.Verify == nil:
		return p.Scheme.CheckSecret([]byte(s))
	}
	return nil
}

// isBlank reports whether r is white space, or a character that editors and
// web pages add without showing it.
func isBlank(r rune) bool {
	switch r {
	case '\ufeff', '\u200b', '\u200c', '\u200d', '\u2060':
		return true
	}
	return unicode.IsSpace(r)
}
