// The program inspect is a receiver that prints what arrives: the headers, which
// of them looks like a signature, and the body. Given the secret, it finds out
// how the delivery is signed and prints the Go code for it.
//
//	ATSHOOKS_SECRET=… go run ./examples/inspect
//
// It listens on loopback: let a tunnel bring a vendor's deliveries there. It
// responds 200 to everything and verifies nothing, so it is not a receiver to
// keep; and it prints the deliveries with the personal data in them. The program
// workbench shows the same in a browser.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atshooks/atshooks/examples/internal/show"
	"github.com/atshooks/atshooks/internal/vendors"
	"github.com/atshooks/atshooks/signature/diagnose"
)

// The bounds of what is read and shown, in bytes.
const (
	maxBody  = 1 << 20
	maxShown = 16 << 10
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8081", "where to listen")
	secret := flags.String("secret", "", "the webhook's secret; better in the environment, as ATSHOOKS_SECRET, where no list of processes shows it")
	once := flags.Bool("once", false, "stop after one delivery")
	if err := flags.Parse(args); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	in := &inspector{
		out:    stdout,
		secret: []byte(cmp.Or(*secret, os.Getenv("ATSHOOKS_SECRET"))),
		once:   *once,
		first:  make(chan struct{}),
	}
	server := &http.Server{
		Handler:           in,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	fmt.Fprintf(stdout, "listening on http://%s\n", listener.Addr())
	fmt.Fprintln(stdout, "The response to everything is 200; nothing is verified for you.")
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()

	select {
	case <-ctx.Done():
	case <-in.first:
	case err = <-failed:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(ctx))
}

// inspector prints each request and responds 200.
type inspector struct {
	mu     sync.Mutex // one delivery at a time is printed
	out    io.Writer
	secret []byte
	once   bool
	seen   bool
	first  chan struct{} // closed after the first, if it is to be the only one
}

func (in *inspector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.once && in.seen {
		return
	}
	in.seen = true
	fmt.Fprintf(in.out, "\n%s %s\n", r.Method, show.Printable(r.URL.RequestURI()))
	printHeaders(in.out, r.Header)
	switch {
	case err != nil:
		fmt.Fprintln(in.out, "\nThe body could not be read:", err)
	case len(body) > maxBody:
		fmt.Fprintf(in.out, "\nThe body has more than %d bytes and is not looked at.\n", maxBody)
	default:
		printBody(in.out, body)
		printScheme(in.out, r.Header, body, in.secret)
	}
	if in.once {
		close(in.first)
	}
}

func printHeaders(w io.Writer, h http.Header) {
	likely := diagnose.LikelyHeaders(h)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			mark := "  "
			if slices.Contains(likely, name) {
				mark = "* "
			}
			fmt.Fprintf(w, "%s%s: %s\n", mark, show.Printable(name), show.Printable(value))
		}
	}
	if len(likely) > 0 {
		fmt.Fprintln(w, "* may be a signature")
	} else {
		fmt.Fprintln(w, "No header looks like a signature.")
	}
}

func printBody(w io.Writer, body []byte) {
	shown, how := body, ""
	if len(body) <= maxShown {
		if indented, ok := show.Indent(body); ok && !bytes.Equal(indented, body) {
			shown, how = indented, ", indented here, which the bytes were not"
		}
	}
	fmt.Fprintf(w, "\nbody, %d bytes%s:\n", len(body), how)
	text, cut := show.Cut(shown, maxShown)
	if cut {
		text += "\n…"
	}
	fmt.Fprintln(w, show.Printable(text))
}

func printScheme(w io.Writer, h http.Header, body, secret []byte) {
	if len(bytes.TrimSpace(secret)) == 0 {
		fmt.Fprintln(w, "\nWith the secret, in ATSHOOKS_SECRET or -secret, this program finds out how this is signed.")
		return
	}
	found := diagnose.Detect(h, body, secret)
	if len(found) == 0 {
		fmt.Fprintln(w, "\nNo scheme that is known matches the secret: the delivery was signed with another one, or what arrived is not what was sent.")
		for _, v := range vendors.All {
			if scheme := v.Provider.Scheme; h.Get(scheme.Header) != "" {
				fmt.Fprintf(w, "As a delivery of %s's: %s\n", v.Provider.Name, show.Printable(diagnose.Text(scheme, h, body, time.Now(), 0, secret)))
			}
		}
		return
	}
	for _, d := range found {
		fmt.Fprintf(w, "\nsigned: %s\n", show.Printable(d.String()))
		if d.Beyond == "" {
			fmt.Fprintf(w, "\n\tscheme := %s\n", diagnose.Code(d.Scheme))
		}
	}
	if found[0].Beyond == "" { // those come first
		printUse(w, found[0], h, body, secret)
	}
}

// printUse says how a provider of this module takes that scheme. The header shows
// which provider it is; where none has that header, it is 100Hires', which
// publishes no encoding.
func printUse(w io.Writer, d diagnose.Detection, h http.Header, body, secret []byte) {
	name := "hires100"
	for _, v := range vendors.All {
		if !strings.EqualFold(v.Provider.Scheme.Header, d.Scheme.Header) {
			continue
		}
		name = v.Provider.Name
		if _, err := v.Provider.Scheme.New(secret).Verify(h, body, time.Now(), 0); err == nil {
			fmt.Fprintf(w, "\nPackage %s verifies it as it is: %[1]s.NewHandler(secret, nil)\n", name)
			return
		}
	}
	fmt.Fprintf(w, "\nfor package %s:\n\n\tp := %[1]s.Provider()\n\tp.Scheme = scheme\n\th, err := %[1]s.New(p, secret, nil)\n", name)
}
