package event

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/atshooks/atshooks/signature"
)

const (
	// maxCached bounds each generation of the caches below.
	maxCached = 2048
	// unknownFor is how long an unknown tenant is remembered: long enough to
	// take the edge off a flood, short enough for a customer who has just come.
	unknownFor = 2 * time.Second
)

// keyring holds what a handler verifies with.
type keyring struct {
	scheme    signature.HMAC
	texts     []string              // the secret and the previous ones
	fixed     []*signature.Verifier // of these
	lookup    func(ctx context.Context, tenant string) ([]string, error)
	verifiers cache[*signature.Verifier] // by secret
	unknown   cache[time.Time]           // by tenant: until when
	// decoy verifies for tenants that nobody knows, so that they take as long
	// as those whose signature is bad. Nobody has its secret.
	decoy *signature.Verifier
}

func newKeyring(scheme signature.HMAC, secret string, opts *Options) *keyring {
	k := &keyring{scheme: scheme, lookup: opts.Secrets}
	if k.lookup != nil {
		k.decoy = scheme.New([]byte(rand.Text()))
		return k
	}
	k.texts = append([]string{secret}, opts.PreviousSecrets...)
	for _, s := range k.texts {
		k.fixed = append(k.fixed, scheme.New([]byte(s)))
	}
	return k
}

// tenantKeys are the verifiers for one delivery; those of secrets that must
// not be tried are nil, so that an index is still the secret's.
type tenantKeys struct {
	verifiers []*signature.Verifier
	warning   error
}

// of finds a tenant's verifiers. None is an unknown tenant.
func (k *keyring) of(ctx context.Context, tenant string, now time.Time) (tenantKeys, error) {
	if k.lookup == nil {
		return tenantKeys{verifiers: k.fixed}, nil
	}
	if until, ok := k.unknown.get(tenant); ok && now.Before(until) {
		return tenantKeys{}, nil
	}
	secrets, err := k.lookup(ctx, tenant)
	if err != nil {
		return tenantKeys{}, fmt.Errorf("looking up the tenant's secrets: %w", err)
	}
	var keys tenantKeys
	usable := false
	for _, s := range secrets {
		var v *signature.Verifier
		if checkSecret(s) != nil {
			keys.warning = errBlankSecret
		} else {
			v, usable = k.verifier(s), true
		}
		keys.verifiers = append(keys.verifiers, v)
	}
	if !usable {
		if len(tenant) <= maxName { // a stranger chose the name
			k.unknown.put(strings.Clone(tenant), now.Add(unknownFor)) // the name may be a piece of a long URL
		}
		keys.verifiers = nil
	}
	return keys, nil
}

// secrets are what a diagnosis is to try, those with white space around them too.
func (k *keyring) secrets(ctx context.Context, tenant string) [][]byte {
	texts := k.texts
	if k.lookup != nil {
		texts, _ = k.lookup(ctx, tenant) // it was answered a moment ago
	}
	var secrets [][]byte
	for _, s := range texts {
		secrets = append(secrets, []byte(s))
	}
	return secrets
}

// verifier keeps hash states from one delivery to the next. Only secrets that
// Options.Secrets returned get here, so nobody outside can fill the cache.
func (k *keyring) verifier(secret string) *signature.Verifier {
	if v, ok := k.verifiers.get(secret); ok {
		return v
	}
	v := k.scheme.New([]byte(secret))
	k.verifiers.put(secret, v)
	return v
}

// proof is what the verification of a delivery found out.
type proof struct {
	signed  []byte              // the bytes that are authentic
	secret  int                 // the index of the one that matched
	key     *signature.Verifier // which was this; nil for an unsigned delivery
	warning error
}

// verify finds the secret that a delivery was signed with.
func (k *keyring) verify(ctx context.Context, r *Request, said *headers, now time.Time, tolerance time.Duration) (proof, outcome) {
	keys, err := k.of(ctx, r.Tenant, now)
	if err != nil {
		return proof{}, fail(Unavailable, OpSecret, err)
	}
	p := proof{warning: keys.warning}
	if err = said.err; err == nil {
		p.signed, err = k.scheme.Signed(r.Body)
	}
	switch {
	case len(keys.verifiers) == 0:
		if err == nil {
			_ = k.decoy.VerifyParsed(&said.Parsed, p.signed, now, tolerance)
		}
		err = errUnknownTenant
	case err == nil:
		if err = p.by(keys.verifiers, &said.Parsed, now, tolerance); err == nil {
			return p, outcome{}
		}
	}
	o := fail(Unverified, OpVerify, err)
	o.warning = keys.warning
	return proof{}, o
}

// by tries each secret. One that matches a delivery out of its window settles
// the matter too.
func (p *proof) by(verifiers []*signature.Verifier, said *signature.Parsed, now time.Time, tolerance time.Duration) error {
	err := errUnknownTenant // if there is no secret to try
	for i, v := range verifiers {
		if v == nil {
			continue
		}
		p.secret, p.key = i, v
		if err = v.VerifyParsed(said, p.signed, now, tolerance); !errors.Is(err, signature.ErrMismatch) {
			return err
		}
	}
	return err
}

// hasNoSignature says whether a delivery has no signature header at all. One
// that has a signature and lacks its timestamp does not count as unsigned.
func hasNoSignature(scheme signature.HMAC, h http.Header) bool {
	scheme.TimestampHeader = ""
	return errors.Is(scheme.Check(h), signature.ErrMissing)
}

// unsigned is the proof for a delivery that has no signature header at all.
func unsigned(scheme signature.HMAC, h http.Header, body []byte) (proof, bool) {
	if !hasNoSignature(scheme, h) {
		return proof{}, false
	}
	signed, err := scheme.Signed(body)
	return proof{signed: signed, secret: -1}, err == nil
}

// cache is a bounded map in two generations: the older is dropped when the
// younger is full. It is safe for concurrent use.
type cache[V any] struct {
	mu         sync.RWMutex
	young, old map[string]V
}

func (c *cache[V]) get(key string) (V, bool) {
	c.mu.RLock()
	v, ok := c.young[key]
	if ok {
		c.mu.RUnlock()
		return v, true
	}
	v, ok = c.old[key]
	c.mu.RUnlock()
	if ok {
		c.put(key, v)
	}
	return v, ok
}

func (c *cache[V]) put(key string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.young) >= maxCached || c.young == nil {
		c.young, c.old = make(map[string]V), c.young
	}
	c.young[key] = v
}
