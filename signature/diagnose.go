package signature

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Diagnosis says why a delivery does not verify. It holds no secret, no MAC and
// nothing of the body, so that it may be logged; it is not for the sender, whom
// it would tell how to guess better.
type Diagnosis struct {
	Reason Reason
	// Text is a sentence about it.
	Text string
	// Secret is the index of the secret that matched, in whatever way; -1 is
	// none.
	Secret int
	// Skew is how far the delivery's timestamp is from the receiver's clock,
	// for ReasonClock. Positive is the past.
	Skew time.Duration
}

// String is the reason and the sentence.
func (d Diagnosis) String() string { return string(d.Reason) + ": " + d.Text }

// Reason is a word for programs to count by. There may be more in time.
type Reason string

// The reasons, from what is proved by a matching MAC down to what is left.
const (
	ReasonNone           Reason = "none"               // it verifies
	ReasonOtherSecret    Reason = "other-secret"       // right, with a secret that is not the first
	ReasonClock          Reason = "clock"              // right, but the timestamp is too far from now
	ReasonHeaderCase     Reason = "header-case"        // right, but the header's name is not in its canonical form
	ReasonSecretSpace    Reason = "secret-white-space" // right, without the white space around the secret
	ReasonSecretPrefix   Reason = "secret-prefix"      // right, without what was pasted around the secret, or with what was left out
	ReasonSecretEncoding Reason = "secret-encoding"    // right, with the secret decoded from hex or base64
	ReasonBodyReencoded  Reason = "body-reencoded"     // right, for the same JSON in another spelling
	ReasonEncoding       Reason = "encoding"           // right, in another encoding or after another prefix
	ReasonOtherHeader    Reason = "other-header"       // in another header: right there, or at least like a signature
	ReasonOtherScheme    Reason = "other-scheme"       // right, with another hash function or over other bytes
	ReasonHeaderMissing  Reason = "header-missing"     // no header looks like a signature
	ReasonHeaderTwice    Reason = "header-twice"
	ReasonMalformed      Reason = "malformed"   // the header holds no such MAC
	ReasonTimestamp      Reason = "timestamp"   // the timestamp is missing, unreadable or there twice
	ReasonBodyMember     Reason = "body-member" // the body does not have the member that is signed
	ReasonBodyLength     Reason = "body-length" // the body is empty or not as long as it was sent
	ReasonNoSecret       Reason = "no-secret"   // none, or only blank ones
	ReasonUnknown        Reason = "unknown"     // another secret, or other bytes
)

// The bounds of a diagnosis.
const (
	maxSecrets       = 8         // that are tried
	maxCuts          = 8         // places at which a prefix of the secret may end
	maxReencoded     = 1 << 20   // bytes of a body that is written again
	diagnosingBudget = 256 << 20 // bytes that are put through a hash
)

// Diagnose finds out why a delivery does not verify under a scheme: it repeats
// [Verifier.Verify], with now and tolerance as there, and then makes the usual
// mistakes one after the other until the MAC is right. The first secret is the
// one in use; the others are candidates, such as that of the test account.
// Blank secrets are passed over. Wiring mistakes panic as in [HMAC.New].
//
// The work is bounded, to 8 secrets and 256 MiB through a hash, but that is a
// thousand times what it takes to refuse: diagnose what a person asks about, or
// a few of the deliveries that fail, not each one that a stranger sends.
func Diagnose(s HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) Diagnosis {
	d := &diagnosing{scheme: s, header: h, body: body, budget: diagnosingBudget}
	for i, secret := range secrets {
		if len(bytes.TrimSpace(secret)) > 0 && len(d.secrets) < maxSecrets {
			d.secrets = append(d.secrets, candidateSecret{i, secret})
		}
	}
	if len(d.secrets) == 0 {
		return Diagnosis{ReasonNoSecret, "there is no secret to verify with, or it is blank", -1, 0}
	}
	for _, find := range []func() (Diagnosis, bool){
		func() (Diagnosis, bool) { return d.verify(now, tolerance) },
		d.headerCase,
		d.secretChanged,
		d.bodyReencoded,
		d.ambiguous,
		d.otherScheme,
		d.unreadable,
		d.bodyCut,
	} {
		if found, ok := find(); ok {
			return found
		}
	}
	return Diagnosis{ReasonUnknown, "the signature was made with another secret, or of other bytes, and none of the usual mistakes explains it", -1, 0}
}

type diagnosing struct {
	scheme  HMAC
	header  http.Header
	body    []byte
	secrets []candidateSecret
	budget  int
}

type candidateSecret struct {
	index int
	bytes []byte
}

