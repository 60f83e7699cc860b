package event

import "net/http"

// Kind says in one word what became of a delivery. It is fit for a metric's label.
type Kind string

// The kinds. The package's documentation lists the responses.
const (
	KindHandled        Kind = "handled"         // the callback returned nil
	KindIgnored        Kind = "ignored"         // the callback returned Ignore
	KindPermanent      Kind = "permanent"       // the callback returned Permanent
	KindUnhandled      Kind = "unhandled"       // its type has no callback
	KindInvalidHandled Kind = "invalid_handled" // it could not be read, and OnInvalid took it
	KindDuplicate      Kind = "duplicate"       // it was completed or stored before
	KindStored         Kind = "stored"          // the inbox has it
	KindBadMethod      Kind = "bad_method"      // the method was not POST
	KindTooLarge       Kind = "too_large"       // larger than the handler or the inbox accepts
	KindUnverified     Kind = "unverified"      // the signature does not verify, or the tenant is unknown
	KindUnreadable     Kind = "unreadable"      // signed, but not a JSON object with a type; or the body broke off
	KindUndecodable    Kind = "undecodable"     // signed, but the payload does not decode or lacks an id
	KindInFlight       Kind = "in_flight"       // the same delivery is being handled
	KindUnavailable    Kind = "unavailable"     // store, inbox or secrets failed, or the callback returned RetryAfter
	KindFailed         Kind = "failed"          // the callback returned another error
	KindPanicked       Kind = "panicked"        // the callback, the encoding of its response, or Provider.Verify panicked
	KindRejected       Kind = "rejected"        // the callback returned a Rejection
	KindNoEndpoint     Kind = "no_endpoint"     // the provider's URLs name the event type, and this one does not
)

// status is the table of responses. 200 and not 202 or 204, because providers
// ask for it by name; 503 and not 409, because a sender may take 4xx as final.
// A synchronous provider takes 200 as success, so nothing else gets it there.
func (k Kind) status(synchronous bool) int {
	switch k {
	case KindHandled, KindDuplicate, KindStored:
		return http.StatusOK
	case KindIgnored, KindPermanent, KindInvalidHandled:
		if synchronous {
			return http.StatusUnprocessableEntity
		}
		return http.StatusOK
	case KindUndecodable:
		if synchronous {
			return http.StatusUnprocessableEntity
		}
		return http.StatusInternalServerError // a deploy may mend it
	case KindUnhandled:
		if synchronous {
			return http.StatusNotImplemented
		}
		return http.StatusOK
	case KindBadMethod:
		return http.StatusMethodNotAllowed
	case KindTooLarge:
		return http.StatusRequestEntityTooLarge
	case KindUnverified:
		return http.StatusUnauthorized
	case KindUnreadable:
		return http.StatusBadRequest
	case KindInFlight, KindUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
