package signature

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"net/http"
	"testing"
)

// Sizes of bodies: a small event, a usual one, one with a description in HTML.
var benchSizes = []struct {
	name string
	size int
}{{"S", 700}, {"M", 4 << 10}, {"L", 1 << 20}}

// benchBodies are many of about that size: one body again and again would only
// measure the caches. Nearly all of each is within data, an object of strings.
func benchBodies(size int) [][]byte {
	bodies := make([][]byte, max(1, min(256, 1<<22/size)))
	for i := range bodies {
		member := fmt.Appendf(nil, `,"note":"%s"`, bytes.Repeat([]byte{'a' + byte(i%26)}, 60))
		bodies[i] = fmt.Appendf(nil, `{"id":%d,"data":{"id":%d%s}}`, i, i, bytes.Repeat(member, size/len(member)))
	}
	return bodies
}

// BenchmarkFloor is what cannot be avoided: a reset hash over the body.
func BenchmarkFloor(b *testing.B) {
	for _, h := range []struct {
		name string
		new  func() hash.Hash
	}{{"SHA256", sha256.New}, {"SHA1", sha1.New}} {
		for _, size := range benchSizes {
			b.Run(h.name+"/"+size.name, func(b *testing.B) {
				bodies := benchBodies(size.size)
				mac := hmac.New(h.new, []byte("secret"))
				var sum [maxMAC]byte
				b.SetBytes(int64(size.size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					mac.Reset()
					mac.Write(bodies[i%len(bodies)])
					mac.Sum(sum[:0])
				}
			})
		}
	}
}

// BenchmarkVerify is from the headers to the verdict.
func BenchmarkVerify(b *testing.B) {
	for _, s := range []struct {
		name   string
		scheme HMAC
	}{{"Comeet", comeetScheme}, {"Kombo", komboScheme}, {"KeldairHR", keldairScheme}, {"100Hires", hiresScheme}, {"Kit", kitScheme}} {
		for _, size := range benchSizes {
			b.Run(s.name+"/"+size.name, func(b *testing.B) {
				v := s.scheme.New([]byte("secret"))
				bodies := benchBodies(size.size)
				headers := make([]http.Header, len(bodies))
				for i, body := range bodies {
					headers[i] = header("Accept", "*/*", "Content-Type", "application/json", "User-Agent", "test", "Content-Length", "700", "X-Request-Id", "1")
					if err := v.Sign(headers[i], body, kitTime); err != nil {
						b.Fatal(err)
					}
				}
				b.SetBytes(int64(size.size))
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, err := v.Verify(headers[i%len(bodies)], bodies[i%len(bodies)], kitTime, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkReject is what a flood of forged deliveries costs, before a body is
// read and after.
func BenchmarkReject(b *testing.B) {
	body := []byte(komboBody)
	v := komboScheme.New([]byte("another secret"))
	for _, c := range []struct {
		name   string
		header http.Header
	}{{"missing", http.Header{}}, {"malformed", spoil(vendors()[1].header)}, {"mismatch", vendors()[1].header}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := komboScheme.Parse(c.header); err == nil {
					_, _ = v.Verify(c.header, body, kitTime, 0)
				}
			}
		})
	}
}
