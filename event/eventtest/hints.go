package eventtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// hint says what is likely to be wrong with a service that responds so to a
// genuine delivery.
func (s *suite) hint(r *request, resp response) string {
	switch {
	case resp.status == 0:
		return "net/http would cut the connection, and the vendor would send it again"
	case resp.status >= 200 && resp.status <= 299:
		return fmt.Sprintf("%s documents %s as success, and may take any other status for a failure", s.Vendor.Provider.Name, oneOf(s.Vendor.success()))
	case resp.status >= 300 && resp.status <= 399:
		return fmt.Sprintf("it was redirected from %s to %s, and senders do not follow redirects, or turn POST into GET: mind the slash at the end of the pattern, and HTTPS or host redirects in middleware",
			s.path(r.Endpoint), resp.header.Get("Location"))
	case resp.status == http.StatusNotFound:
		return "nothing is mounted at " + s.path(r.Endpoint) + ": is it the right path, with or without the slash at its end?"
	case resp.status == http.StatusMethodNotAllowed:
		return "the route does not allow POST"
	case resp.status == http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("a fixture of %d bytes is over the limit: of the handler, or of http.MaxBytesHandler around it", len(r.Body))
	case resp.status == http.StatusUnsupportedMediaType:
		return "middleware rejects the Content-Type application/json"
	case resp.status == http.StatusForbidden:
		return "middleware may reject requests from elsewhere: a CSRF check, a list of addresses"
	case resp.status == http.StatusUnauthorized || resp.status == http.StatusBadRequest:
		return s.hintAtBody(r, resp)
	case resp.status >= 500:
		return "the callback failed, or the service could not decode the payload: see its log"
	}
	return "a vendor takes this status for a failure"
}

// hintAtBody tries what would be accepted if something before the service had
// changed the body.
func (s *suite) hintAtBody(r *request, rejected response) string {
	const otherwise = "the secret is another one than Config.Secret, the header of the signature does not get through, or the body is changed on its way (middleware that reads, decodes or decompresses it)"
	const veryBytes = "the service must get the bytes that were sent, since they are what is signed"
	if r.provider.Verify != nil {
		return otherwise
	}
	// probe sends the body with the signature of another one.
	probe := func(signed []byte) response {
		p := *r
		p.Header, p.Body = r.Header.Clone(), signed
		if _, err := p.provider.Scheme.Signed(signed); err != nil {
			p.provider.Scheme.Member = "" // there is nothing but the whole to sign
		}
		_ = p.sign(s.Secret) // a scheme without a member signs anything
		p.Body, p.provider = r.Body, r.provider
		resp := s.send("a probe", &p)
		if s.accepted(resp) {
			s.most++
		}
		return resp
	}
	if trimmed := bytes.TrimSpace(r.Body); len(trimmed) < len(r.Body) && s.accepted(probe(trimmed)) {
		return "the blanks around the body are trimmed on its way, by middleware: " + veryBytes
	}
	start, end := r.signedRange()
	for _, again := range reencodings(r.Body[start:end]) {
		if s.accepted(probe(slices.Concat(r.Body[:start], again, r.Body[end:]))) {
			return "the body is decoded and encoded again on its way, by middleware: " + veryBytes
		}
	}
	// Without a body, what was signed as nothing verifies: then the lack of
	// JSON is what is rejected.
	if resp := probe(nil); resp.status != rejected.status && !s.accepted(resp) {
		return "the body was read by middleware that did not put it back: " + veryBytes
	}
	return otherwise
}

// reencodings are what middleware makes of JSON that it decodes and encodes.
func reencodings(data []byte) [][]byte {
	v, err := parse(data)
	var loose any
	if err != nil || json.Unmarshal(data, &loose) != nil {
		return nil
	}
	var all [][]byte
	for _, v := range []any{v, loose} {
		escaped, _ := json.Marshal(v) // what was decoded encodes
		indented, _ := json.MarshalIndent(v, "", "  ")
		for _, b := range [][]byte{write(v), escaped, indented} {
			all = append(all, b, append(bytes.Clone(b), '\n'))
		}
	}
	return all
}

// runsHint says what is likely to be wrong with a service whose callback ran so
// often for a good delivery that was acknowledged.
func (s *suite) runsHint(runs int) string {
	if runs > 1 {
		return "is the handler mounted twice, or called twice by middleware?"
	}
	if s.await(s.least, 3*time.Second); s.Recorder.count() >= s.least {
		s.Inbox = true // so that the other cases say more
		return "its callback ran after the response: if that is meant, since deliveries are stored first, set Config.Inbox"
	}
	return "is there a callback for this type, and does it call Recorder.Ran?"
}

// failureHint says what is likely to be wrong with a service that responds so
// to a delivery whose callback has failed.
func failureHint(resp response) string {
	switch {
	case resp.status == 0:
		return "net/http would cut the connection, which looks like an outage: recover the panic, and respond"
	case resp.status < 400:
		return "the vendor believes it done and does not send it again; does the callback return what Recorder.Ran returned, and does middleware turn errors into success?"
	}
	return "a vendor may take a 4xx as final; does middleware change the status or the body?"
}
