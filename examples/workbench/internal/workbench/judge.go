package workbench

import (
	"cmp"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/atshooks/atshooks/event"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature"
)

// verdict is what the list says of a delivery.
type verdict struct {
	Class string // good, bad or open: how it is marked
	Text  string
}

// other is the provider of deliveries that are not recognized, where secrets are
// kept.
const other = "other"

// secrets are those that deliveries are verified with, by provider. They are
// never shown.
type secrets struct {
	mu sync.Mutex
	by map[string]string
}

func (s *secrets) get(provider string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[cmp.Or(provider, other)]
}

func (s *secrets) set(provider, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.by[provider] = secret
}

// recognize finds out whose a delivery is: the path says so, or the name of the
// header with the signature does.
func recognize(urlPath string, header http.Header) (provider, endpoint string) {
	segments := strings.Split(path.Clean(urlPath), "/")
	var v *vendors.Vendor
	for _, s := range segments {
		if v = vendors.Lookup(s); v != nil {
			break
		}
	}
	if v == nil {
		v = bySignature(header)
	}
	if v == nil {
		return "", ""
	}
	if last := segments[len(segments)-1]; v.TypeInURL() && slices.Contains(v.Types(), last) {
		endpoint = last
	}
	return v.Name(), endpoint
}

func bySignature(header http.Header) *vendors.Vendor {
	for _, v := range vendors.All {
		if _, err := v.Provider.Scheme.Parse(header); err == nil {
			return v
		}
	}
	return nil
}

// judge returns what a handler with the secret makes of a delivery.
func judge(d *delivery, secret string) (vendors.Judgement, summary) {
	v := vendors.Lookup(d.Provider)
	switch {
	case d.TooLarge:
		return vendors.Judgement{}, summary{Verdict: verdict{"bad", "too large"}, Status: http.StatusRequestEntityTooLarge}
	case v == nil:
		return vendors.Judgement{}, summary{Verdict: verdict{"open", "not recognized"}}
	}
	j := v.Judge(secret, d.Endpoint, d.Header, d.Body, d.At)
	s := summary{Verdict: verdictOf(&j, secret), Status: j.Response.Status}
	if j.Delivery != nil {
		s.Type, s.EventID = j.Delivery.Type, j.Delivery.ID
		if j.Verified {
			s.Key = j.Delivery.Key()
		}
	}
	return j, s
}

func verdictOf(j *vendors.Judgement, secret string) verdict {
	switch {
	case secret == "":
		return verdict{"open", "no secret"}
	case errors.Is(j.Err, signature.ErrExpired):
		return verdict{"bad", "too late"}
	case errors.Is(j.Err, signature.ErrMissing):
		return verdict{"bad", "not signed"}
	case !j.Verified:
		return verdict{"bad", "not verified"}
	}
	switch j.Kind {
	case event.KindHandled, event.KindUnhandled:
		if len(j.Drift) > 0 {
			return verdict{"open", "verified, drift"}
		}
		return verdict{"good", "verified"}
	case event.KindUndecodable:
		return verdict{"bad", "does not decode"}
	case event.KindUnreadable:
		return verdict{"bad", "unreadable"}
	case event.KindNoEndpoint:
		return verdict{"bad", "no event in the URL"}
	}
	return verdict{"bad", string(j.Kind)}
}
