package signature

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// The vectors of RFC 4231 §4.2 to §4.8 without case 5, whose output is cut
// short, and those of RFC 2202 §3. Cases 2 to 4 have the same keys and data in
// both.
func TestKnownAnswersOfTheRFCs(t *testing.T) {
	var (
		key4       = mustHex(t, "0102030405060708090a0b0c0d0e0f10111213141516171819")
		hashFirst  = "Test Using Larger Than Block-Size Key - Hash Key First"
		largerData = "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm."
		jefe       = "what do ya want for nothing?"
	)
	for _, tt := range []struct {
		name string
		hash crypto.Hash
		key  []byte
		data string
		want string
	}{
		{"RFC 4231 case 1, SHA-224", crypto.SHA224, repeat(0x0b, 20), "Hi There", "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"},
		{"RFC 4231 case 1, SHA-256", crypto.SHA256, repeat(0x0b, 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"RFC 4231 case 1, SHA-384", crypto.SHA384, repeat(0x0b, 20), "Hi There", "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
		{"RFC 4231 case 1, SHA-512", crypto.SHA512, repeat(0x0b, 20), "Hi There", "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"},
		{"RFC 4231 case 2, SHA-224", crypto.SHA224, []byte("Jefe"), jefe, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
		{"RFC 4231 case 2, the default hash", 0, []byte("Jefe"), jefe, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"RFC 4231 case 2, SHA-384", crypto.SHA384, []byte("Jefe"), jefe, "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
		{"RFC 4231 case 2, SHA-512", crypto.SHA512, []byte("Jefe"), jefe, "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"},
		{"RFC 4231 case 3, SHA-224", crypto.SHA224, repeat(0xaa, 20), string(repeat(0xdd, 50)), "7fb3cb3588c6c1f6ffa9694d7d6ad2649365b0c1f65d69d1ec8333ea"},
		{"RFC 4231 case 3, SHA-256", crypto.SHA256, repeat(0xaa, 20), string(repeat(0xdd, 50)), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"RFC 4231 case 3, SHA-384", crypto.SHA384, repeat(0xaa, 20), string(repeat(0xdd, 50)), "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27"},
		{"RFC 4231 case 3, SHA-512", crypto.SHA512, repeat(0xaa, 20), string(repeat(0xdd, 50)), "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb"},
		{"RFC 4231 case 4, SHA-224", crypto.SHA224, key4, string(repeat(0xcd, 50)), "6c11506874013cac6a2abc1bb382627cec6a90d86efc012de7afec5a"},
		{"RFC 4231 case 4, SHA-256", crypto.SHA256, key4, string(repeat(0xcd, 50)), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{"RFC 4231 case 4, SHA-384", crypto.SHA384, key4, string(repeat(0xcd, 50)), "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb"},
		{"RFC 4231 case 4, SHA-512", crypto.SHA512, key4, string(repeat(0xcd, 50)), "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd"},
		{"RFC 4231 case 6, SHA-224", crypto.SHA224, repeat(0xaa, 131), hashFirst, "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e"},
		{"RFC 4231 case 6, SHA-256", crypto.SHA256, repeat(0xaa, 131), hashFirst, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{"RFC 4231 case 6, SHA-384", crypto.SHA384, repeat(0xaa, 131), hashFirst, "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"},
		{"RFC 4231 case 6, SHA-512", crypto.SHA512, repeat(0xaa, 131), hashFirst, "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598"},
		{"RFC 4231 case 7, SHA-224", crypto.SHA224, repeat(0xaa, 131), largerData, "3a854166ac5d9f023f54d517d0b39dbd946770db9c2b95c9f6f565d1"},
		{"RFC 4231 case 7, SHA-256", crypto.SHA256, repeat(0xaa, 131), largerData, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
		{"RFC 4231 case 7, SHA-384", crypto.SHA384, repeat(0xaa, 131), largerData, "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e"},
		{"RFC 4231 case 7, SHA-512", crypto.SHA512, repeat(0xaa, 131), largerData, "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58"},
		{"RFC 2202 case 1", crypto.SHA1, repeat(0x0b, 20), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"},
		{"RFC 2202 case 2", crypto.SHA1, []byte("Jefe"), jefe, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
		{"RFC 2202 case 3", crypto.SHA1, repeat(0xaa, 20), string(repeat(0xdd, 50)), "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
		{"RFC 2202 case 4", crypto.SHA1, key4, string(repeat(0xcd, 50)), "4c9007f4026250c6bc8414f9bf50c86c2d7235da"},
		{"RFC 2202 case 5", crypto.SHA1, repeat(0x0c, 20), "Test With Truncation", "4c1a03424b55e07fe7f27be1d58bb9324a9a5a04"},
		{"RFC 2202 case 6", crypto.SHA1, repeat(0xaa, 80), hashFirst, "aa4ae5e15272d00e95705637ce8a3b55ed402112"},
		{"RFC 2202 case 7", crypto.SHA1, repeat(0xaa, 80), "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", "e8e99d0f45237d786d6bbaa7965c7808bbff1a91"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := HMAC{Header: "Signature", Hash: tt.hash}.New(tt.key)
			if _, err := v.Verify(header("Signature", tt.want), []byte(tt.data), time.Now(), 0); err != nil {
				t.Error(err)
			}
			h := http.Header{}
			if err := v.Sign(h, []byte(tt.data), time.Now()); err != nil || h.Get("Signature") != tt.want {
				t.Errorf("signed as %s, %v; want %s", h.Get("Signature"), err, tt.want)
			}
		})
	}
}

func repeat(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vendor is one delivery as a vendor of this module signs it. The MACs were
// made with OpenSSL 3.0.19 and coreutils, not with Go:
//
//	printf %s BODY | openssl dgst -sha256 -hmac SECRET                               hex
//	printf %s BODY | openssl dgst -sha256 -hmac SECRET -binary | base64              base64
//	printf %s BODY | openssl dgst -sha256 -hmac SECRET -binary | basenc --base64url  base64url; without padding: | tr -d =
//
// with -sha1 and the value of data alone as BODY for KeldairHR, and with the
// timestamp and a full stop before the body for Kit.
type vendor struct {
	name   string
	scheme HMAC
	secret string
	header http.Header
	body   string
	signed string // what the MAC covers; "" is the body
}

const (
	comeetBody  = `{"comeet_id":"4E.96C","first_name":"Ada"}`
	komboBody   = `{"id":"evt_1","type":"data-changed","data":{"integration_id":"workday:1"}}`
	keldairData = `{"id":7,"lastName":"Doe"}`
	keldairBody = `{"id":"8f3c","type":"new-hire-file.completed", "data": ` + keldairData + ` }`
	kitBody     = `{"event":"test.ping","created_at":"2025-01-15T14:30:00Z","data":{}}`
	hiresBody   = `{"event":"candidate.hired","id":"e1"}`
)

var (
	comeetScheme  = HMAC{Header: "Signature", Prefix: "sha256 "}
	komboScheme   = HMAC{Header: "X-Kombo-Signature", Encoding: Base64URL}
	keldairScheme = HMAC{Header: "X-KeldairHR-Auth", Hash: crypto.SHA1, Encoding: Hex | Base64, Member: "data"}
	hiresScheme   = HMAC{
		Header:        "X-Hires-Signature-V2",
		OtherPrefixes: []string{"sha256=", "sha256 "},
		Encoding:      Hex | Base64 | Base64URL | RawBase64 | PaddedBase64URL,
	}
	kitScheme = HMAC{Header: "X-Webhook-Signature", TimestampHeader: "X-Webhook-Timestamp"}

	// kitTime is that of the delivery signed by Kit.
	kitTime = time.Date(2025, 1, 15, 14, 30, 0, 0, time.UTC)
)

func vendors() []vendor {
	hires := func(value string) vendor {
		return vendor{"", hiresScheme, "hires-secret", header("X-Hires-Signature-V2", value), hiresBody, ""}
	}
	named := func(name string, v vendor) vendor { v.name = name; return v }
	return []vendor{
		{"Comeet", comeetScheme, "comeet-secret",
			header("Signature", "sha256 315a09604e25f0cd8b032a3790be3968c9dc0464ee5dbc83da39925868d85b1b"), comeetBody, ""},
		{"Kombo", komboScheme, "kombo-secret",
			header("X-Kombo-Signature", "aCfbQsjsrWZcqCJs-TMgtWKbp7ipRod_T2-VbQSJJEI"), komboBody, ""},
		{"KeldairHR in hex", keldairScheme, "keldair-secret",
			header("X-KeldairHR-Auth", "fb2c1b5195e8204f609d489a6d62d7e37f054b91"), keldairBody, keldairData},
		{"KeldairHR in base64", keldairScheme, "keldair-secret",
			header("X-KeldairHR-Auth", "+ywbUZXoIE9gnUiabWLX438FS5E="), keldairBody, keldairData},
		{"Kit", kitScheme, "kit-secret",
			header("X-Webhook-Signature", "a98c5c54e82e74e567fda2c6f913009410dfd1c798d402ebc6b4e0826ad7265b", "X-Webhook-Timestamp", "2025-01-15T14:30:00Z"), kitBody, ""},
		named("100Hires in hex", hires("1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762")),
		named("100Hires in hex after sha256=", hires("sha256=1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762")),
		named("100Hires in base64 after sha256 and a blank", hires("sha256 Hoivuu0FfvGnD4wREHZhR0N+tRVngTxazs0wi97j92I=")),
		named("100Hires in base64 without padding", hires("Hoivuu0FfvGnD4wREHZhR0N+tRVngTxazs0wi97j92I")),
		named("100Hires in base64url", hires("Hoivuu0FfvGnD4wREHZhR0N-tRVngTxazs0wi97j92I=")),
		named("100Hires in base64url without padding", hires("Hoivuu0FfvGnD4wREHZhR0N-tRVngTxazs0wi97j92I")),
	}
}

func TestKnownAnswersOfTheVendors(t *testing.T) {
	for _, tt := range vendors() {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.scheme.Parse(tt.header); err != nil {
				t.Errorf("Parse: %v", err)
			}
			signed, err := tt.scheme.New([]byte(tt.secret)).Verify(tt.header, []byte(tt.body), kitTime, 0)
			if err != nil {
				t.Fatal(err)
			}
			want := tt.signed
			if want == "" {
				want = tt.body
			}
			if string(signed) != want {
				t.Errorf("signed is %q, want %q", signed, want)
			}
		})
	}
}

// What is rejected before the body is read, and what after.
func TestRejects(t *testing.T) {
	const (
		comeetMAC = "315a09604e25f0cd8b032a3790be3968c9dc0464ee5dbc83da39925868d85b1b"
		komboMAC  = "aCfbQsjsrWZcqCJs-TMgtWKbp7ipRod_T2-VbQSJJEI"
		kitMAC    = "a98c5c54e82e74e567fda2c6f913009410dfd1c798d402ebc6b4e0826ad7265b"
		hexMAC    = "1e88afbaed057ef1a70f8c1110766147437eb51567813c5acecd308bdee3f762"
		stamp     = "2025-01-15T14:30:00Z"
	)
	at := func(d time.Duration) time.Time { return kitTime.Add(d) }
	comeet := func(value string) http.Header { return header("Signature", value) }
	kombo := func(value string) http.Header { return header("X-Kombo-Signature", value) }
	kit := func(mac, stamp string) http.Header {
		return header("X-Webhook-Signature", mac, "X-Webhook-Timestamp", stamp)
	}
	for _, tt := range []struct {
		name   string
		scheme HMAC
		secret string
		header http.Header
		body   string
		now    time.Time
		parse  error // of Parse
		verify error // of Verify
	}{
		{"no header at all", comeetScheme, "comeet-secret", http.Header{}, comeetBody, kitTime, ErrMissing, ErrMissing},
		{"no header map", comeetScheme, "comeet-secret", nil, comeetBody, kitTime, ErrMissing, ErrMissing},
		{"another header", comeetScheme, "comeet-secret", header("X-Signature", "sha256 "+comeetMAC), comeetBody, kitTime, ErrMissing, ErrMissing},
		{"an empty header", comeetScheme, "comeet-secret", comeet(""), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"a header without values", comeetScheme, "comeet-secret", http.Header{"Signature": {}}, comeetBody, kitTime, ErrMissing, ErrMissing},
		{"the header twice, both right", comeetScheme, "comeet-secret", header("Signature", "sha256 "+comeetMAC, "Signature", "sha256 "+comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the header twice, one right", comeetScheme, "comeet-secret", header("Signature", "sha256 "+comeetMAC, "Signature", "x"), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"two signatures in one header", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC + ", sha256 " + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"one digit too few", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC[:63]), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"one byte too few", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC[:62]), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"one digit too many", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC + "0"), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"one byte too many", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC + "00"), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"white space behind", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC + " "), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"a letter that is no digit", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC[:63] + "g"), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"a NUL for a digit", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC[:63] + "\x00"), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"upper-case hex is accepted", comeetScheme, "comeet-secret", comeet("sha256 " + strings.ToUpper(comeetMAC)), comeetBody, kitTime, nil, nil},
		{"mixed-case hex is accepted", comeetScheme, "comeet-secret", comeet("sha256 " + strings.ToUpper(comeetMAC[:32]) + comeetMAC[32:]), comeetBody, kitTime, nil, nil},
		{"base64 where hex is due", comeetScheme, "comeet-secret", comeet("sha256 MVoJYE4l8M2LAyo3kL45aMncBGTuXbyD2jmSWGjYWxs="), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the prefix missing", comeetScheme, "comeet-secret", comeet(comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the prefix doubled", comeetScheme, "comeet-secret", comeet("sha256 sha256 " + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the prefix in another case", comeetScheme, "comeet-secret", comeet("SHA256 " + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the prefix without its blank", comeetScheme, "comeet-secret", comeet("sha256" + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"the prefix with two blanks", comeetScheme, "comeet-secret", comeet("sha256  " + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"another prefix", comeetScheme, "comeet-secret", comeet("sha512 " + comeetMAC), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"nothing but the prefix", comeetScheme, "comeet-secret", comeet("sha256 "), comeetBody, kitTime, ErrMalformed, ErrMalformed},
		{"a prefix where none is due", komboScheme, "kombo-secret", kombo("sha256=" + komboMAC), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"another key", comeetScheme, "comeet-secreT", comeet("sha256 " + comeetMAC), comeetBody, kitTime, nil, ErrMismatch},
		{"the key with a newline", comeetScheme, "comeet-secret\n", comeet("sha256 " + comeetMAC), comeetBody, kitTime, nil, ErrMismatch},
		{"a bit of the body flipped", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC), flip(comeetBody, 20), kitTime, nil, ErrMismatch},
		{"the first bit of the signature flipped", comeetScheme, "comeet-secret", comeet("sha256 b" + comeetMAC[1:]), comeetBody, kitTime, nil, ErrMismatch},
		{"the last bit of the signature flipped", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC[:63] + "a"), comeetBody, kitTime, nil, ErrMismatch},
		{"the body cut by a byte", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC), comeetBody[:len(comeetBody)-1], kitTime, nil, ErrMismatch},
		{"no body", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC), "", kitTime, nil, ErrMismatch},
		{"a newline behind the body", comeetScheme, "comeet-secret", comeet("sha256 " + comeetMAC), comeetBody + "\n", kitTime, nil, ErrMismatch},

		{"base64url with padding where none is due", komboScheme, "kombo-secret", kombo(komboMAC + "="), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"the standard alphabet where base64url is due", komboScheme, "kombo-secret", kombo(strings.NewReplacer("-", "+", "_", "/").Replace(komboMAC)), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"final bits that are not zero", komboScheme, "kombo-secret", kombo(komboMAC[:42] + "J"), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"a line feed behind base64", komboScheme, "kombo-secret", kombo(komboMAC + "\n"), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"a line feed inside base64", komboScheme, "kombo-secret", kombo(komboMAC[:20] + "\n" + komboMAC[20:]), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"a line feed in place of a letter", komboScheme, "kombo-secret", kombo(komboMAC[:20] + "\n" + komboMAC[21:]), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"a carriage return in place of the last letter", komboScheme, "kombo-secret", kombo(komboMAC[:42] + "\r"), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"four line feeds in place of four letters", komboScheme, "kombo-secret", kombo(komboMAC[:39] + "\r\n\r\n"), komboBody, kitTime, ErrMalformed, ErrMalformed},
		{"hex where base64url is due", komboScheme, "kombo-secret", kombo(hexMAC), komboBody, kitTime, ErrMalformed, ErrMalformed},

		{"padded base64 with final bits that are not zero", keldairScheme, "keldair-secret", header("X-KeldairHR-Auth", "+ywbUZXoIE9gnUiabWLX438FS5F="), keldairBody, kitTime, ErrMalformed, ErrMalformed},
		{"padding in the middle", keldairScheme, "keldair-secret", header("X-KeldairHR-Auth", "+ywbUZXoIE9gnUiabWLX438F=S5E"), keldairBody, kitTime, ErrMalformed, ErrMalformed},
		{"an SHA-256 where SHA-1 is due", keldairScheme, "keldair-secret", header("X-KeldairHR-Auth", hexMAC), keldairBody, kitTime, ErrMalformed, ErrMalformed},
		{"base64 in the other alphabet", keldairScheme, "keldair-secret", header("X-KeldairHR-Auth", "-ywbUZXoIE9gnUiabWLX438FS5E="), keldairBody, kitTime, ErrMalformed, ErrMalformed},

		{"on time", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(0), nil, nil},
		{"as old as is tolerated", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(5 * time.Minute), nil, nil},
		{"older by a nanosecond", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(5*time.Minute + 1), nil, ErrExpired},
		{"as far ahead as is tolerated", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(-5 * time.Minute), nil, nil},
		{"further ahead by a nanosecond", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(-5*time.Minute - 1), nil, ErrExpired},
		{"stale by years", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, at(200 * 365 * 24 * time.Hour), nil, ErrExpired},
		{"at the zero time", kitScheme, "kit-secret", kit(kitMAC, stamp), kitBody, time.Time{}, nil, ErrExpired},
		{"a stale one that is forged", kitScheme, "kit-secret", kit(hexMAC, stamp), kitBody, at(time.Hour), nil, ErrMismatch},
		{"a future one that is forged", kitScheme, "kit-secret", kit(hexMAC, stamp), kitBody, at(-time.Hour), nil, ErrMismatch},
		{"the timestamp made fresh", kitScheme, "kit-secret", kit(kitMAC, "2025-01-15T15:30:00Z"), kitBody, at(time.Hour), nil, ErrMismatch},
		{"the same instant in another spelling", kitScheme, "kit-secret", kit(kitMAC, "2025-01-15T14:30:00+00:00"), kitBody, at(0), nil, ErrMismatch},
		{"no timestamp", kitScheme, "kit-secret", header("X-Webhook-Signature", kitMAC), kitBody, at(0), ErrMissing, ErrMissing},
		{"a timestamp header without values", kitScheme, "kit-secret", http.Header{"X-Webhook-Signature": {kitMAC}, "X-Webhook-Timestamp": {}}, kitBody, at(0), ErrMissing, ErrMissing},
		{"the timestamp twice", kitScheme, "kit-secret", header("X-Webhook-Signature", kitMAC, "X-Webhook-Timestamp", stamp, "X-Webhook-Timestamp", stamp), kitBody, at(0), ErrMalformed, ErrMalformed},
		{"an empty timestamp", kitScheme, "kit-secret", kit(kitMAC, ""), kitBody, at(0), ErrMalformed, ErrMalformed},
		{"a timestamp that is none", kitScheme, "kit-secret", kit(kitMAC, "yesterday"), kitBody, at(0), ErrMalformed, ErrMalformed},
		{"a timestamp with a blank", kitScheme, "kit-secret", kit(kitMAC, " "+stamp), kitBody, at(0), ErrMalformed, ErrMalformed},
		{"a very long timestamp", kitScheme, "kit-secret", kit(kitMAC, strings.Repeat("1", 1<<20)), kitBody, at(0), ErrMalformed, ErrMalformed},
		{"neither signature nor timestamp is good", kitScheme, "kit-secret", kit("x", "y"), kitBody, at(0), ErrMalformed, ErrMalformed},

		{"no member to sign", keldairScheme, "keldair-secret", vendors()[2].header, `{"id":1}`, kitTime, nil, ErrMalformed},
		{"the member in another case", keldairScheme, "keldair-secret", vendors()[2].header, `{"Data":` + keldairData + `}`, kitTime, nil, ErrMalformed},
		{"the member twice", keldairScheme, "keldair-secret", vendors()[2].header, `{"data":` + keldairData + `,"data":1}`, kitTime, nil, ErrMalformed},
		{"the member escaped beside itself", keldairScheme, "keldair-secret", vendors()[2].header, `{"data":` + keldairData + `,"d\u0061ta":1}`, kitTime, nil, ErrMalformed},
		{"the member escaped alone", keldairScheme, "keldair-secret", vendors()[2].header, `{"d\u0061ta":` + keldairData + `}`, kitTime, nil, ErrMalformed},
		{"the member deeper down", keldairScheme, "keldair-secret", vendors()[2].header, `{"x":{"data":` + keldairData + `}}`, kitTime, nil, ErrMalformed},
		{"a body that is no object", keldairScheme, "keldair-secret", vendors()[2].header, keldairData[1:], kitTime, nil, ErrMalformed},
		{"a body cut behind the member", keldairScheme, "keldair-secret", vendors()[2].header, `{"data":` + keldairData, kitTime, nil, ErrMalformed},
		{"the member with other white space", keldairScheme, "keldair-secret", vendors()[2].header, `{"data":{"id": 7,"lastName":"Doe"}}`, kitTime, nil, ErrMismatch},
		{"the member beside a forged id", keldairScheme, "keldair-secret", vendors()[2].header, `{"id":"forged","data":` + keldairData + `}`, kitTime, nil, nil},

		{"the name in another case", hiresScheme, "hires-secret", header("X-HIRES-signature-v2", hexMAC), hiresBody, kitTime, nil, nil},
		{"a name that only the map has in another case", hiresScheme, "hires-secret", http.Header{"x-hires-signature-v2": {hexMAC}}, hiresBody, kitTime, ErrMissing, ErrMissing},
		{"beside another signature", hiresScheme, "hires-secret", header("X-Hires-Signature", comeetMAC, "X-Hires-Signature-V2", hexMAC), hiresBody, kitTime, nil, nil},
		{"the right MAC in another header", hiresScheme, "hires-secret", header("X-Hires-Signature", hexMAC), hiresBody, kitTime, ErrMissing, ErrMissing},
		{"the second of the other prefixes", hiresScheme, "hires-secret", header("X-Hires-Signature-V2", "sha256 "+hexMAC), hiresBody, kitTime, nil, nil},
		{"two prefixes", hiresScheme, "hires-secret", header("X-Hires-Signature-V2", "sha256=sha256 "+hexMAC), hiresBody, kitTime, ErrMalformed, ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parsed, err := tt.scheme.Parse(tt.header)
			if !errors.Is(err, tt.parse) || (err == nil) != (tt.parse == nil) {
				t.Fatalf("Parse: %v, want %v", err, tt.parse)
			}
			if err != nil && parsed != (Parsed{}) {
				t.Fatalf("parsed %+v beside the error", parsed)
			}
			signed, err := tt.scheme.New([]byte(tt.secret)).Verify(tt.header, []byte(tt.body), tt.now, 0)
			if !errors.Is(err, tt.verify) || (err == nil) != (tt.verify == nil) {
				t.Fatalf("Verify: %v, want %v", err, tt.verify)
			}
			if err != nil && signed != nil {
				t.Fatalf("%d bytes beside the error", len(signed))
			}
		})
	}
}

func flip(s string, i int) string {
	b := []byte(s)
	b[i] ^= 1
	return string(b)
}

// No error says what a header, the secret or the body holds.
func TestErrorsTellNothing(t *testing.T) {
	const (
		secret  = "canary-secret"
		inBody  = "canary-body"
		inValue = "canary-value"
	)
	bodies := []string{
		`{"data":"` + inBody + `"}`, `{"` + inBody + `":1}`, inBody, `{"data":"` + inBody, `{"data":1,"data":"` + inBody + `"}`, `{"d\u0061ta":"` + inBody + `"}`,
	}
	values := []string{inValue, "sha256 " + inValue, strings.Repeat("ca", 32), strings.Repeat("ca", 20), strings.Repeat("canary", 7) + "0", strings.Repeat("canary", 7) + "=", "2025-" + inValue}
	seen := map[error]int{}
	for _, tt := range vendors() {
		for _, body := range bodies {
			for _, value := range values {
				h := http.Header{"Signature": {value}, "X-Kombo-Signature": {value}, "X-Keldairhr-Auth": {value}, "X-Hires-Signature-V2": {value}, "X-Webhook-Signature": {value}, "X-Webhook-Timestamp": {"2025-01-15T14:30:00Z"}}
				late := http.Header{}
				v := tt.scheme.New([]byte(secret))
				_ = v.Sign(late, []byte(body), kitTime)
				stamped := h.Clone()
				stamped.Set("X-Webhook-Timestamp", value)
				twice := h.Clone()
				for name := range twice {
					twice.Add(name, value)
				}
				for _, h := range []http.Header{h, late, stamped, twice, {}} {
					_, err := v.Verify(h, []byte(body), kitTime.Add(time.Hour), 0)
					_, narrow := v.Narrow(h, []byte(body))
					_, parse := tt.scheme.Parse(h)
					for _, err := range []error{err, narrow, parse} {
						if err == nil {
							continue
						}
						for _, cause := range []error{ErrMissing, ErrMalformed, ErrMismatch, ErrExpired} {
							if errors.Is(err, cause) {
								seen[cause]++
							}
						}
						if text := err.Error(); strings.Contains(text, "canary") || strings.Contains(text, "caca") {
							t.Errorf("%s: %s", tt.name, text)
						}
					}
				}
			}
		}
	}
	for _, cause := range []error{ErrMissing, ErrMalformed, ErrMismatch, ErrExpired} {
		if seen[cause] == 0 {
			t.Errorf("no case led to %v", cause)
		}
	}
}

func TestIsExact(t *testing.T) {
	for _, tt := range []struct {
		name   string
		scheme HMAC
		want   bool
	}{
		{"one header, one encoding", komboScheme, true},
		{"the default encoding", comeetScheme, true},
		{"two encodings", keldairScheme, false},
		{"two prefixes", HMAC{Header: "Signature", OtherPrefixes: []string{"x"}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.scheme.IsExact(); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestSigned(t *testing.T) {
	body := []byte(keldairBody)
	if got, err := komboScheme.Signed(body); err != nil || !bytes.Equal(got, body) {
		t.Errorf("the body: %q, %v", got, err)
	}
	got, err := keldairScheme.Signed(body)
	if err != nil || string(got) != keldairData {
		t.Errorf("the member: %q, %v", got, err)
	}
	if len(got) > 0 && (&got[0] != &body[bytes.Index(body, got)] || cap(got) != len(got)) {
		t.Error("the member is a copy, or appending to it writes into the body")
	}
	if got, err := keldairScheme.Signed([]byte(`{}`)); got != nil || !errors.Is(err, ErrMalformed) {
		t.Errorf("no member: %q, %v", got, err)
	}
}

func TestString(t *testing.T) {
	s := HMAC{Header: "X-Sig", OtherPrefixes: []string{"v0="}, Hash: crypto.SHA512, TimestampHeader: "X-Time", Member: "data"}
	if got, want := s.String(), `header X-Sig, prefix "" or "v0=", HMAC-SHA-512 in hex of X-Time + "." + the member "data"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := (Base64URL | PaddedBase64URL | RawBase64).String(), "base64url without padding or base64 without padding or base64url"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	e := &ExpiredError{Skew: -90 * time.Second, Tolerance: time.Minute}
	if got, want := e.Error(), "signature timestamp out of range: 1m30s in the future, at most 1m0s is accepted"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestHeaderValuesIsValues(t *testing.T) {
	long := "X-" + string(repeat('a', 80))
	for _, name := range []string{"Signature", "signature", "X-KeldairHR-Auth", "x-keldairhr-auth", "X-WEBHOOK-SIGNATURE", "x--a-", "-x", "x_y-z", "X-100hires-Signature", "", long} {
		h := http.Header{textproto.CanonicalMIMEHeaderKey(name): {"v"}}
		if got := headerValues(h, name); len(got) != 1 || got[0] != "v" {
			t.Errorf("%q: %q", name, got)
		}
		if got := headerValues(http.Header{"Other": {"v"}}, name); got != nil {
			t.Errorf("%q where it is missing: %q", name, got)
		}
	}
}
