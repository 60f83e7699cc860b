// Package send posts deliveries to a service under development, on this machine
// unless told otherwise: a test that goes to a vendor's or a customer's endpoint
// by mistake makes real hires.
package send

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// maxResponse is how much of a response's body is kept, in bytes.
const maxResponse = 64 << 10

// timeout is how long one request may take.
const timeout = 30 * time.Second

var errRemote = errors.New("that is not on this machine; -allow-remote sends there all the same")

// CheckTarget rejects what is not an http or https URL and, unless allowRemote
// is set, URLs of other machines.
func CheckTarget(target string, allowRemote bool) error {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("the target is not an http or https URL")
	}
	if allowRemote || u.Hostname() == "localhost" {
		return nil
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("%s: %w", u.Hostname(), errRemote)
}

// NewClient returns a client that follows no redirects and uses no proxy: both
// would take a delivery elsewhere. Unless allowRemote is set, it connects to
// loopback addresses only, whatever a name resolves to. connections is how many
// requests are sent at once.
func NewClient(allowRemote bool, connections int) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !allowRemote {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if a, err := netip.ParseAddrPort(address); err != nil || !a.Addr().Unmap().IsLoopback() {
				return errRemote
			}
			return nil
		}
	}
	return &http.Client{
		Timeout:       timeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: connections, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Response is what came back for one request.
type Response struct {
	Code   int    // 0 if there was no response
	Status string // such as "200 OK", or why there was no response
	Header http.Header
	Body   []byte // at most the first 64 KiB
	Took   time.Duration
}

// Post sends one delivery.
func Post(ctx context.Context, client *http.Client, target string, header http.Header, body []byte) Response {
	began := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return Response{Status: "not sent: " + err.Error()}
	}
	req.Header = header.Clone()
	resp, err := client.Do(req)
	if err != nil {
		return Response{Status: "no response: " + cause(err).Error(), Took: time.Since(began)}
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxResponse))
	return Response{Code: resp.StatusCode, Status: resp.Status, Header: resp.Header, Body: text, Took: time.Since(began)}
}

// cause is what net/http says without the URL, which everyone knows.
func cause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
