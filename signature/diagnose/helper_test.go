package diagnose

import (
	"crypto"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/signature"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// vendor is one delivery of a vendor, signed with OpenSSL 3.0.19 and not with Go:
//
//	printf %s BODY | openssl dgst -sha256 -hmac SECRET
//
// with -sha1 and the value of data alone as BODY for KeldairHR, and with the
// timestamp and a full stop before the body for Kit.
type vendor struct {
	secret string
	header http.Header
	body   string
}

const hiresBody = `{"event":"candidate.hired","id":"e1"}`

var (
	kitScheme = signature.HMAC{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"}
	// kitTime is that of Kit's delivery.
	kitTime = time.Date(2025, 1, 15, 14, 30, 0, 0, time.UTC)
)

func vendors() []vendor {
	const keldairBody = `{"id":"8f3c","type":"new-hire-file.completed", "data": {"id":7,"lastName":"Doe"} }`
	hires := func(value string) vendor {
		return vendor{"hires-secret", header("X-Hires-Signature-V2", value), hiresBody}
	}
	return []vendor{
		{"comeet-secret", header("Signature", "sha256 315a09604e25f0cd8b032a3790be3968c9dc0464ee5dbc83da39925868d85b1b"), `{"comeet_id":"4E.96C","first_name":"Ada"}`},
		{"kombo-secret", header("X-Kombo-Signature", "aCfbQsjsrWZcqCJs-TMgtWKbp7ipRod_T2-VbQSJJEI"), `{"id":"evt_1","type":"data-changed","data":{"integration_id":"workday:1"}}`},
		{"keldair-secret", header("X-KeldairHR-Auth", "fb2c1b5195e8204f609d489a6d62d7e37f054b91"), keldairBody},
		{"keldair-secret", header("X-KeldairHR-Auth", "+ywbUZXoIE9gnUiabWLX438FS5E="), keldairBody},
		{"kit-secret", header("X-Webhook-Signature", "a98c5c54e82e74e567fda2c6f913009410dfd1c798d402ebc6b4e0826ad7265b", "X-Webhook-Timestamp", "2025-01-15T14:30:00Z"),
			`{"event":"test.ping","created_at":"2025-01-15T14:30:00Z","data":{}}`},
		hires("1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762"),
		hires("sha256=1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762"),
		hires("sha256 Hoivuu0FfvGnD4wREHZhR0N+tRVngTxazs0wi97j92I="),
		hires("Hoivuu0FfvGnD4wREHZhR0N+tRVngTxazs0wi97j92I"),
		hires("Hoivuu0FfvGnD4wREHZhR0N-tRVngTxazs0wi97j92I="),
		hires("Hoivuu0FfvGnD4wREHZhR0N-tRVngTxazs0wi97j92I"),
	}
}

// everyScheme is all that an HMAC can express, with each hash function that is
// tried and a few encodings.
func everyScheme() []signature.HMAC {
	var all []signature.HMAC
	for _, hash := range []crypto.Hash{0, crypto.SHA1, crypto.SHA512} {
		for e := signature.Hex; e <= signature.PaddedBase64URL; e <<= 1 {
			all = append(all,
				signature.HMAC{Header: "X-Sig", Prefix: "sha256=", Hash: hash, Encoding: e},
				signature.HMAC{Header: "X-Signature", OtherPrefixes: []string{"v0="}, Hash: hash, Encoding: e},
				signature.HMAC{Header: "x-sig", TimestampHeader: "X-Time", Hash: hash, Encoding: e, Member: "data"},
				signature.HMAC{Header: "X-Sig", TimestampHeader: "X-Time", SignUnixTime: true, Hash: hash, Encoding: e},
			)
		}
	}
	return all
}

// noise are headers that every delivery has, some with what looks like a
// timestamp, an id or a MAC.
func noise(h http.Header) http.Header {
	h = h.Clone()
	if h == nil {
		h = http.Header{}
	}
	for name, value := range map[string]string{
		"Accept-Encoding": "gzip", "Content-Length": "41", "Content-Type": "application/json", "User-Agent": "Vendor/1.0",
		"Date":          "Wed, 15 Jan 2025 14:30:00 GMT",
		"Authorization": "Bearer eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG_HACGpVUMN_a9IV7pAx_Zmeo",
		"Traceparent":   "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"X-Request-Id":  "0d1e6c2a-9a4f-4d0c-8a51-0c1f4b1f7a11",
		"X-Git-Commit":  "01dc10d0c83e72ed246219cdd91669667fe2ca5f",
		"Etag":          `"dGhpcyBpcyBub3QgYSBzaWduYXR1cmUgYXQgYWxsISE="`,
	} {
		if h.Get(name) == "" {
			h.Set(name, value)
		}
	}
	return h
}
