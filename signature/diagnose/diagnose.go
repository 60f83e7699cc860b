package diagnose

import (
	"bytes"
	"cmp"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atshooks/atshooks/signature"
)

// Diagnosis says why a delivery does not verify.
type Diagnosis struct {
	Reason Reason // for programs
	Text   string // a sentence about it, for people
}

// String returns the reason and the sentence.
func (d Diagnosis) String() string { return string(d.Reason) + ": " + d.Text }

// Reason is a Diagnosis in one word. Later versions may add more.
type Reason string

// The reasons, the most certain first.
const (
	ReasonNone           Reason = "none"               // the delivery verifies
	ReasonOtherSecret    Reason = "other-secret"       // the MAC is right with a secret that is not the first
	ReasonClock          Reason = "clock"              // the MAC is right, but the timestamp is too far from now
	ReasonHeaderCase     Reason = "header-case"        // the MAC is right, but names in the header map are not canonical
	ReasonSecretSpace    Reason = "secret-white-space" // the MAC is right without the white space around the secret
	ReasonSecretPrefix   Reason = "secret-prefix"      // the MAC is right with less than was pasted as the secret, or with "whsec_" before it
	ReasonSecretEncoding Reason = "secret-encoding"    // the MAC is right with the secret decoded from hex or base64
	ReasonBodyReencoded  Reason = "body-reencoded"     // the MAC is that of the same JSON written in another way
	ReasonEncoding       Reason = "encoding"           // the MAC is right in another encoding or after another prefix
	ReasonOtherHeader    Reason = "other-header"       // another header has the MAC, or something that looks like one
	ReasonOtherScheme    Reason = "other-scheme"       // the MAC is right with another hash function or over other bytes
	ReasonHeaderMissing  Reason = "header-missing"     // no header looks like a signature
	ReasonHeaderTwice    Reason = "header-twice"       // the signature's header appears twice
	ReasonMalformed      Reason = "malformed"          // the header does not contain a MAC of the scheme
	ReasonTimestamp      Reason = "timestamp"          // the timestamp is missing, unreadable or appears twice
	ReasonBodyMember     Reason = "body-member"        // the body lacks the member that is signed
	ReasonBodyLength     Reason = "body-length"        // the body is empty, or not as long as it was sent
	ReasonNoSecret       Reason = "no-secret"          // there is no secret, or it is blank
	ReasonUnknown        Reason = "unknown"            // another secret, or other bytes
)

// The bounds of a diagnosis.
const (
	maxSecrets   = 8         // that are tried
	maxCuts      = 8         // places at which a prefix of the secret may end
	maxReencoded = 256 << 10 // bytes of a body that is written in other ways
)

// Text returns the result of [Diagnose] as one line, beginning with the reason:
// "none: the delivery verifies" if nothing is wrong. It fits the field Diagnose of
// event.Options.
func Text(s signature.HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) string {
	return Diagnose(s, h, body, now, tolerance, secrets...).String()
}

// Diagnose finds out why a delivery does not verify. It repeats
// [signature.Verifier.Verify], with the same now and tolerance, and then tries one
// usual mistake after another until the MAC is right. The first secret is the one
// in use; the others are further candidates, such as that of a test account. Blank
// secrets are skipped. The scheme must be valid.
//
// The work is bounded, but it is a thousand times that of rejecting a delivery.
// Diagnose a few of the deliveries that fail, not everything that strangers send.
func Diagnose(s signature.HMAC, h http.Header, body []byte, now time.Time, tolerance time.Duration, secrets ...[]byte) Diagnosis {
	d := &diagnosis{scheme: s, header: h, body: body, budget: maxHashed}
	for i, secret := range secrets {
		if len(bytes.TrimSpace(secret)) > 0 && len(d.secrets) < maxSecrets {
			d.secrets = append(d.secrets, numbered{i, secret})
		}
	}
	if len(d.secrets) == 0 {
		return Diagnosis{ReasonNoSecret, "there is no secret to verify with, or it is blank"}
	}
	for _, find := range []func() Diagnosis{
		func() Diagnosis { return d.verify(now, tolerance) },
		d.headerCase,
		d.secretChanged,
		d.bodyReencoded,
		d.ambiguous,
		d.otherScheme,
		d.unreadable,
		d.bodyCut,
	} {
		if found := find(); found.Reason != "" {
			return found
		}
	}
	return Diagnosis{ReasonUnknown, "the signature was made with another secret or over other bytes, and none of the usual mistakes explains it"}
}

