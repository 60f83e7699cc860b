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

// Options are a handler's settings. Nil and the zero value suit a service with
// one secret that handles events in the request.
type Options struct {
	// Name tells this handler from others of the same provider: it is
	// [Delivery].Handler and part of [Delivery.Key]. "" is the provider's name.
	// Changing it makes every delivery new to a Store and an Inbox.
	Name string
	// MaxBody is the size of the largest body that is accepted, in bytes; 0 is
	// 1 MiB.
	MaxBody int64
	// PreviousSecrets are accepted beside the secret, while it is rotated.
	PreviousSecrets []string
	// Tenant returns the name of the customer that a request is for, from its
	// path for example. The name is part of Delivery.Key: one customer must not
	// have two spellings. Nil is one customer, named "".
	Tenant func(*http.Request) string
	// Secrets returns the secrets of a tenant, in place of one secret for all;
	// they may change at any time. It runs before the sender is authenticated,
	// so it should be quick. Neither secrets nor an error is an unknown tenant:
	// that is rejected as a bad signature is, and remembered for two seconds.
	// An error is 503. A secret that [NewHandler] would not take is not tried.
	Secrets func(ctx context.Context, tenant string) ([]string, error)
	// Tolerance is how far a signed timestamp may be from this clock, on
	// either side; 0 is the provider's. It is an error for one that signs none.
	Tolerance time.Duration
	// Store makes callbacks that run in the request complete once. Nil runs
	// callbacks at every delivery. It cannot be combined with Inbox.
	Store Store
	// Inbox takes deliveries over durably, and a worker runs the callbacks
	// later, through [Handler.Dispatch]. Nil runs them in the request.
	Inbox Inbox
	// StorageTimeout is how long one call of Store or Inbox may take; 0 is 5
	// seconds.
	StorageTimeout time.Duration
	// Wrap is called with each callback, OnOther's and OnInvalid's included, and
	// returns the one to run: spans, transactions and timeouts go around it.
	Wrap func(Callback) Callback
	// Validate checks a payload after it was decoded; payload is the *T of
	// [On]. Nil checks that the ids tagged validate:"required" are there;
	// [github.com/atshooks/atshooks/event/validate.Struct] checks every tag.
	// Its error must not hold the payload's values.
	Validate func(payload any) error
	// Observe is called once for each request, before its response is sent, and
	// once for each [Handler.Dispatch], in the goroutine of either.
	Observe func(context.Context, Result)
	// Diagnose returns why a signature does not hold, for the first hour with a
	// provider: [github.com/atshooks/atshooks/signature/diagnose.Text] does. It
	// is slow, so it is called for one rejected delivery a second at most, whose
	// body is then read in any case. What it returns is logged.
	Diagnose func(s signature.HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) string
	// Logger gets what a service must know even without Observe: each failure
	// at level Error, rejected requests at Warn, one line in ten seconds at most,
	// oddities at Warn, a Rejection at Info. Nil is [slog.Default].
	Logger *slog.Logger
}

// Stage tells a request from a worker's run.
type Stage string

const (
	StageRequest Stage = "request" // the delivery arrived, and was responded to
	StageWorker  Stage = "worker"  // Dispatch was called
)

// Result is what became of one delivery, in a request or in a worker.
type Result struct {
	Handler     string        // the handler's name
	Provider    string        // the provider's name
	Tenant      string        // as Options.Tenant returned it; not authentic if Kind is KindUnverified
	ID, Type    string        // "" where they are not known; see Delivery
	KnownType   string        // Type as the provider's Types or a callback spell it; "" if neither has it: fit for a metric's label
	Kind        Kind          // what happened
	Stage       Stage         // where
	Status      int           // the response's; 0 in a worker
	Attempt     int           // 1 in a request; a worker counts
	Delivery    *Delivery     // nil if the delivery was not verified, or went by unseen
	Duration    time.Duration // from the request's arrival until before its response, or of Dispatch
	Phases      Phases        // the parts of Duration
	Age         time.Duration // in a worker, from the delivery's receipt to this attempt
	BodySize    int           // bytes read
	PayloadSize int           // bytes
	Err         error         // an *Error with what went wrong; nil if nothing did
	Warning     error         // what was odd but decided nothing: a commit that failed, a member that does not fit, a header that contradicts the body
	Diagnosis   string        // what Options.Diagnose returned, if it was called; not for the sender
}

// Phases are how long the parts of a delivery's way took; 0 is a part that it
// did not go through.
type Phases struct {
	Read     time.Duration // of the body
	Verify   time.Duration // of the signature, the look-up of secrets included
	Storage  time.Duration // of the calls of Store or Inbox
	Callback time.Duration
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
		return errors.New("option Tolerance is set, but this provider signs no time that it could apply to")
	case o.StorageTimeout < 0:
		return errors.New("option StorageTimeout is negative")
	case o.Store != nil && o.Inbox != nil:
		return errors.New("options Store and Inbox exclude each other: an inbox finds duplicates by itself")
	case o.Inbox != nil && p.Synchronous:
		return errors.New("this provider waits for what the callback returns, so an Inbox cannot take its deliveries")
	case o.Name != "" && !isName(o.Name):
		return fmt.Errorf("option Name has control characters, or more than %d bytes", maxName)
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
