package workload

import (
	"bytes"
	"fmt"
	"net/http"
)

// Sender sends requests to a handler as net/http would, without net/http's
// cost. It is for one goroutine.
type Sender struct {
	Read int // how many bytes of the last request's body were read

	request http.Request
	body    bytes.Reader
	header  http.Header // of the response
	status  int
}

// NewSender makes a sender.
func NewSender() *Sender {
	return &Sender{
		request: http.Request{Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1},
		header:  make(http.Header),
	}
}

// Send sends one request, and panics if h responds with another status.
func (s *Sender) Send(h http.Handler, q *Request, status int) {
	s.body.Reset(q.Body)
	s.status, s.Read = 0, 0
	clear(s.header)
	s.request.Header, s.request.Body, s.request.ContentLength = q.Header, requestBody{s}, int64(len(q.Body))
	h.ServeHTTP(response{s}, &s.request)
	if s.status != status {
		panic(fmt.Sprintf("the response is %d, want %d", s.status, status))
	}
}

type requestBody struct{ s *Sender }

func (b requestBody) Close() error { return nil }

func (b requestBody) Read(p []byte) (int, error) {
	n, err := b.s.body.Read(p)
	b.s.Read += n
	return n, err
}

type response struct{ s *Sender }

func (r response) Header() http.Header               { return r.s.header }
func (r response) WriteHeader(status int)            { r.s.status = status }
func (r response) Write(p []byte) (int, error)       { return len(p), nil }
func (r response) WriteString(s string) (int, error) { return len(s), nil }