func (c candidateSecret) String() string {
	if c.index == 0 {
		return "the secret"
	}
	return fmt.Sprintf("secrets[%d]", c.index)
}

// right says whether the MAC is that of body under a key, at whatever time.
func (d *diagnosing) right(key, body []byte) bool {
	if d.budget -= len(body) + 256; d.budget < 0 || len(key) == 0 {
		return false
	}
	_, err := d.scheme.New(key).Pin(d.header, body)
	return err == nil
}

// verify is what the receiver did, with every secret.
func (d *diagnosing) verify(now time.Time, tolerance time.Duration) (Diagnosis, bool) {
	for _, c := range d.secrets {
		_, err := d.scheme.New(c.bytes).Verify(d.header, d.body, now, tolerance)
		late, expired := errors.AsType[*ExpiredError](err)
		switch {
		case err == nil && c.index == 0:
			return Diagnosis{ReasonNone, "the delivery verifies", 0, 0}, true
		case err == nil:
			return Diagnosis{ReasonOtherSecret, fmt.Sprintf("the signature is right with %v, not with the first", c), c.index, 0}, true
		case expired:
			return Diagnosis{ReasonClock, clockText(late, c), c.index, late.Skew}, true
		}
	}
	return Diagnosis{}, false
}

func clockText(late *ExpiredError, c candidateSecret) string {
	side := "behind"
	if late.Skew < 0 {
		side = "ahead of"
	}
	return fmt.Sprintf("the signature is right with %v, but its timestamp is %v %s the receiver's clock and %v are tolerated: a late retry, a replay, or a clock that is wrong",
		c, late.Skew.Abs().Round(time.Second), side, late.Tolerance)
}

// headerCase is for maps that did not come from net/http. What follows sees the
// canonical names.
func (d *diagnosing) headerCase() (Diagnosis, bool) {
	missing := errors.Is(d.scheme.Check(d.header), ErrMissing)
	d.header = canonical(d.header)
	if !missing || errors.Is(d.scheme.Check(d.header), ErrMissing) {
		return Diagnosis{}, false
	}
	for _, c := range d.secrets {
		if d.right(c.bytes, d.body) {
			return Diagnosis{ReasonHeaderCase, "the signature is right, but the names in the header map are not as http.CanonicalHeaderKey writes them, and are not found", c.index, 0}, true
		}
	}
	return Diagnosis{}, false
}

// secretChanged looks for what happens to a secret on its way from the vendor's
// page to the configuration.
func (d *diagnosing) secretChanged() (Diagnosis, bool) {
	if d.scheme.Check(d.header) != nil {
		return Diagnosis{}, false
	}
	for _, c := range d.secrets {
		for _, v := range secretVariants(c.bytes) {
			if d.right(v.bytes, d.body) {
				return Diagnosis{v.reason, fmt.Sprintf("the signature is right with %v %s", c, v.words), c.index, 0}, true
			}
		}
	}
	return Diagnosis{}, false
}

type secretVariant struct {
	reason Reason
	words  string
	bytes  []byte
}

func secretVariants(secret []byte) []secretVariant {
	var all []secretVariant
	add := func(reason Reason, words string, b []byte) { all = append(all, secretVariant{reason, words, b}) }
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(secret, []byte("\ufeff")))
	add(ReasonSecretSpace, string(SecretTrimmed), trimmed)
	add(ReasonSecretPrefix, "without the quotes around it", bytes.Trim(trimmed, "\"'`"))
	for i, cuts := 0, 0; i < len(trimmed)-1 && cuts < maxCuts; i++ {
		if strings.IndexByte("=: _-./", trimmed[i]) >= 0 {
			cuts++
			add(ReasonSecretPrefix, fmt.Sprintf("without its first %d bytes", i+1), bytes.Trim(trimmed[i+1:], " \t\"'`"))
		}
	}
	add(ReasonSecretPrefix, `with "whsec_" before it`, append([]byte("whsec_"), trimmed...))
	for _, k := range keys(secret) {
		add(reasonOf(k.form), string(k.form), k.bytes)
	}
	return all
}

func reasonOf(form SecretForm) Reason {
	switch form {
	case SecretAsGiven: // and the scheme is as it should be, but the header says too much
		return ReasonMalformed
	case SecretTrimmed:
		return ReasonSecretSpace
	case SecretUnprefixed:
		return ReasonSecretPrefix
	}
	return ReasonSecretEncoding
}