// diagnosis is one call of Diagnose.
type diagnosis struct {
	scheme  signature.HMAC
	header  http.Header
	body    []byte
	secrets []numbered
	budget  int // bytes that may still be put through a hash
}

// numbered is a secret and its place in the caller's list.
type numbered struct {
	index int
	bytes []byte
}

func (n numbered) String() string {
	if n.index == 0 {
		return "the secret"
	}
	return fmt.Sprintf("secrets[%d]", n.index)
}

// right reports whether the MAC is that of body with this key, at whatever time.
func (d *diagnosis) right(key, body []byte) bool {
	if d.budget -= len(body) + 256; d.budget < 0 || d.scheme.CheckSecret(key) != nil {
		return false
	}
	_, err := d.scheme.New(key).Narrow(d.header, body)
	return err == nil
}

// rejected returns the error for headers that no secret can make right.
func (d *diagnosis) rejected() error {
	_, err := d.scheme.Parse(d.header)
	return err
}

// verify is what the handler did, with every secret.
func (d *diagnosis) verify(now time.Time, tolerance time.Duration) Diagnosis {
	for _, s := range d.secrets {
		if d.scheme.CheckSecret(s.bytes) != nil {
			continue
		}
		_, err := d.scheme.New(s.bytes).Verify(d.header, d.body, now, tolerance)
		late, expired := errors.AsType[*signature.ExpiredError](err)
		switch {
		case err == nil && s.index == 0:
			return Diagnosis{ReasonNone, "the delivery verifies"}
		case err == nil:
			return Diagnosis{ReasonOtherSecret, fmt.Sprintf("the signature is right with %v, not with the first", s)}
		case expired:
			return Diagnosis{ReasonClock, clockText(late, s)}
		}
	}
	return Diagnosis{}
}

func clockText(late *signature.ExpiredError, s numbered) string {
	side := "behind"
	if late.Skew < 0 {
		side = "ahead of"
	}
	return fmt.Sprintf("the signature is right with %v, but its timestamp is %v %s the receiver's clock, and at most %v is accepted: a late retry, a replay, or a clock that is wrong",
		s, late.Skew.Abs().Round(time.Second), side, late.Tolerance)
}

// headerCase is for maps that net/http did not make. The later steps see the
// canonical names.
func (d *diagnosis) headerCase() Diagnosis {
	missing := errors.Is(d.rejected(), signature.ErrMissing)
	d.header = canonical(d.header)
	if !missing || errors.Is(d.rejected(), signature.ErrMissing) {
		return Diagnosis{}
	}
	for _, s := range d.secrets {
		if d.right(s.bytes, d.body) {
			return Diagnosis{ReasonHeaderCase, fmt.Sprintf("the signature is right with %v, but the names in the header map are not as http.CanonicalHeaderKey writes them, and so are not found", s)}
		}
	}
	return Diagnosis{}
}

// secretChanged looks for what happens to a secret between the vendor's page and
// the configuration.
func (d *diagnosis) secretChanged() Diagnosis {
	if d.rejected() != nil {
		return Diagnosis{}
	}
	for _, s := range d.secrets {
		for _, v := range secretVariants(s.bytes) {
			if d.right(v.bytes, d.body) {
				return Diagnosis{v.reason, fmt.Sprintf("the signature is right with %v %s", s, v.words)}
			}
		}
	}
	return Diagnosis{}
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
	for _, k := range keysOf(secret) {
		switch k.form {
		case SecretFromHex, SecretFromBase64, SecretUnprefixedDecoded:
			add(ReasonSecretEncoding, string(k.form), k.bytes)
		}
	}
	return all
}

