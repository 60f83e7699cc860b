package workload

import (
	"bytes"
	"crypto/hmac"
	"fmt"
	"net/http"
)

// HMAC returns what only computes the MAC of the i-th request: physics, with a
// hash that is reset.
func (l *Load) HMAC() func(i int) {
	mac := hmac.New(l.hash().New, []byte(Secret))
	sum := make([]byte, 0, mac.Size())
	return func(i int) {
		q := &l.Requests[i%len(l.Requests)]
		mac.Reset()
		mac.Write(q.stamp)
		mac.Write(q.Signed)
		mac.Sum(sum)
	}
}

// Decode returns what only decodes the payload of the i-th request, with one
// call of json.Unmarshal into the type that callbacks get.
func (l *Load) Decode() func(i int) {
	return func(i int) {
		if _, err := l.kind.decode(l.Requests[i%len(l.Requests)].Payload); err != nil {
			panic(err)
		}
	}
}

// Floor returns what no receiver can be below: the MAC and the decoding.
func (l *Load) Floor() func(i int) {
	mac, decode := l.HMAC(), l.Decode()
	return func(i int) { mac(i); decode(i) }
}

// Verify returns what verifies the i-th request, from its headers on.
func (l *Load) Verify() func(i int) {
	return func(i int) {
		q := &l.Requests[i%len(l.Requests)]
		if _, err := l.verifier.Verify(q.Header, q.Body, l.Now, 0); err != nil {
			panic(err)
		}
	}
}

// Serve returns what sends the i-th request to h, which has to answer with
// that status. Nothing of it allocates.
func (l *Load) Serve(h http.Handler, status int) func(i int) {
	s := NewSender()
	return func(i int) {
		s.Send(h, &l.Requests[i%len(l.Requests)])
		if s.Status != status {
			panic(fmt.Sprintf("%s %s: answered %d, want %d", l.Vendor, l.Size.Name, s.Status, status))
		}
	}
}

// Sender sends requests to a handler as net/http would, without net/http's
// cost. It is for one goroutine.
type Sender struct {
	Request http.Request // what all requests have in common
	Status  int          // of the answer to the last one
	Read    int          // how many bytes of its body were read

	header http.Header
	body   bytes.Reader
}

// NewSender makes a sender of POST requests.
func NewSender() *Sender {
	return &Sender{
		Request: http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1},
		header:  make(http.Header),
	}
}

// Send sends one request.
func (s *Sender) Send(h http.Handler, q *Request) {
	s.body.Reset(q.Body)
	s.Status, s.Read = 0, 0
	clear(s.header)
	s.Request.Header, s.Request.Body, s.Request.ContentLength = q.Header, requestBody{s}, int64(len(q.Body))
	h.ServeHTTP(responseWriter{s}, &s.Request)
}

type requestBody struct{ *Sender }

func (b requestBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.Sender.Read += n
	return n, err
}

func (requestBody) Close() error { return nil }

type responseWriter struct{ *Sender }

func (w responseWriter) Header() http.Header         { return w.header }
func (w responseWriter) WriteHeader(status int)      { w.Status = status }
func (w responseWriter) Write(p []byte) (int, error) { return len(p), nil }
