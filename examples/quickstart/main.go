// The program quickstart is a receiver of the webhooks of all vendors. It
// listens on loopback, sends itself one signed delivery of every event that
// this library knows, as the vendor would, and prints what the typed callbacks
// saw.
//
//	go run ./examples/quickstart
//
// With -serve it keeps listening, and prints commands to send it more.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"time"

	"github.com/atshooks/atshooks/event"
)

func main() {
	serve := flag.Bool("serve", false, "keep listening afterwards, and print curl commands to try")
	addr := flag.String("addr", "127.0.0.1:0", "where to listen, on loopback")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *addr, *serve); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, stdout io.Writer, addr string, serve bool) error {
	out := &printer{w: stdout, seen: map[string]bool{}}
	receivers, err := newReceivers(out)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	for _, r := range receivers {
		r.mount(mux)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	// Slow senders are the server's business: without these timeouts each
	// keeps a connection for as long as it likes.
	server := &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()

	err = deliver(ctx, out, base, receivers)
	if err == nil && serve {
		printCommands(stdout, base, receivers)
		select {
		case <-ctx.Done():
		case err = <-failed:
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, server.Shutdown(ctx))
}

// deliver sends one signed delivery of every event and prints a summary.
func deliver(ctx context.Context, out *printer, base string, receivers []receiver) error {
	sent, accepted := 0, 0
	var unseen []string
	for _, r := range receivers {
		for _, typ := range r.vendor.Types() {
			status, err := r.send(ctx, base, typ)
			if err != nil {
				return err
			}
			sent++
			if !out.has(r.name, typ) {
				unseen = append(unseen, r.name+" "+typ)
			}
			if status == http.StatusOK {
				accepted++
			} else {
				fmt.Fprintf(out.w, "%s %s was answered %d\n", r.name, typ, status)
			}
		}
	}
	fmt.Fprintf(out.w, "\n%d vendors, %d signed deliveries sent, %d answered 200, %d seen by typed callbacks.\n",
		len(receivers), sent, accepted, sent-len(unseen))
	switch {
	case len(unseen) > 0:
		return fmt.Errorf("no callback in receivers.go saw %s", strings.Join(unseen, ", "))
	case accepted != sent:
		return errors.New("not every delivery was answered 200")
	}
	return nil
}

// send posts the fixture of one event with the headers that the vendor would
// send now.
func (r receiver) send(ctx context.Context, base, typ string) (status int, err error) {
	body := r.vendor.Body(typ)
	signed := event.Request{Body: body}
	if err := r.handler.Sign(ctx, &signed); err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+r.path(typ), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = signed.Header
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// printCommands prints a curl command for each vendor, signed as the vendor
// would sign now. Kit's carries a time: it is good for five minutes.
func printCommands(w io.Writer, base string, receivers []receiver) {
	fmt.Fprintf(w, "\nListening on %s until interrupted. To send more:\n", base)
	for _, r := range receivers {
		typ := r.vendor.Types()[0]
		body := []byte(r.try)
		signed := event.Request{Body: body}
		if err := r.handler.Sign(context.Background(), &signed); err != nil {
			fmt.Fprintln(w, err)
			continue
		}
		fmt.Fprintf(w, "\ncurl -i -X POST %s%s -H 'Content-Type: application/json'", base, r.path(typ))
		for name, values := range signed.Header {
			fmt.Fprintf(w, " \\\n  -H '%s: %s'", name, strings.Join(values, ", "))
		}
		fmt.Fprintf(w, " \\\n  -d '%s'\n", body)
	}
}

// printer prints one aligned line for what a callback saw.
type printer struct {
	mu   sync.Mutex
	w    io.Writer
	seen map[string]bool // by vendor and event
}

// saw is called by callbacks; the delivery of ctx says which vendor and event it is.
func (p *printer) saw(ctx context.Context, format string, args ...any) error {
	d, ok := event.FromContext(ctx)
	if !ok {
		return errors.New("not called as a callback")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[d.Provider+" "+d.Type] = true
	_, err := fmt.Fprintf(p.w, "%-9s %-36s %s\n", d.Provider, d.Type, fmt.Sprintf(format, args...))
	return err
}

func (p *printer) has(vendor, typ string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen[vendor+" "+typ]
}