// bodyReencoded looks for what stands before the handler and passes on another
// text for the body.
func (d *diagnosis) bodyReencoded() Diagnosis {
	if len(d.body) > maxReencoded || d.rejected() != nil {
		return Diagnosis{}
	}
	for words, body := range variants(d.body) {
		for _, s := range d.secrets {
			if d.right(s.bytes, body) {
				return Diagnosis{ReasonBodyReencoded, fmt.Sprintf("the signature is right with %v for the body %s: something on the way has rewritten it; verify the bytes that the vendor sent", s, words)}
			}
		}
	}
	return Diagnosis{}
}

// ambiguous is for headers that are rejected whatever the secret is.
func (d *diagnosis) ambiguous() Diagnosis {
	if name := http.CanonicalHeaderKey(d.scheme.Header); len(d.header[name]) > 1 {
		return Diagnosis{ReasonHeaderTwice, name + " appears twice: a proxy adds one, or somebody tests which of them is read"}
	}
	if err := d.rejected(); errors.Is(err, signature.ErrMalformed) && d.headerError() == nil {
		return Diagnosis{ReasonTimestamp, err.Error()}
	}
	return Diagnosis{}
}

// headerError is what is wrong with the signature's header alone.
func (d *diagnosis) headerError() error {
	s := d.scheme
	s.TimestampHeader = ""
	_, err := s.Parse(d.header)
	return err
}

// otherScheme takes what differs least of what Detect finds.
func (d *diagnosis) otherScheme() Diagnosis {
	search := newSearch(d.header)
	search.collect(d.body)
	order := []Reason{ReasonEncoding, ReasonOtherHeader, ReasonOtherScheme}
	var best Diagnosis
	for _, s := range d.secrets {
		for _, found := range search.run(s.bytes, max(d.budget, 0)/len(d.secrets)) {
			reason := d.difference(found)
			if best.Reason == "" || slices.Index(order, reason) < slices.Index(order, best.Reason) {
				best = Diagnosis{reason, fmt.Sprintf("the signature is right with %v when read as %v", s, found)}
			}
		}
	}
	return best
}

// difference returns what is different about the scheme that was found. The same
// scheme with the same secret would have verified.
func (d *diagnosis) difference(found Detection) Reason {
	s, f := &d.scheme, &found.Scheme
	switch {
	case found.Beyond != "" || cmp.Or(s.Hash, crypto.SHA256) != cmp.Or(f.Hash, crypto.SHA256) || s.Member != f.Member || !strings.EqualFold(s.TimestampHeader, f.TimestampHeader):
		return ReasonOtherScheme
	case !strings.EqualFold(s.Header, f.Header):
		return ReasonOtherHeader
	}
	return ReasonEncoding
}

// unreadable is for what no secret can make right, if nothing better is known.
func (d *diagnosis) unreadable() Diagnosis {
	header := d.headerError()
	_, member := d.scheme.Signed(d.body)
	switch {
	case errors.Is(header, signature.ErrMissing):
		if likely := LikelyHeaders(d.header); len(likely) > 0 {
			return Diagnosis{ReasonOtherHeader, fmt.Sprintf("%v; %s looks like one, but it matches no secret", header, strings.Join(likely, ", "))}
		}
		return Diagnosis{ReasonHeaderMissing, header.Error() + ", and no other header looks like one: the sender does not sign, or a proxy drops the header"}
	case header != nil:
		return Diagnosis{ReasonMalformed, header.Error()}
	case d.rejected() != nil:
		return Diagnosis{ReasonTimestamp, d.rejected().Error()}
	case member != nil && len(d.body) > 0:
		return Diagnosis{ReasonBodyMember, member.Error()}
	}
	return Diagnosis{}
}

// bodyCut is for a body that is not what was sent, judging by its length.
func (d *diagnosis) bodyCut() Diagnosis {
	declared, err := strconv.Atoi(d.header.Get("Content-Length"))
	switch {
	case len(d.body) == 0:
		return Diagnosis{ReasonBodyLength, "the body is empty: something has read it before"}
	case err == nil && declared != len(d.body):
		return Diagnosis{ReasonBodyLength, fmt.Sprintf("the body has %d bytes, but its Content-Length is %d: it was cut, read in part or written again", len(d.body), declared)}
	}
	return Diagnosis{}
}
