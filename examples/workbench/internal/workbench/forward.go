package workbench

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/atshooks/atshooks/event/eventtest"
	"github.com/atshooks/atshooks/examples/internal/send"
	"github.com/atshooks/atshooks/examples/internal/show"
	"github.com/atshooks/atshooks/internal/vendors"
)

// notForwarded are headers that belong to the connection on which a delivery
// came, or that this program writes itself.
var notForwarded = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func forwardable(h http.Header) http.Header {
	h = h.Clone()
	for _, value := range h.Values("Connection") {
		for name := range strings.SplitSeq(value, ",") {
			h.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range notForwarded {
		h.Del(name)
	}
	return h
}

// forward sends a delivery to a service and keeps the response. If signAgain is
// set it is signed anew, as the provider would now: a service rejects what was
// signed too long ago.
func (s *server) forward(ctx context.Context, d *delivery, target string, signAgain bool) error {
	if d.TooLarge {
		return errors.New("its body was too large to be kept")
	}
	if err := send.CheckTarget(target, s.allowRemote); err != nil {
		return err
	}
	header := forwardable(d.Header)
	if signAgain {
		if err := s.resign(d, header); err != nil {
			return err
		}
	}
	r := send.Post(ctx, s.client, target, header, d.Body)
	if len(r.Body) > maxResponseShown {
		r.Body = slices.Clone(r.Body[:maxResponseShown])
	}
	s.deliveries.addForward(d.ID, forward{time.Now(), target, signAgain, r})
	return nil
}

// resign replaces what was signed in header.
func (s *server) resign(d *delivery, header http.Header) error {
	v, secret := vendors.Lookup(d.Provider), s.secrets.get(d.Provider)
	if v == nil || secret == "" {
		return errors.New("to sign it again, its provider must be known and have a secret here")
	}
	signed, err := v.Sign(eventtest.Draft{Type: d.Type, Body: d.Body, Secret: secret})
	if err != nil {
		return err
	}
	for _, name := range []string{v.Provider.Scheme.Header, v.Provider.Scheme.TimestampHeader} {
		if name != "" {
			header[http.CanonicalHeaderKey(name)] = signed.Header.Values(name)
		}
	}
	return nil
}

// curl is a command that sends a delivery to target.
func curl(d *delivery, target string) string {
	var b strings.Builder
	text := utf8.Valid(d.Body) && !strings.ContainsRune(string(d.Body), 0)
	if !text {
		fmt.Fprintf(&b, "base64 -d <<'END' | ")
	}
	fmt.Fprintf(&b, "curl -i %s", quote(target))
	header := forwardable(d.Header)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			line := name + ": " + value
			if value == "" {
				line = name + ";" // curl's spelling of an empty header
			}
			fmt.Fprintf(&b, " \\\n  -H %s", quote(line))
		}
	}
	if text {
		fmt.Fprintf(&b, " \\\n  --data-raw %s\n", quote(string(d.Body)))
	} else {
		fmt.Fprintf(&b, " \\\n  --data-binary @-\n%s\nEND\n", base64.StdEncoding.EncodeToString(d.Body))
	}
	return b.String()
}

// quote makes one word of text in a shell. Text that would do something to a
// terminal is escaped in the way of bash and zsh.
func quote(text string) string {
	if show.Printable(text) == text {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	var b strings.Builder
	b.WriteString("$'")
	for _, c := range []byte(text) {
		if c == '\'' || c == '\\' || c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\x%02x`, c)
			continue
		}
		b.WriteByte(c)
	}
	b.WriteString("'")
	return b.String()
}
