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
	// soften a flood, short enough for a customer who has just been added.
	unknownFor = 2 * time.Second
)

// keyring holds what a handler verifies with.
type keyring struct {
	provider *Provider
	fixed    []*key // of the secret and the previous ones
	lookup   func(ctx context.Context, tenant string) ([]string, error)
	keys     cache[*key]      // by secret
	unknown  cache[time.Time] // by tenant: until when
	// decoy verifies for unknown tenants, so that the cryptography takes as
	// long as for a known one whose signature is bad. Its secret is random.
	decoy *key
}

func newKeyring(p *Provider, secret string, opts *Options) *keyring {
	k := &keyring{provider: p, lookup: opts.Secrets}
	if k.lookup != nil {
		k.decoy = newKey(p, rand.Text())
		return k
	}
	for _, s := range append([]string{secret}, opts.PreviousSecrets...) {
		k.fixed = append(k.fixed, newKey(p, s))
	}
	return k
}

// key is a secret ready to verify with.
type key struct {
	secret string
	hmac   *signature.Verifier // nil if the provider verifies by itself
}

func newKey(p *Provider, secret string) *key {
	k := &key{secret: secret}
	if p.Verify == nil {
		k.hmac = p.Scheme.New([]byte(secret))
	}
	return k
}

// verify returns the authentic bytes of a delivery.
func (k *key) verify(p *Provider, r *Request, hdr *headers, now time.Time, tolerance time.Duration) ([]byte, error) {
	if k.hmac == nil {
		c := *r // p.Verify could keep it; r stays on the stack
		return recovering("Provider.Verify", func() ([]byte, error) { return p.Verify(k.secret, &c, now, tolerance) })
	}
	return k.hmac.VerifyParsed(&hdr.Parsed, r.Body, now, tolerance)
}

// sign makes r a request that verify accepts.
func (k *key) sign(p *Provider, r *Request, now time.Time) error {
	switch {
	case k.hmac != nil:
		return k.hmac.Sign(r.Header, r.Body, now)
	case p.Sign == nil:
		return errors.New("the provider has a Verify function, but no Sign")
	}
	return p.Sign(k.secret, r, now)
}

// tenantKeys are the keys for one delivery; those of secrets that must not be
// tried are nil, so that an index is still the secret's.
type tenantKeys struct {
	keys    []*key
	warning error
}

// first returns the first key that may be tried, or nil.
func (t *tenantKeys) first() *key {
	for _, k := range t.keys {
		if k != nil {
			return k
		}
	}
	return nil
}

// of returns a tenant's keys. None is an unknown tenant.
func (k *keyring) of(ctx context.Context, tenant string, now time.Time) (tenantKeys, error) {
	if k.lookup == nil {
		return tenantKeys{keys: k.fixed}, nil
	}
	if tenant != "" && !isName(tenant) {
		return tenantKeys{}, nil // no tenant has such a name, so it is not looked up
	}
	if until, ok := k.unknown.get(tenant); ok && now.Before(until) {
		return tenantKeys{}, nil
	}
	secrets, err := k.secretsOf(ctx, tenant)
	if err != nil {
		return tenantKeys{}, fmt.Errorf("looking up the tenant's secrets: %w", err)
	}
	var keys tenantKeys
	usable := false
	for _, s := range secrets {
		one, err := k.key(s)
		if err != nil {
			keys.warning = fmt.Errorf("a secret from Options.Secrets was not tried: %w", err)
		}
		usable = usable || err == nil
		keys.keys = append(keys.keys, one)
	}
	if !usable {
		k.unknown.put(strings.Clone(tenant), now.Add(unknownFor)) // the name may be a piece of a long URL
		keys.keys = nil
	}
	return keys, nil
}

// secretsOf calls Options.Secrets, which may panic.
func (k *keyring) secretsOf(ctx context.Context, tenant string) ([]string, error) {
	return recovering("Options.Secrets", func() ([]string, error) { return k.lookup(ctx, tenant) })
}

// texts are the secrets that a diagnosis tries, also those that must not be
// used.
func (k *keyring) texts(ctx context.Context, tenant string) [][]byte {
	var texts [][]byte
	for _, one := range k.fixed {
		texts = append(texts, []byte(one.secret))
	}
	if k.lookup != nil {
		secrets, _ := k.secretsOf(ctx, tenant) // it succeeded a moment ago
		for _, s := range secrets {
			texts = append(texts, []byte(s))
		}
	}
	return texts
}

// key keeps hash states from one delivery to the next. Only secrets that
// Options.Secrets returned get here, so no stranger can fill the cache.
func (k *keyring) key(secret string) (*key, error) {
	if one, ok := k.keys.get(secret); ok {
		return one, nil
	}
	if err := k.provider.checkSecret(secret); err != nil {
		return nil, err
	}
	one := newKey(k.provider, secret)
	k.keys.put(secret, one)
	return one, nil
}

// proof is what the verification of a delivery found out.
type proof struct {
	signed  []byte // the bytes that are authentic
	secret  int    // the index of the one that matched
	key     *key   // which was this; nil for an unsigned delivery
	warning error
}

// verify finds the secret that a delivery was signed with.
func (k *keyring) verify(ctx context.Context, r *Request, hdr *headers, now time.Time, tolerance time.Duration) (proof, outcome) {
	keys, err := k.of(ctx, r.Tenant, now)
	if err != nil {
		return proof{}, fail(KindUnavailable, err)
	}
	p := proof{warning: keys.warning}
	switch err = hdr.err; {
	case len(keys.keys) == 0:
		if err == nil {
			_, _ = k.decoy.verify(k.provider, r, hdr, now, tolerance)
		}
		err = errUnknownTenant
	case err == nil:
		if err = k.try(&p, keys.keys, r, hdr, now, tolerance); err == nil {
			return p, outcome{}
		}
	}
	o := fail(KindUnverified, err)
	if isPanic(err) {
		o.kind = KindPanicked
	}
	o.warning = keys.warning
	return proof{}, o
}

// try tries each key. One that matches a delivery out of its window settles
// the matter too.
func (k *keyring) try(p *proof, keys []*key, r *Request, hdr *headers, now time.Time, tolerance time.Duration) error {
	err := errUnknownTenant // if there is no key to try
	for i, one := range keys {
		if one == nil {
			continue
		}
		p.secret, p.key = i, one
		if p.signed, err = one.verify(k.provider, r, hdr, now, tolerance); !errors.Is(err, signature.ErrMismatch) {
			return err
		}
	}
	return err
}

// isUnsigned reports whether a delivery has no signature header at all. One
// that has a signature and lacks its timestamp is not unsigned.
func isUnsigned(p *Provider, h http.Header) bool {
	scheme := p.Scheme
	scheme.TimestampHeader = ""
	_, err := scheme.Parse(h)
	return errors.Is(err, signature.ErrMissing)
}

// unsignedProof is the proof for a delivery without a signature, where those
// are accepted.
func unsignedProof(p *Provider, r *Request) (proof, outcome) {
	signed, err := p.Scheme.Signed(r.Body)
	if err != nil {
		return proof{}, fail(KindUnverified, err)
	}
	return proof{signed: signed, secret: -1}, outcome{}
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
