package comeet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/atshooks/atshooks/event"
)

// Errors of a download, besides that of its context.
var (
	// ErrLinkExpired is for a link that stopped working before the download was
	// complete.
	ErrLinkExpired = errors.New("the link has expired")
	// ErrTooLarge is for a file of more than DownloadOptions.MaxBytes.
	ErrTooLarge = errors.New("larger than DownloadOptions.MaxBytes")
	// ErrPrivateAddress is for a link or a redirect into a private network or to
	// this machine.
	ErrPrivateAddress = errors.New("not a public address; DownloadOptions.InsecureClient can go there")
)

// DownloadOptions are the settings of a download. Nil and the zero value suit
// most services.
type DownloadOptions struct {
	// MaxBytes is the size of the largest file that is accepted; 0 is 20 MiB.
	MaxBytes int64
	// InsecureClient makes the request in place of the default client, for
	// services that need a proxy or fetch from their own network. The default
	// client uses no proxy and connects only to public addresses, even when
	// redirected; this one goes wherever it is sent.
	InsecureClient *http.Client
}

const defaultMaxBytes = 20 << 20

// download gets what a link leads to, while it works. expires may be nil.
func download(ctx context.Context, what, link string, expires func(time.Time) time.Time, opts *DownloadOptions) ([]byte, error) {
	if expires != nil {
		received := time.Now()
		if d, ok := event.FromContext(ctx); ok {
			received = d.ReceivedAt
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, expires(received), ErrLinkExpired)
		defer cancel()
	}
	if opts == nil {
		opts = &DownloadOptions{}
	}
	content, err := opts.get(ctx, link)
	if err != nil {
		return nil, fmt.Errorf("comeet: the %s was not downloaded: %w", what, err)
	}
	return content, nil
}

// get requests the link and returns the body of a 200.
func (o *DownloadOptions) get(ctx context.Context, link string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil || req.URL.Host == "" {
		return nil, errors.New("there is no link, or it is malformed")
	}
	client := o.InsecureClient
	if client == nil {
		client = publicClient()
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, failure(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server responded with status %d", resp.StatusCode)
	}
	limit := o.MaxBytes
	if limit == 0 {
		limit = defaultMaxBytes
	}
	content, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, limit))
	if err != nil {
		return nil, failure(ctx, err)
	}
	return content, nil
}

// failure says why a request failed. The client's own errors quote the link, and
// anyone who has it can follow it.
func failure(ctx context.Context, err error) error {
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	network, isNetwork := errors.AsType[*net.OpError](err)
	certificate, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case tooLarge:
		return ErrTooLarge
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case isNetwork:
		return network
	case isCertificate:
		return certificate
	}
	return errors.New("the request failed, or the response broke off")
}

// publicClient returns a client for one request that connects to public
// addresses only. The address is checked when it is dialed, so that neither a
// redirect nor a name that resolves to something else meanwhile gets past it.
func publicClient() *http.Client {
	dialer := &net.Dialer{Control: publicOnly}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // an IPv4 address in the last 4 bytes, RFC 6052
	sixToFour = netip.MustParsePrefix("2002::/16")    // an IPv4 address after the first 2 bytes, RFC 3056

	// internal are addresses of networks that net/netip does not call private.
	internal = []netip.Prefix{
		netip.MustParsePrefix("100.64.0.0/10"),   // within an internet provider, RFC 6598
		netip.MustParsePrefix("64:ff9b:1::/48"),  // of a local NAT64, RFC 8215
		netip.MustParsePrefix("::/96"),           // with an IPv4 address in them, RFC 4291
		netip.MustParsePrefix("::ffff:0:0:0/96"), // the same, of a translator, RFC 2765
	}
)

// reached is the address that a gateway makes of addr, or addr itself.
func reached(addr netip.Addr) netip.Addr {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16]))
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	return addr
}

// publicOnly, a net.Dialer's Control, rejects addresses that are not public.
func publicOnly(_, address string, _ syscall.RawConn) error {
	addrPort, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrPrivateAddress
	}
	addr := reached(addrPort.Addr().Unmap())
	isInternal := slices.ContainsFunc(internal, func(p netip.Prefix) bool { return p.Contains(addr) })
	if isInternal || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return ErrPrivateAddress
	}
	return nil
}
