// The program inspect is a receiver that prints what arrives: the headers, which
// of them looks like a signature, and the body. Given the secret, it finds out
// how the delivery is signed and prints the Go code for it.
//
//	INSPECT_SECRET=… go run ./examples/inspect
//
// It listens on loopback: let a tunnel bring a vendor's deliveries there. It
// answers 200 to everything and verifies nothing, so it is no receiver to keep;
// and what it prints are the deliveries, with the personal data in them.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
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
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/atshooks/atshooks/signature"
)

// The bounds of what is read and shown, in bytes, and of how deeply nested a
// body is indented.
const (
	maxBody   = 1 << 20
	maxShown  = 16 << 10
	maxIndent = 64
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
	addr := flags.String("addr", "127.0.0.1:8080", "where to listen")
	secret := flags.String("secret", "", "the webhook's secret; better in the environment, as INSPECT_SECRET, where no list of processes shows it")
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
		secret: []byte(cmp.Or(*secret, os.Getenv("INSPECT_SECRET"))),
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
	fmt.Fprintln(stdout, "Everything is answered 200; nothing is verified for you.")
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

// inspector prints each request and answers 200.
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
	fmt.Fprintf(in.out, "\n%s %s\n", r.Method, printable(r.URL.RequestURI()))
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
	likely := signature.LikelyHeaders(h)
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			mark := "  "
			if slices.Contains(likely, name) {
				mark = "* "
			}
			fmt.Fprintf(w, "%s%s: %s\n", mark, printable(name), printable(value))
		}
	}
	if len(likely) > 0 {
		fmt.Fprintln(w, "* may be a signature")
	} else {
		fmt.Fprintln(w, "No header looks like a signature.")
	}
}

func printBody(w io.Writer, body []byte) {
	fmt.Fprintf(w, "\nbody, %d bytes:\n", len(body))
	shown := body
	if len(body) <= maxShown && json.Valid(body) && depth(body) <= maxIndent {
		var b bytes.Buffer
		if json.Indent(&b, bytes.TrimSpace(body), "", "  ") == nil {
			shown = b.Bytes()
		}
	}
	rest := ""
	if len(shown) > maxShown {
		shown, rest = shown[:maxShown], "\n…"
	}
	fmt.Fprintf(w, "%s%s\n", printable(string(shown)), rest)
}

// depth is how deeply valid JSON is nested: deep down, each line is indented by
// more than it holds.
func depth(text []byte) int {
	now, deepest, inString := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString = !inString
		case inString && c == '\\':
			i++
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// printable escapes what would do something to a terminal: the sender is a
// stranger.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

func printScheme(w io.Writer, h http.Header, body, secret []byte) {
	if len(bytes.TrimSpace(secret)) == 0 {
		fmt.Fprintln(w, "\nWith the secret, in INSPECT_SECRET or -secret, this program finds out how this is signed.")
		return
	}
	found := signature.Detect(h, body, secret)
	if len(found) == 0 {
		fmt.Fprintln(w, "\nNo scheme that is known matches the secret: it is another's, or what arrived here is not what was sent.")
		return
	}
	for _, d := range found {
		fmt.Fprintf(w, "\nsigned: %s\n", printable(d.String()))
		if d.Expressible() {
			fmt.Fprintf(w, "\n\tscheme := %s\n", d.Code())
		}
	}
	if found[0].Expressible() { // those come first
		fmt.Fprint(w, "\nand for 100Hires:\n\n\th, err := hires100.Config{Scheme: scheme}.NewHandler(secret, nil)\n")
	}
}
