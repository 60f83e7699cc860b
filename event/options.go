package event

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Options are a handler's settings. Nil and the zero value are good for a
// service with one secret that handles events in the request.
type Options struct {
	// Name tells this handler from others of the same vendor: it is
	// [Delivery].Receiver and part of [Delivery.Key]. "" is the vendor's name.
	// Changing it makes every delivery new to a Store and a Sink.
	Name string
	// MaxBody is the largest body that is accepted, in bytes; 0 is 1 MiB.
	MaxBody int64
	// PreviousSecrets are accepted beside the secret, while it is rotated.
	PreviousSecrets []string
	// Tenant names the customer that a request is for, by its path say, before
	// anything of the request is authentic. Nil is one customer, named "".
	Tenant func(*http.Request) string
	// Secrets returns the secrets of a tenant, in place of one secret for all;
	// they may change at any time. It runs before anyone is authenticated, so
	// it should be quick. No secrets and no error is an unknown tenant, which
	// is answered just as a bad signature is and remembered for two seconds;
	// an error is answered 503. A secret that is blank or has white space
	// around it is not tried, and observed. Nil is the constructor's secret.
	Secrets func(ctx context.Context, tenant string) ([]string, error)
	// Tolerance is how far a signed timestamp may be from this clock, on
	// either side; 0 is the vendor's, or 5 minutes where it names none.
	Tolerance time.Duration
	// Store makes callbacks that run in the request run once: a delivery that
	// was completed is acknowledged, and its callback not called. Nil runs
	// callbacks at every delivery. It cannot be combined with Sink.
	Store Store
	// Sink takes deliveries over durably, and a worker runs the callbacks
	// later, through [Handler.Dispatch]. Nil runs them in the request.
	Sink Sink
	// StoreTimeout is how long one call of Store or Sink may take; 0 is 5 seconds.
	StoreTimeout time.Duration
	// Validation says which validate tags of payloads are checked.
	Validation Validation
	// Observe is called once a delivery, after its callback and before its
	// answer, in the request's goroutine. Nil is nobody.
	Observe func(context.Context, Result)
	// Diagnose finds out why a signature does not hold, for the first hour with a
	// vendor: the reason is in the log and in [Result].Diagnosis, of one refused
	// delivery a second at most, since it takes much longer than refusing. While
	// it is on, the body is read even if the header alone would be refused.
	Diagnose bool
	// Logger gets what a service must know even without Observe: failures at
	// level Error, each; refusals at Warn, at most one in ten seconds; oddities
	// at Warn; what a callback refused with a Refusal at Info. Candidate data is in none of them. Nil is [slog.Default].
	Logger *slog.Logger
}

// Validation says which validate tags of payload types a handler checks after
// decoding. The syntax is that of github.com/go-playground/validator.
type Validation int

const (
	// ValidateRequired checks "required", which marks the few ids that a
	// callback cannot do without, by comparing with zero. It is the default.
	ValidateRequired Validation = iota
	// ValidateNone checks nothing.
	ValidateNone
	// ValidateAll lets the validator run every tag: addresses and URLs too. It
	// is stricter than vendors promise to be, and costs more than decoding.
	ValidateAll
)

// Result is what became of one delivery.
type Result struct {
	Receiver string        // the handler's name
	Provider string        // the vendor's name
	Tenant   string        // as Options.Tenant said; not authentic if Kind is Unverified
	ID, Type string        // "" where they are not known; see Delivery
	Kind     Kind          // what happened
	Status   int           // the answer's
	Duration time.Duration // from the request's arrival until before its answer
	Body     int           // bytes read
	Payload  int           // bytes
	Err      error         // an *Error with what went wrong; nil if nothing did
	// Diagnosis says why the signature does not hold, if Options.Diagnose is on
	// and this delivery was chosen; its Reason is "" otherwise. It is not for the
	// sender.
	Diagnosis signature.Diagnosis
	Warning   error // what was odd but decided nothing: a blank secret, a commit that failed, an unsigned header that contradicts the body
}

const (
	defaultMaxBody      = 1 << 20
	defaultStoreTimeout = 5 * time.Second
)

// check refuses settings that could not work together.
func (o *Options) check(p *Provider, secret string) error {
	switch {
	case o.MaxBody < 0:
		return errors.New("option MaxBody is negative")
	case o.Tolerance < 0:
		return errors.New("option Tolerance is negative")
	case o.StoreTimeout < 0:
		return errors.New("option StoreTimeout is negative")
	case o.Validation < ValidateRequired || o.Validation > ValidateAll:
		return errors.New("option Validation is none of its constants")
	case o.Store != nil && o.Sink != nil:
		return errors.New("options Store and Sink exclude each other: a sink deduplicates by itself")
	case o.Sink != nil && p.Synchronous != nil:
		return errors.New("this vendor waits for the callback's answer, so a Sink cannot take its deliveries")
	case o.Name != "" && !isName([]byte(o.Name)):
		return fmt.Errorf("option Name has control characters, or more than %d bytes", maxName)
	case o.Secrets != nil && (secret != "" || len(o.PreviousSecrets) > 0):
		return errors.New("option Secrets is set, so the secret must be empty and PreviousSecrets too")
	case o.Secrets != nil:
		return nil
	}
	if err := checkSecret(secret); err != nil {
		return err
	}
	for i, s := range o.PreviousSecrets {
		if err := checkSecret(s); err != nil {
			return fmt.Errorf("option PreviousSecrets[%d]: %w", i, err)
		}
	}
	return nil
}

// checkSecret refuses what nobody can have meant. A newline at the end is the
// commonest mistake there is: it comes with secrets that are read from a file.
func checkSecret(s string) error {
	switch trimmed := strings.TrimSpace(s); {
	case s == "":
		return errors.New("the secret is empty: is the environment variable set?")
	case trimmed == "":
		return errors.New("the secret is blank")
	case trimmed != s:
		return errors.New("the secret has white space around it, or a newline at its end: trim it")
	}
	return nil
}
