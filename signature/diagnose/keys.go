package diagnose

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"slices"
	"strings"

	"github.com/atshooks/atshooks/signature"
)

// key is a secret in one of its forms.
type key struct {
	form  SecretForm
	bytes []byte
	given []byte // the secret itself, trimmed
	macs  map[crypto.Hash]hash.Hash
}

// sum is nil if the key cannot be used with the hash function.
func (k *key) sum(f crypto.Hash, t signedText) []byte {
	mac, ok := k.macs[f]
	if !ok {
		if (signature.HMAC{Header: "Mac", Hash: f}).CheckSecret(k.bytes) == nil {
			mac = hmac.New(f.New, k.bytes)
		}
		k.macs[f] = mac
	}
	if mac == nil {
		return nil
	}
	mac.Reset()
	for _, p := range t.parts {
		mac.Write(p)
	}
	return mac.Sum(nil)
}

// isIn reports whether text, which would be shown, contains the secret. A very
// short secret is found in many texts.
func (k *key) isIn(text string) bool {
	return len(k.given) >= 4 && strings.Contains(text, string(k.given)) || len(k.bytes) >= 4 && strings.Contains(text, string(k.bytes))
}

// keysOf returns the forms of a secret, without repetitions and blank ones.
func keysOf(secret []byte) []key {
	var all []key
	given := bytes.TrimSpace(secret)
	add := func(form SecretForm, b []byte) {
		same := func(k key) bool { return bytes.Equal(k.bytes, b) }
		if len(bytes.TrimSpace(b)) > 0 && !slices.ContainsFunc(all, same) {
			all = append(all, key{form, b, given, map[crypto.Hash]hash.Hash{}})
		}
	}
	add(SecretAsGiven, secret)
	add(SecretTrimmed, given)
	if b, err := hex.DecodeString(string(given)); err == nil {
		add(SecretFromHex, b)
	}
	add(SecretFromBase64, decodeBase64(given))
	if rest, ok := bytes.CutPrefix(given, []byte("whsec_")); ok {
		add(SecretUnprefixed, rest)
		add(SecretUnprefixedDecoded, decodeBase64(rest))
	}
	return all
}

// decodeBase64 reads either alphabet, with and without padding. It returns nil
// for what is not base64.
func decodeBase64(text []byte) []byte {
	s := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(string(text), "="))
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil
	}
	return b
}
