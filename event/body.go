package event

import (
	"errors"
	"io"
	"net/http"
)

// Content-Length is untrusted: start with a small buffer and grow it as data
// arrives.
const (
	wholeBody     = 8 << 10    // a body declared to be smaller gets one buffer that fits
	firstDeclared = 4<<10 + 64 // a larger one starts with this, from which grow reaches 1 MiB without a remainder
	firstUnknown  = 512        // one of unknown length starts with this
	extraDeclared = 64 << 10   // beyond twice what has arrived, if so much was declared
)

var (
	errNoBody     = errors.New("the request has no body")
	errBodyBroken = errors.New("the body broke off before its end: the sender hung up, or a proxy timed out")
)

// readBody reads the whole body, at most maxBody bytes.
func (h *Handler) readBody(r *http.Request) ([]byte, outcome) {
	if r.Body == nil { // net/http's server always sets one
		return nil, fail(KindUnreadable, errNoBody)
	}
	b, err := readAll(r.Body, r.ContentLength, h.maxBody)
	if err == nil {
		return b, outcome{}
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok || errors.Is(err, ErrTooLarge) {
		return nil, fail(KindTooLarge, ErrTooLarge)
	}
	return nil, fail(KindUnreadable, errBodyBroken)
}

// readAll reads r to its end, or fails with ErrTooLarge after limit bytes.
func readAll(r io.Reader, declared, limit int64) ([]byte, error) {
	size := int64(firstUnknown)
	switch {
	case declared >= wholeBody:
		size = firstDeclared
	case declared >= 0:
		size = declared + 1 // the extra byte lets the final Read return io.EOF without growing
	}
	b := make([]byte, 0, size)
	for {
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case int64(len(b)) > limit:
			return nil, ErrTooLarge
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		case len(b) == cap(b):
			b = grow(b, declared, limit)
		}
	}
}

// grow makes room for more: twice what has arrived, and some more if so much
// was declared, but never more than was declared or is accepted.
func grow(b []byte, declared, limit int64) []byte {
	have := int64(len(b))
	size := 2 * have
	if declared >= have {
		size = min(size+extraDeclared, declared+1)
	}
	if limit < size { // not limit+1: it may overflow
		size = limit + 1
	}
	size = max(size, have+1)
	return append(make([]byte, 0, size), b...)
}