// bodyReencoded looks for middleware that reads the body, decodes it and hands
// on what it encodes again.
func (d *diagnosing) bodyReencoded() (Diagnosis, bool) {
	if len(d.body) > maxReencoded || d.scheme.Check(d.header) != nil {
		return Diagnosis{}, false
	}
	for words, body := range rewritings(d.body) {
		for _, c := range d.secrets {
			if d.right(c.bytes, body) {
				return Diagnosis{ReasonBodyReencoded, fmt.Sprintf("the signature is right with %v for the body %s: something has changed it on the way, most likely decoded and encoded it; verify the bytes as they were received", c, words), c.index, 0}, true
			}
		}
	}
	return Diagnosis{}, false
}

// ambiguous is for headers that are refused whatever they hold.
func (d *diagnosing) ambiguous() (Diagnosis, bool) {
	for name, values := range d.header {
		if len(values) > 1 && (strings.EqualFold(name, d.scheme.Header) || d.scheme.Header == "" && containsFold(name, d.scheme.HeaderWord)) {
			return Diagnosis{ReasonHeaderTwice, name + " is there twice: a proxy adds one, or somebody tries which of them is read", -1, 0}, true
		}
	}
	var c candidates
	if err := d.scheme.Check(d.header); errors.Is(err, ErrMalformed) && d.scheme.read(d.header, &c) == nil {
		return Diagnosis{ReasonTimestamp, err.Error(), -1, 0}, true
	}
	return Diagnosis{}, false
}

// otherScheme asks Detect, and of what it finds takes that which differs least.
func (d *diagnosing) otherScheme() (Diagnosis, bool) {
	search := newSearch(d.header)
	search.over(d.body)
	order := []Reason{ReasonMalformed, ReasonSecretSpace, ReasonSecretPrefix, ReasonSecretEncoding, ReasonEncoding, ReasonOtherHeader, ReasonOtherScheme}
	best := Diagnosis{Secret: -1}
	for _, c := range d.secrets {
		for _, found := range search.run(c.bytes, max(d.budget, 0)/len(d.secrets)) {
			reason := d.difference(found)
			if best.Reason == "" || slices.Index(order, reason) < slices.Index(order, best.Reason) {
				best = Diagnosis{reason, fmt.Sprintf("the signature is right with %v, but not as %v: it is in %v", c, d.scheme, found), c.index, 0}
			}
		}
	}
	return best, best.Reason != ""
}

// difference says in what the scheme that was found is another.
func (d *diagnosing) difference(found Detection) Reason {
	s, f := &d.scheme, &found.Scheme
	header := strings.EqualFold(s.Header, f.Header) || s.Header == "" && containsFold(f.Header, s.HeaderWord)
	prefix := f.Prefix == s.Prefix || slices.Contains(s.OtherPrefixes, f.Prefix)
	switch {
	case !found.Expressible() || s.hash() != f.hash() || s.Member != f.Member || !strings.EqualFold(s.TimestampHeader, f.TimestampHeader):
		return ReasonOtherScheme
	case !header:
		return ReasonOtherHeader
	case !prefix || s.encoding()&f.encoding() == 0:
		return ReasonEncoding
	}
	return reasonOf(found.Secret)
}

// unreadable is for what no secret can make good, where nothing better is
// known.
func (d *diagnosing) unreadable() (Diagnosis, bool) {
	var c candidates
	header := d.scheme.read(d.header, &c)
	_, member := d.scheme.Signed(d.body)
	switch {
	case errors.Is(header, ErrMissing):
		if likely := LikelyHeaders(d.header); len(likely) > 0 {
			return Diagnosis{ReasonOtherHeader, fmt.Sprintf("%v; but %s looks like one, though it matches no secret", header, strings.Join(likely, ", ")), -1, 0}, true
		}
		return Diagnosis{ReasonHeaderMissing, header.Error() + ", and no other header looks like one: the sender does not sign, or a proxy drops the header", -1, 0}, true
	case header != nil:
		return Diagnosis{ReasonMalformed, header.Error(), -1, 0}, true
	case d.scheme.Check(d.header) != nil:
		return Diagnosis{ReasonTimestamp, d.scheme.Check(d.header).Error(), -1, 0}, true
	case member != nil && len(d.body) > 0:
		return Diagnosis{ReasonBodyMember, member.Error(), -1, 0}, true
	}
	return Diagnosis{}, false
}

// bodyCut is for a body that is not what was sent, as its length tells.
func (d *diagnosing) bodyCut() (Diagnosis, bool) {
	declared, err := strconv.Atoi(d.header.Get("Content-Length"))
	switch {
	case len(d.body) == 0:
		return Diagnosis{ReasonBodyLength, "the body is empty: something has read it before", -1, 0}, true
	case err == nil && declared != len(d.body):
		return Diagnosis{ReasonBodyLength, fmt.Sprintf("the body has %d bytes, where its Content-Length says %d: it was cut, read in part or written again", len(d.body), declared), -1, 0}, true
	}
	return Diagnosis{}, false
}
