package main

// mutants break each check of a scheme, each row of the table of responses,
// each part of a key, each transition of a claim and each rule of an envelope.
var mutants = []mutant{
	// Schemes.
	{"signature/verifier.go", `equal := hmac.Equal(p.mac[:p.size], st.compute(p.timestamp, signed))`, `equal := hmac.Equal(p.mac[:p.size-1], st.compute(p.timestamp, signed)[:p.size-1])`, "the last byte of the MAC is not compared"},
	{"signature/verifier.go", `case last != nil && len(last) == len(signed), !v.match(p, signed):`, `case false:`, "a MAC that does not match is accepted"},
	{"signature/verifier.go", `if last != nil && v.match(p, last) {`, `if last != nil {`, "a signed member that is the last one needs no MAC"},
	{"signature/verifier.go", `if skew.Abs() > limit {`, `if skew > limit {`, "a timestamp may be in the future"},
	{"signature/verifier.go", `st.mac.Write(st.scratch[:n+1])`, `st.mac.Write(st.scratch[:n])`, "the timestamp is signed without its full stop"},
	{"signature/encoding.go", `	if len(text) != c.encodedLen(size) {
		return false
	}
`, ``, "a MAC may be followed by line breaks"},
	{"signature/encoding.go", `base64.StdEncoding.Strict()`, `base64.StdEncoding`, "base64 may end in other bits"},
	{"signature/timestamp.go", `hour > 23 ||`, `hour > 24 ||`, "a timestamp may have the hour 24"},
	{"internal/jsonscan/jsonscan.go", `		if found != nil {
			return nil, ErrTwice
		}
`, ``, "the signed member may appear twice"},
	{"internal/jsonscan/jsonscan.go", `			return o.fail(ErrEscapedName)`, `			o.i++`, "a name may have an escape"},

	// Secrets.
	{"event/options.go", `case strings.IndexFunc(s, unicode.IsControl) >= 0:`, `case false:`, "a secret may have control characters"},
	{"event/secret.go", `!errors.Is(err, signature.ErrMismatch)`, `true`, "previous secrets are not tried"},
	{"event/secret.go", `now.Before(until)`, `now.Before(until) && false`, "an unknown tenant is looked up each time"},

	// Rejections before the body is read.
	{"event/pipeline.go", `case r.ContentLength > h.maxBody:`, `case false:`, "a declared length over the limit is read"},
	{"event/body.go", `case int64(len(b)) > limit:`, `case false:`, "a body over the limit is read"},
	{"event/pipeline.go", `	return fail(KindUnverified, hdr.err)
}`, `	return outcome{}
}`, "a body is read although its signature header is malformed"},
	{"event/pipeline.go", `		w.Header()["Connection"] = connectionClose`, ``, "a connection stays open with a body left in it"},

	// Envelopes.
	{"event/envelope.go", `			if seen&(1<<i) != 0 {
				return members{}, fmt.Errorf("member %q: %w", w.name, jsonscan.ErrTwice)
			}
`, ``, "a wanted member may appear twice"},
	{"event/envelope.go", `bytes.EqualFold(o.Name(), []byte(w.name))`, `false`, "a member's name may appear in another case"},
	{"event/envelope.go", `len(text) > maxName`, `false`, "an id may be of any length"},
	{"event/pipeline.go", `if got := header.Get(name); got != "" && got != typ {`, `if got := header.Get(name); got != "" && got == typ {`, "an unsigned header that contradicts the body is not reported"},
	{"event/pipeline.go", `			h.payloadNotLast.Store(true)`, ``, "a payload that is not the last member is tried first each time"},
	{"event/decode.go", `case payload != nil && string(payload) != "null":`, `case true:`, "an absent payload decodes"},

	// Keys.
	{"event/delivery.go", `	writePart(h, []byte(d.Handler))
`, ``, "the key lacks the handler"},
	{"event/delivery.go", `	writePart(h, []byte(d.Tenant))
`, ``, "the key lacks the tenant"},
	{"event/delivery.go", `		writePart(h, []byte(d.Type))
`, ``, "the key lacks the type"},
	{"event/delivery.go", `		writePart(h, []byte(d.ID))
`, ``, "the key lacks the id"},
	{"event/delivery.go", `	h.Write(n[:])
`, ``, "the parts of a key run together"},
	{"event/pipeline.go", `d.idIsSigned = p.secret >= 0 && h.provider.Scheme.Member == ""`, `d.idIsSigned = true`, "an unsigned id decides what a duplicate is"},

	// Responses.
	{"event/kind.go", `	case KindHandled, KindDuplicate, KindStored:`, `	case KindHandled, KindStored:`, "a duplicate is not acknowledged"},
	{"event/kind.go", `		return http.StatusUnauthorized`, `		return http.StatusForbidden`, "a forgery is answered 403"},
	{"event/kind.go", `		return http.StatusServiceUnavailable`, `		return http.StatusConflict`, "a delivery in flight is answered 409"},
	{"event/kind.go", `		return http.StatusNotImplemented`, `		return http.StatusOK`, "a missing callback is a success where a person waits"},
	{"event/kind.go", `	return http.StatusInternalServerError
}`, `	return http.StatusOK
}`, "a failed callback is acknowledged"},
	{"event/kind.go", `		return http.StatusBadRequest`, `		return http.StatusOK`, "a body without an envelope is acknowledged"},
	{"event/kind.go", `return http.StatusInternalServerError // a deploy may mend it`, `return http.StatusOK`, "a payload that does not decode is acknowledged"},
	{"event/response.go", `		h["Allow"] = allowPost
`, ``, "405 comes without Allow"},
	{"event/error.go", `v, err = zero, &PanicError{p, debug.Stack(), in}`, `_, v, err = debug.Stack(), zero, nil`, "a panic is a success"},
	{"event/error.go", `		return in + " panicked: " + cause.Error()
	}
	return in + " panicked"`, `		return in + " panicked: " + cause.Error()
	}
	return fmt.Sprint(in, " panicked: ", e.Value)`, "an error holds the value of a panic"},

	// Claims.
	{"event/store.go", `h.responseStatus(o) == http.StatusOK {`, `h.responseStatus(o) >= http.StatusOK {`, "a failed delivery is completed"},
	{"event/store.go", `h.responseStatus(o) == http.StatusOK {`, `h.responseStatus(o) < http.StatusOK {`, "a completed delivery is released"},
	{"event/store.go", `	case errors.Is(err, ErrInFlight):
		return "", fail(KindInFlight, ErrInFlight)
`, ``, "a delivery in flight is a failure of the store"},
	{"event/store.go", `		timer.Reset(lease / 3)
`, ``, "a claim is renewed once only"},
	{"event/memorystore.go", `c.token != token ||`, ``, "any token closes a claim"},
	{"event/memorystore.go", `now.Before(c.expires) {
		if`, `true {
		if`, "a lease never lapses"},
	{"event/memorystore.go", `c.token, c.expires = "", now.Add(m.window)`, `c.expires = now.Add(m.window)`, "a committed key is still in flight"},
}
