package workbench

import (
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/atshooks/atshooks/internal/vendors"
)

// maxBody is the size of the largest delivery, in bytes.
const maxBody = 1 << 20

// receiver takes deliveries. It has an address of its own, so that a tunnel to
// it does not show the page.
type receiver struct {
	deliveries *deliveries
	secrets    *secrets
	acceptAll  bool
	save       func(delivery)
	busy       chan struct{} // bounds the bodies in memory that are not counted yet
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case rc.busy <- struct{}{}:
		defer func() { <-rc.busy }()
	case <-r.Context().Done():
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		_, _ = io.WriteString(w, "The workbench receives deliveries here. Its page has another address.\n")
		return
	}
	d := delivery{At: time.Now(), Method: r.Method, URI: r.URL.RequestURI(), Header: r.Header}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return // the sender has gone
	}
	if d.TooLarge = len(body) > maxBody; !d.TooLarge {
		d.Body = body
	}
	d.Provider, d.Endpoint = recognize(r.URL.Path, r.Header)
	secret := rc.secrets.get(d.Provider)
	var j vendors.Judgement
	j, d.summary = judge(&d, secret)
	d.ID = rc.deliveries.add(d)
	if rc.save != nil {
		rc.save(d)
	}
	rc.respond(w, &d, j, secret)
}

// respond responds as a handler with the secret would, so that near misses can
// be tried here. Without a secret everything is accepted.
func (rc *receiver) respond(w http.ResponseWriter, d *delivery, j vendors.Judgement, secret string) {
	switch {
	case d.TooLarge:
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	case rc.acceptAll || secret == "" || d.Provider == "" || j.Response.Status == 0:
		_, _ = io.WriteString(w, "{}")
	default:
		maps.Copy(w.Header(), j.Response.Header)
		w.WriteHeader(j.Response.Status)
		_, _ = w.Write(j.Response.Body)
	}
}
